"""The database that is merged into: written to only while every other writer of this package is kept out."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telemetry_store import Settings, TelemetryStore
from telemetry_store.engines.sqlite.open import Access, Connection, connect, translating

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How long to wait for others that write to the database, in seconds.
TIMEOUT = 60.0
#: The log is brought into the database once, when the store is closed. Foreign keys are counted, not enforced, since
#: old ones may lead nowhere.
_SETTINGS = ("synchronous = FULL", "wal_autocheckpoint = 0", "foreign_keys = 0", "cache_size = -64000")


def _store(database: str) -> TelemetryStore:
    return TelemetryStore(settings=Settings(database=database, drain_interval=0))


def prepare(database: str, timeout: float) -> None:
    """Bring in what waits in the spool, and make the system tables: that is the state before the merge."""
    with _store(database) as store:
        store.tidy(timeout)
        with store.transaction(timeout):
            pass


@contextlib.contextmanager
def writing(database: str, timeout: float) -> Iterator[Connection]:
    """A connection for one transaction, after a drain; what the block has not committed is undone."""
    with _store(database) as store:
        store.tidy(timeout)
        with (
            store.exclusive(timeout),
            translating(database),
            contextlib.closing(connect(database, Access.WRITE, timeout)) as connection,
        ):
            for setting in _SETTINGS:
                connection.execute(f"PRAGMA {setting}")
            yield connection

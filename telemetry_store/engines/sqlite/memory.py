"""The memory sink: the same tables in a database that lives as long as this object, for tests."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite.query import run_on
from telemetry_store.engines.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from telemetry_store.engines.sqlite.transaction import SqliteTransaction
    from telemetry_store.result import Result


class MemorySink(SqliteSink):
    """Rows in memory; one connection for everything, so that nothing is ever closed before this object goes."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self._lock = threading.RLock()

    def _open(self) -> sqlite3.Connection:
        return self._connect(self.path)

    @contextlib.contextmanager
    def transaction(self, wait: float) -> Iterator[SqliteTransaction]:
        with self._lock, super().transaction(wait) as transaction:
            yield transaction

    def settle(self, *, force: bool) -> bool:  # noqa: ARG002 - there is no log
        return True

    def durable_cursors(self) -> dict[str, int]:
        with self._lock:
            return dict(self._current().execute("SELECT segment, offset FROM _cursors"))

    def query(self, sql: str, parameters: Any, wait: float) -> Result:
        with self._lock:
            return run_on(self._current(), sql, parameters, self.path, wait)

    def close(self) -> None:
        """Nothing to let go of: the database would be gone."""

    def abandon(self) -> None:
        """The child of a fork goes on with its own copy of the memory."""
        self._lock = threading.RLock()

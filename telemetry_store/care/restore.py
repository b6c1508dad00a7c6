"""A backup put in the place of a database, with the drain lock held, and the old database kept beside it.

A database that can be opened is overwritten in one transaction, so that programs that have it open go on with what was
restored; one that cannot be opened is moved aside. Segments that wait in the spool are drained afterwards, each from
the offset that the backup has of it: nothing that is in the backup is stored twice.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from telemetry_store.care.backup import check, contents, copy, describe, raw, transfer
from telemetry_store.care.unfinished import mode_of, unfinished
from telemetry_store.drain import Drain
from telemetry_store.engines.sqlite.migrations import pending
from telemetry_store.engines.sqlite.open import translated
from telemetry_store.engines.sqlite.query import read_only
from telemetry_store.engines.sqlite.sink import SqliteSink
from telemetry_store.errors import BackupFailed, DatabaseBusy, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry_store.care.backup import Contents
    from telemetry_store.settings import Settings

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done.

    Attributes:
        database: path of the database.
        rows: table → rows, as they came from the backup.
        aside: where the old database is, or None when there was none.
        drained: events that waited in the spool and are stored in the restored database now.
    """

    database: str
    rows: dict[str, int]
    aside: str | None
    drained: int


def restore(settings: Settings, file: str, *, force: bool = False, wait: float = 10.0,
            clock: Callable[[], float] = time.time) -> Restored:  # fmt: skip
    """Put a backup in the place of a database.

    Args:
        settings: of which database.
        file: the backup; it is only read.
        force: also where there is a database; it is kept as `<database>.before-<time>`.
        wait: seconds to wait for other processes.
        clock: seconds since 1970.

    Raises:
        UsageError: there is a database and no force, or the file is no backup.
        BackupFailed: the file is damaged; nothing was changed.
        DatabaseNewer: a newer version of this package made it.
        DatabaseBusy: others did not let go in time; nothing was changed.
        DatabaseError: by cause.
    """
    database = os.path.abspath(settings.database)
    expected = _accepted(file, database)
    drain = Drain(os.path.abspath(settings.spool), SqliteSink(database))
    try:
        with drain.exclusive(wait) as mine:
            if not mine:
                raise DatabaseBusy(f"another process is draining for more than {wait:g} s", "try again")
            aside = _aside(database, clock()) if os.path.lexists(database) else None
            if aside and not force:
                raise UsageError(f"there is a database at {settings.database}", "--force keeps it under another name")
            if aside and _same_pages(file, database):
                with unfinished(aside, mode_of(database)) as partial:
                    copy(database, partial)
                _overwrite(file, database, expected, wait)
            else:
                _replace(file, database, aside or _aside(database, clock()), expected)
        drained = drain.run(wait, tidy=True)
    finally:
        drain.close()
    return Restored(database, expected.rows, aside, drained.counts.stored)


def _aside(database: str, now: float) -> str:
    return f"{database}.before-{datetime.fromtimestamp(now, UTC).strftime(_STAMP)}"


def _accepted(file: str, database: str) -> Contents:
    """What is in a backup, when it is sound, whole, and not the database itself."""
    if not os.path.isfile(file):
        raise UsageError(f"there is no file {file}", "`telemetry backup --list` shows the backups")
    if os.path.exists(database) and os.path.samefile(file, database):
        raise UsageError(f"{file} is the database itself")
    found = check(file)
    label = describe(file)
    if label is not None and label.rows != {name: rows for name, rows in found.rows.items() if name != "_backup"}:
        raise BackupFailed(f"{file} was changed after it was made", "take another backup")
    if label is None and "_cursors" not in found.rows:
        raise UsageError(f"{file} is no backup of a telemetry database", "`telemetry backup` makes one")
    with read_only(file, guarded=False) as connection:
        pending(connection)
    return found


def _same_pages(file: str, database: str) -> bool:
    """Tell whether the database can be overwritten page by page: it can be opened, and its pages have the same size."""
    sizes = set()
    for path in (file, database):
        try:
            with read_only(path, guarded=False) as connection:
                connection.execute("PRAGMA schema_version").fetchone()
                sizes.add(connection.execute("PRAGMA page_size").fetchone()[0])
        except sqlite3.DatabaseError:
            return False
    return len(sizes) == 1


def _overwrite(file: str, database: str, expected: Contents, wait: float) -> None:
    """Overwrite a database in one transaction; whoever is reading it goes on seeing the old one until done."""
    with read_only(file, guarded=False) as source, contextlib.closing(raw(database, wait)) as target:
        try:
            target.execute("PRAGMA synchronous = FULL")
            transfer(source, target)
            found = contents(target)
        except sqlite3.Error as error:
            raise translated(error, database) from error
    if found.cursors != expected.cursors:  # rows may have come meanwhile, from programs that know of no lock
        raise BackupFailed(f"{database} differs from {file}", "see `telemetry doctor --full`, and restore again")


def _replace(file: str, database: str, aside: str, expected: Contents) -> None:
    """Put a copy of the backup where no usable database is; what is in the way is moved aside."""
    os.makedirs(os.path.dirname(database), exist_ok=True)
    for end in (*_BESIDE, ""):  # the log goes first: whatever it held is still in the spool
        with contextlib.suppress(FileNotFoundError):
            os.rename(database + end, aside + end)
    with unfinished(database, mode_of(aside)) as partial:
        copy(file, partial)
        check(partial, expected)

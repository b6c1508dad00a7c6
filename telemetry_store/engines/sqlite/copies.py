"""Copies of a database file: made by SQLite's backup interface, checked, labelled, and put back."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

import orjson

from telemetry_store.engines.abilities import Backup, Contents, Copies
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.foreign import copy_moment, moment_of
from telemetry_store.engines.sqlite.migrations import pending
from telemetry_store.engines.sqlite.open import PATIENCE, Access, Connection, connect, translating
from telemetry_store.engines.sqlite.statements import sql
from telemetry_store.errors import BackupFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What SQLite keeps beside a database, by the ends of the names.
_BESIDE = ("-wal", "-shm", "-journal")


class SqliteCopies(Copies):
    """See `Copies`."""

    def copy(self, source: str, target: str) -> Contents:
        with translating(source), moment_of(source) as connection:
            copy_moment(connection, target)
            return _contents(connection)

    def check(self, path: str, expected: Contents | None = None) -> Contents:
        with _opened(path) as connection:
            try:
                lines = [line for (line,) in connection.execute("PRAGMA integrity_check(5)")]
                contents = _contents(connection)
            except sqlite3.Error as error:
                hint = "it is no database, or damaged; see `telemetry doctor`"
                raise BackupFailed(f"{path}: {error}", hint) from error
        if lines != ["ok"]:
            hint = "if it is a fresh copy, the database may be damaged itself: see `telemetry doctor --full`"
            raise BackupFailed(f"{path} fails the integrity check: {'; '.join(lines)}", hint)
        if expected is not None and contents != expected:
            raise BackupFailed(
                f"{path} differs from the database: {contents}, not {expected}", "try again on another disk"
            )
        return contents

    def check_version(self, path: str) -> None:
        with translating(path), _opened(path) as connection:
            pending(connection)

    def seal(self, path: str, taken_at: str, database: str, carried: int) -> Backup:
        with translating(path), _untouched(path) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("DROP TABLE IF EXISTS _backup")  # of the copy that the database was restored from
            rows = _contents(connection).rows
            connection.execute(sql("backup.sql"))
            values = (taken_at, database, carried, orjson.dumps(rows).decode())
            connection.execute("INSERT INTO _backup VALUES (?, ?, ?, ?)", values)
        return Backup(path, taken_at, database, rows, carried, os.stat(path).st_size)

    def label(self, path: str) -> Backup | None:
        with contextlib.suppress(sqlite3.Error), _opened(path) as connection:
            row = connection.execute("SELECT taken_at, database, carried, counts FROM _backup").fetchone()
            if row is not None:
                taken_at, database, carried, counts = row
                return Backup(path, taken_at, database, orjson.loads(counts), carried, os.stat(path).st_size)
        return None

    def can_overwrite(self, database: str, file: str) -> bool:
        with contextlib.suppress(sqlite3.DatabaseError), _opened(file) as new, _opened(database) as old:
            for connection in (new, old):  # the page size is that of a new file until something is read
                connection.execute("PRAGMA schema_version").fetchone()
            return len({connection.execute("PRAGMA page_size").fetchone() for connection in (new, old)}) == 1
        return False

    def overwrite(self, database: str, file: str, expected: Contents, timeout: float) -> None:
        with translating(database), _opened(file) as new, _untouched(database, timeout) as old:
            old.execute("PRAGMA synchronous = FULL")
            new.backup(old, progress=_give_up)  # in one step, and so in one transaction
            cursors = _contents(old).cursors
        if cursors != expected.cursors:  # rows may have come meanwhile, from programs that know of no lock
            raise BackupFailed(f"{database} differs from {file}", "see `telemetry doctor --full`, and restore again")

    def move(self, database: str, aside: str) -> None:
        for end in (*_BESIDE, ""):  # the log goes first: whatever it held is still in the spool
            with contextlib.suppress(FileNotFoundError):
                os.rename(database + end, aside + end)


def _opened(path: str) -> contextlib.closing[Connection]:
    return contextlib.closing(connect(path, Access.READ))


@contextlib.contextmanager
def _untouched(path: str, timeout: float = PATIENCE) -> Iterator[Connection]:
    """A connection for writing that changes no setting of the file; its own checkpoints are off."""
    with contextlib.closing(connect(path, Access.WRITE, timeout)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        yield connection


def _contents(connection: Connection) -> Contents:
    names = [name for (name,) in connection.execute(sql("all_tables.sql")).fetchall()]
    rows = {name: connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0] for name in names}
    cursors = dict(connection.execute("SELECT segment, offset FROM _cursors")) if "_cursors" in rows else {}
    orphans = -1  # a foreign key that names what is not there cannot be checked
    with contextlib.suppress(sqlite3.OperationalError):
        orphans = sum(1 for _ in connection.execute("PRAGMA foreign_key_check"))
    return Contents(rows, cursors, orphans)


def _give_up(status: int, _remaining: int, _total: int) -> None:
    """Raise when others hold a lock for longer than the connection's timeout: backup() itself would try for ever."""
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorname = "SQLITE_BUSY"
        raise error

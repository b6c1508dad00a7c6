"""The SQLite sink: connections, transactions, checkpoints. The caller holds the drain lock around every write.

Only `stat` ever touches the database's files here besides SQLite itself: opening and closing one of them by hand
would silently drop SQLite's POSIX locks (sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from telemetry_store.engines.base import Sink
from telemetry_store.engines.sqlite.catalogue import Tables
from telemetry_store.engines.sqlite.migrations import migrate
from telemetry_store.engines.sqlite.open import Access, Connection, code_of, connect, translated, translating
from telemetry_store.engines.sqlite.reader import reading
from telemetry_store.engines.sqlite.transaction import SqliteTransaction
from telemetry_store.errors import DatabaseBusy
from telemetry_store.segment import hold_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from telemetry_store.engines.sqlite.reader import SqliteReader

#: How long one try for the write lock lasts, in milliseconds; between tries others, and a fork, get their turn.
_TRY_MS = 250
_CHECKPOINT_MS = 100
#: Above this the write-ahead log is brought into the database, in bytes.
_LARGE_WAL = 64 << 20
_CACHE_KIB = 16_000
#: Errors that may come from a damaged connection rather than from a damaged database.
_DOUBTFUL = ("SQLITE_CORRUPT", "SQLITE_IOERR", "SQLITE_NOTADB")


def for_writing(path: str) -> Connection:
    """A connection for the one writer; tries for the write lock are short."""
    return connect(path, Access.CREATE, _TRY_MS / 1000)


class SqliteSink(Sink):
    """Rows in one SQLite file.

    Args:
        path: the database file; its folder is made when it is first written.
        connect: makes a connection from a path.
    """

    def __init__(self, path: str, connect: Callable[[str], Connection] = for_writing) -> None:
        self.path = path
        self._connect = connect
        self._connection: Connection | None = None
        self._wal: int | None = None
        self._tables: Tables | None = None

    def _open(self) -> Connection:
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        connection = self._connect(self.path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        hold_shared(self.path)
        return connection

    def _current(self) -> Connection:
        """The open connection, unless another process has replaced the write-ahead log under it."""
        if self._is_cut_off():
            self.abandon()
        if self._connection is None:
            self._connection, self._tables = self._open(), None
            self._wal = self._wal_inode()
        return self._connection

    def _is_cut_off(self) -> bool:
        return self._connection is not None and self._wal != self._wal_inode()

    def _wal_inode(self) -> int | None:
        with contextlib.suppress(FileNotFoundError):
            return os.stat(self.path + "-wal").st_ino
        return None

    @contextlib.contextmanager
    def transaction(self, timeout: float) -> Iterator[SqliteTransaction]:
        with translating(self.path):
            connection = self._begin(time.monotonic() + timeout)
            try:
                transaction = SqliteTransaction(connection, self._known(connection))
                yield transaction
                connection.execute("COMMIT")
                self._tables = transaction.tables
            except BaseException as error:
                self._undo(connection, error)
                raise
            self._wal = self._wal or self._wal_inode()

    def _undo(self, connection: Connection, error: BaseException) -> None:
        self._tables = None
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if code_of(error).startswith(_DOUBTFUL):
            self.abandon()  # it may be the connection that is damaged, by a log that was replaced under it

    def _begin(self, deadline: float) -> Connection:
        while True:
            try:
                connection = self._current()
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not translated(error, self.path).retry or time.monotonic() >= deadline:
                    raise
                time.sleep(0.01)
            else:
                if self._wal is None:
                    self._wal = self._wal_inode()
                return connection

    def _known(self, connection: Connection) -> Tables:
        if self._tables is None:
            migrate(connection)
        version = connection.execute("PRAGMA schema_version").fetchone()[0]
        if self._tables is None or self._tables.version != version:
            self._tables = Tables(connection)
        return self._tables

    def settle(self, *, force: bool) -> bool:
        with translating(self.path):
            try:
                large = os.stat(self.path + "-wal").st_size > _LARGE_WAL
            except FileNotFoundError:
                return True
            if not (large or force):
                return False
            connection = self._current()
            connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MS}")
            try:
                busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:
                if isinstance(translated(error, self.path), DatabaseBusy):
                    return False
                raise
            finally:
                connection.execute(f"PRAGMA busy_timeout = {_TRY_MS}")
            return not busy

    def durable_cursors(self) -> dict[str, int]:
        with translating(self.path), contextlib.closing(self._connect(self.path)) as connection:
            return dict(connection.execute("SELECT segment, offset FROM _cursors"))

    def reader(self, timeout: float) -> AbstractContextManager[SqliteReader]:
        return reading(self.path, timeout)

    def close(self) -> None:
        if self._is_cut_off():
            self.abandon()
        elif (connection := self._taken()) is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _taken(self) -> Connection | None:
        connection, self._connection, self._tables = self._connection, None, None
        return connection

    def interrupt(self) -> None:
        if (connection := self._connection) is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.interrupt()

    def abandon(self) -> None:
        """Never close this connection: that would write a log which is no longer the database's into the database."""
        if (connection := self._taken()) is None:
            return
        if hasattr(connection, "setconfig"):  # Python 3.12 and later
            with contextlib.suppress(sqlite3.Error):
                connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)  # type: ignore[attr-defined]  # noqa: FBT003
                return
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))

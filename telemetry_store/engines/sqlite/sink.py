"""The SQLite sink: connections, transactions, checkpoints. The caller holds the drain lock around every write.

Only `stat` ever touches the database's files here besides SQLite itself: opening and closing one of them by hand
would silently drop SQLite's POSIX locks (sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.base import Sink
from telemetry_store.engines.sqlite import catalogue as catalog
from telemetry_store.engines.sqlite.query import run_read_only
from telemetry_store.engines.sqlite.transaction import SqliteTransaction
from telemetry_store.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    DatabaseMissing,
    DatabaseReadOnly,
    NotADatabase,
)
from telemetry_store.segment import hold_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telemetry_store.result import Result

#: How long one try for the write lock lasts, in milliseconds; between tries others, and a fork, get their turn.
_TRY_MS = 250
_CHECKPOINT_MS = 100
#: Above this the write-ahead log is brought into the database, in bytes.
_LARGE_WAL = 64 << 20
_CACHE_KIB = 16_000

_DOUBTFUL = ("SQLITE_CORRUPT", "SQLITE_IOERR", "SQLITE_NOTADB")

_BY_CODE = {
    "SQLITE_BUSY": (DatabaseBusy, "another program holds the write lock; events wait in the spool"),
    "SQLITE_LOCKED": (DatabaseBusy, "another program holds the write lock; events wait in the spool"),
    "SQLITE_PROTOCOL": (DatabaseBusy, "another program holds the write lock; events wait in the spool"),
    "SQLITE_INTERRUPT": (DatabaseBusy, "interrupted; it is tried again"),
    "SQLITE_FULL": (DatabaseFull, "free some disk space; events wait in the spool"),
    "SQLITE_IOERR": (DatabaseFull, "check the disk with `telemetry doctor`; events wait in the spool"),
    "SQLITE_READONLY": (DatabaseReadOnly, "make the database and its folder writable; events wait in the spool"),
    "SQLITE_PERM": (DatabaseReadOnly, "make the database and its folder writable; events wait in the spool"),
    "SQLITE_CANTOPEN": (DatabaseReadOnly, "make the database's folder writable, or choose another path with --db"),
    "SQLITE_NOTADB": (NotADatabase, "choose another path; the file was not changed"),
    "SQLITE_CORRUPT": (NotADatabase, "see `telemetry doctor`; events wait in the spool"),
}


def translated(error: sqlite3.Error, path: str) -> DatabaseError:
    """Our error for one of SQLite's."""
    code = getattr(error, "sqlite_errorname", "") or ""
    kind, hint = next((pair for name, pair in _BY_CODE.items() if code.startswith(name)), (DatabaseError, ""))
    return kind(f"{path}: {error}", hint)


@contextlib.contextmanager
def _translating(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error


def connect(path: str) -> sqlite3.Connection:
    """A connection for writing; cheap to make and never shared between threads at the same time."""
    return sqlite3.connect(path, isolation_level=None, timeout=_TRY_MS / 1000, check_same_thread=False)


class SqliteSink(Sink):
    """Rows in one SQLite file.

    Args:
        path: the database file; its folder is made when it is first written.
        connect: makes a connection from a path.
    """

    def __init__(self, path: str, connect: Callable[[str], sqlite3.Connection] = connect) -> None:
        self.path = path
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._wal: int | None = None
        self._tables: catalog.Tables | None = None

    def _open(self) -> sqlite3.Connection:
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        connection = self._connect(self.path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        if self.path != ":memory:":
            hold_shared(self.path)
        return connection

    def _current(self) -> sqlite3.Connection:
        """The open connection, unless another process has replaced the write-ahead log under it."""
        if self._connection is not None and self._wal != self._wal_inode():
            _abandon(self._connection)
            self._connection = self._tables = None
        if self._connection is None:
            self._connection = self._open()
            self._tables = None
            self._wal = self._wal_inode()
        return self._connection

    def _wal_inode(self) -> int | None:
        try:
            return os.stat(self.path + "-wal").st_ino
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def transaction(self, wait: float) -> Iterator[SqliteTransaction]:
        with _translating(self.path):
            connection = self._begin(time.monotonic() + wait)
            try:
                transaction = SqliteTransaction(connection, self._known(connection))
                yield transaction
                connection.execute("COMMIT")
                self._tables = transaction.tables
            except BaseException as error:
                self._undo(connection, error)
                raise
            self._wal = self._wal or self._wal_inode()

    def _undo(self, connection: sqlite3.Connection, error: BaseException) -> None:
        self._tables = None
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if getattr(error, "sqlite_errorname", "").startswith(_DOUBTFUL):
            self.abandon()  # it may be the connection that is damaged, by a log that was replaced under it

    def _begin(self, deadline: float) -> sqlite3.Connection:
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

    def _known(self, connection: sqlite3.Connection) -> catalog.Tables:
        if self._tables is None:
            catalog.migrate(connection)
        version = connection.execute("PRAGMA schema_version").fetchone()[0]
        if self._tables is None or self._tables.version != version:
            self._tables = catalog.Tables(connection)
        return self._tables

    def settle(self, *, force: bool) -> bool:
        with _translating(self.path):
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
        with _translating(self.path), contextlib.closing(self._connect(self.path)) as connection:
            return dict(connection.execute("SELECT segment, offset FROM _cursors"))

    def query(self, sql: str, parameters: Any, wait: float) -> Result:
        if not os.path.exists(self.path):
            raise DatabaseMissing(f"there is no database at {self.path}", "record an event, import a file, or use --db")
        return run_read_only(self.path, sql, parameters, wait)

    def close(self) -> None:
        connection, self._connection, self._tables = self._connection, None, None
        if connection is None:
            return
        if self._wal != self._wal_inode():
            _abandon(connection)
            return
        with contextlib.suppress(sqlite3.Error):
            connection.close()

    def interrupt(self) -> None:
        """Break off what another thread is doing on the connection; it is undone and tried again."""
        if (connection := self._connection) is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.interrupt()

    def abandon(self) -> None:
        """Let go of the connection without closing it, as the child of a fork must."""
        connection, self._connection, self._tables = self._connection, None, None
        if connection is not None:
            _abandon(connection)


def _abandon(connection: sqlite3.Connection) -> None:
    """Never close this connection: closing it would write a log that is no longer the database's into the database."""
    if hasattr(connection, "setconfig"):  # Python 3.12 and later
        with contextlib.suppress(sqlite3.Error):
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)  # type: ignore[attr-defined]  # noqa: FBT003
            return
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))

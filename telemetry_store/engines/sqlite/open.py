"""The one door to SQLite: connections and the names of files are made here, and errors get our names here.

Only SQLite ever opens a database's files. Opening and closing one of them by hand would silently drop SQLite's POSIX
locks (sqlite.org/howtocorrupt.html, 2.2). The process of a contained query opens the URI that it is given by itself:
this module would take it 5 ms to import.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from telemetry_store.errors import DatabaseBusy, DatabaseError, DatabaseFull, DatabaseReadOnly, NotADatabase

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection: TypeAlias = sqlite3.Connection
Cursor: TypeAlias = sqlite3.Cursor
Error = sqlite3.Error
OperationalError = sqlite3.OperationalError
IntegrityError = sqlite3.IntegrityError

#: How long others are waited for unless somebody says otherwise, in seconds.
PATIENCE = 30.0
#: Bytes that stand in a URI as they are (sqlite.org/uri.html, 3.1).
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:")

#: Beginnings of SQLite's names of errors; what each is for us, and the hint.
_BUSY = (DatabaseBusy, "another program holds the write lock; events wait in the spool")
_UNWRITABLE = (DatabaseReadOnly, "make the database and its folder writable; events wait in the spool")
_BY_CODE = {
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_PROTOCOL": _BUSY,
    "SQLITE_INTERRUPT": (DatabaseBusy, "interrupted; it is tried again"),
    "SQLITE_FULL": (DatabaseFull, "free some disk space; events wait in the spool"),
    "SQLITE_IOERR": (DatabaseFull, "check the disk with `telemetry doctor`; events wait in the spool"),
    "SQLITE_READONLY": _UNWRITABLE,
    "SQLITE_PERM": _UNWRITABLE,
    "SQLITE_CANTOPEN": (DatabaseReadOnly, "make the database's folder writable, or choose another path with --db"),
    "SQLITE_NOTADB": (NotADatabase, "choose another path; the file was not changed"),
    "SQLITE_CORRUPT": (NotADatabase, "see `telemetry doctor`; events wait in the spool"),
}


class Access(StrEnum):
    """What a connection may do; the text is what SQLite is told."""

    READ = "mode=ro"
    WRITE = "mode=rw"
    CREATE = "mode=rwc"
    #: For files that nobody writes to: SQLite takes no locks and makes no file beside them.
    IMMUTABLE = "immutable=1"


def uri(path: str, access: Access) -> str:
    """The URI under which SQLite opens a file, also in ATTACH; whatever bytes the path holds."""
    data = os.fsencode(os.path.abspath(path))
    if os.name == "nt":  # pragma: no cover - not run on Linux
        data = b"/" + data.replace(b"\\", b"/")
    return f"file:{''.join(chr(byte) if byte in _PLAIN else f'%{byte:02X}' for byte in data)}?{access}"


def connect(
    path: str, access: Access, timeout: float = PATIENCE, *, factory: type[Connection] = Connection
) -> Connection:
    """A connection without transactions of its own, which threads may use in turn.

    Args:
        path: the database file.
        access: what it may do.
        timeout: how long to wait for locks, in seconds.
        factory: the class of the connection.
    """
    connection = sqlite3.connect(
        uri(path, access), uri=True, isolation_level=None, timeout=timeout, check_same_thread=False, factory=factory
    )
    if access in (Access.READ, Access.IMMUTABLE):
        connection.execute("PRAGMA query_only = 1")
    return connection


def in_memory(*, cached_statements: int = 128) -> Connection:
    """A new database that is gone with its connection."""
    return sqlite3.connect(":memory:", isolation_level=None, cached_statements=cached_statements, uri=True)


def code_of(error: BaseException) -> str:
    """SQLite's name of an error, such as SQLITE_BUSY_SNAPSHOT; empty where it is another's."""
    return getattr(error, "sqlite_errorname", "") or ""


def translated(error: sqlite3.Error, path: str) -> DatabaseError:
    """Our error for one that SQLite raised while somebody wrote."""
    code = code_of(error)
    kind, hint = next((pair for name, pair in _BY_CODE.items() if code.startswith(name)), (DatabaseError, ""))
    return kind(f"{path}: {error}", hint)


@contextlib.contextmanager
def translating(path: str) -> Iterator[None]:
    """Raise SQLite's errors as ours; see translated()."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error

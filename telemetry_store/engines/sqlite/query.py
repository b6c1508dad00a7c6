"""Read-only SQL: one statement at a time that cannot change anything, with an answer in time; see `contained.py`."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite import contained, guard
from telemetry_store.errors import DatabaseBusy, DatabaseError, DatabaseMissing, NotADatabase, QueryError, QueryStopped
from telemetry_store.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What else our own statements may ask.
_CHECKS = frozenset({"integrity_check", "quick_check"})
_MOST_MEMORY = contained.MOST_MEMORY


class _OwnAuthoriser(guard.Authoriser):
    """Allows checks of the database as well."""

    def _allows(self, action: int, first: str, second: str, view: str | None) -> bool:
        return super()._allows(action, first, second, view) or (
            action == sqlite3.SQLITE_PRAGMA and first.lower() in _CHECKS
        )


@contextlib.contextmanager
def read_only(path: str, wait: float = 30.0, *, guarded: bool = True) -> Iterator[sqlite3.Connection]:
    """A connection for our own statements, that can read a database and nothing else; closed at the end of the block.

    Args:
        path: the database file.
        wait: how long to wait for locks, in seconds.
        guarded: allow only statements that are known to read.
    """
    connection = guard.connect(path, wait)
    try:
        if guarded:
            connection.set_authorizer(_OwnAuthoriser(wild=True))
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def reading(path: str, wait: float = 30.0) -> Iterator[sqlite3.Connection]:
    """A connection for our own statements whose errors are ours; see read_only().

    Raises:
        DatabaseMissing, DatabaseBusy, NotADatabase, DatabaseError: by cause.
    """
    if not os.path.exists(path):
        raise DatabaseMissing(f"there is no database at {path}", "record an event, import a file, or use --db")
    with _explaining(path), read_only(path, wait, guarded=False) as connection:
        yield connection


def run_read_only(path: str, sql: str, parameters: Any, wait: float, memory: int = _MOST_MEMORY) -> Result:
    """Run one statement that somebody wrote, and return its rows.

    Args:
        path: the database file.
        sql: the statement.
        parameters: a sequence or a mapping.
        wait: seconds after which it is stopped.
        memory: bytes that all rows may take up.

    Raises:
        QueryError: the SQL is wrong, is more than one statement, or would change something.
        QueryStopped: it took too long, or its result is too large.
        DatabaseBusy, NotADatabase, DatabaseError: the database refused.
    """
    with _explaining(path):
        return Result(*contained.fetch(path, sql, parameters, wait, memory))


def run_trusted(path: str, sql: str, parameters: Any, wait: float) -> Result:
    """The same for a statement of this package: always in this process."""
    with _explaining(path), contextlib.closing(guard.connect(path, wait)) as connection:
        return Result(*contained.fetch_here(connection, sql, parameters, wait, _MOST_MEMORY, wild=True))


def run_on(connection: sqlite3.Connection, sql: str, parameters: Any, path: str, wait: float) -> Result:
    """The same on a connection that is open for writing and stays open; for databases in memory."""
    most = {each: connection.getlimit(each) for each in range(guard.LIMITS)}
    try:
        with _explaining(path):
            connection.execute("PRAGMA query_only = 1")
            return Result(*contained.fetch_here(connection, sql, parameters, wait, _MOST_MEMORY, wild=True))
    finally:
        connection.set_authorizer(None)
        connection.execute("PRAGMA query_only = 0")
        for category, value in most.items():
            connection.setlimit(category, value)


def stream(path: str, sql: str, parameters: Any, wait: float) -> Iterator[Any]:
    """First the columns' names, then lists of rows, for results of any size; see run_read_only()."""
    with _explaining(path):
        yield from contained.stream(path, sql, parameters, wait)


@contextlib.contextmanager
def _explaining(path: str) -> Iterator[None]:
    try:
        yield
    except contained.Stopped as error:
        hint = "narrow it down, raise the timeout, or write it to a file with `telemetry export --sql`"
        raise QueryStopped(f"stopped: {error}", hint) from error
    except contained.Large as error:
        raise QueryError("the statement is too large or makes too large values") from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _explained(error, path) from error


def _explained(error: Exception, path: str) -> QueryError | DatabaseError:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_BUSY"):
        return DatabaseBusy(f"{path}: {error}")
    if code.startswith("SQLITE_NOMEM"):
        return QueryStopped("stopped: it took too much memory", "narrow it down")
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return NotADatabase(f"{path}: {error}", "choose another path; the file was not changed")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_READONLY")):
        return DatabaseError(f"{path}: {error}", "see `telemetry doctor`")
    if code.startswith("SQLITE_AUTH") or "not authorized" in str(error) or "prohibited" in str(error):
        return QueryError(f"only reading is allowed here: {error}", "SELECT, WITH and PRAGMA table_info work")
    return QueryError(str(error), "`telemetry schema` lists the tables and their columns")

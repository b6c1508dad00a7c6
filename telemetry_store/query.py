"""Read-only SQL: one statement at a time, on a connection that cannot change anything."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Any

from telemetry_store.errors import DatabaseBusy, DatabaseError, NotADatabase, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALLOWED = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, getattr(sqlite3, "SQLITE_RECURSIVE", 33)}
)
_DENIED_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_READ_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
                           "foreign_key_list", "database_list", "compile_options", "schema_version", "user_version",
                           "journal_mode", "page_count", "page_size", "freelist_count", "integrity_check",
                           "quick_check"})  # fmt: skip
_WITHOUT_ARGUMENT = frozenset({"schema_version", "user_version", "journal_mode", "page_size"})


def _authorise(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    if action in _ALLOWED:
        denied = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _DENIED_FUNCTIONS
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        name = (first or "").lower()
        if name in _READ_PRAGMAS and not (second and name in _WITHOUT_ARGUMENT):
            return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


@contextlib.contextmanager
def read_only(path: str, wait: float = 30.0, *, guarded: bool = True) -> Iterator[sqlite3.Connection]:
    """A connection that can read a database and nothing else; closed at the end of the block.

    Args:
        path: the database file.
        wait: how long to wait for locks, in seconds.
        guarded: allow only statements that are known to read; False for our own.
    """
    uri = f"file:{os.path.abspath(path).replace('%', '%25').replace('?', '%3f').replace('#', '%23')}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=wait, check_same_thread=False)
    try:
        connection.execute("PRAGMA query_only = 1")
        if guarded:
            connection.set_authorizer(_authorise)
        yield connection
    finally:
        connection.close()


def run_read_only(path: str, sql: str, parameters: Any, wait: float) -> list[dict[str, Any]]:
    """Run one statement and return its rows as dictionaries.

    Raises:
        QueryError: the SQL is wrong, is more than one statement, or would change something.
        DatabaseBusy, NotADatabase, DatabaseError: the database refused.
    """
    try:
        with read_only(path, wait) as connection:
            return rows_as_dicts(connection.execute(sql, parameters))
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _explained(error, path) from error


def run_on(connection: sqlite3.Connection, sql: str, parameters: Any, path: str) -> list[dict[str, Any]]:
    """The same on a connection that is open for writing and stays open."""
    try:
        connection.execute("PRAGMA query_only = 1")
        connection.set_authorizer(_authorise)
        return rows_as_dicts(connection.execute(sql, parameters))
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _explained(error, path) from error
    finally:
        connection.set_authorizer(None)
        connection.execute("PRAGMA query_only = 0")


def _explained(error: Exception, path: str) -> QueryError | DatabaseError:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_BUSY"):
        return DatabaseBusy(f"{path}: {error}")
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return NotADatabase(f"{path}: {error}", "choose another path; the file was not changed")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_READONLY")):
        return DatabaseError(f"{path}: {error}", "see `telemetry doctor`")
    if code.startswith("SQLITE_AUTH") or "not authorized" in str(error) or "prohibited" in str(error):
        return QueryError(f"only reading is allowed here: {error}", "SELECT, WITH and PRAGMA table_info work")
    return QueryError(str(error), "`telemetry stats` lists the tables; PRAGMA table_info(NAME) lists columns")


def rows_as_dicts(cursor: sqlite3.Cursor) -> list[dict[str, Any]]:
    """What a statement returned, as dictionaries; a column name that stands twice gets a number."""
    names: list[str] = []
    for name, *_ in cursor.description or ():
        names.append(name if name not in names else f"{name}_{names.count(name) + 1}")
    return [dict(zip(names, row, strict=True)) for row in cursor]

"""Reads a database: its catalogue, events, and one contained statement at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from functools import cached_property
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.base import Reader, Sizes
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite import contained, events
from telemetry_store.engines.sqlite.catalogue import SEARCH, SqliteCatalogue
from telemetry_store.engines.sqlite.open import PATIENCE, Access, code_of, connect
from telemetry_store.errors import DatabaseBusy, DatabaseError, DatabaseMissing, NotADatabase, QueryError, UsageError
from telemetry_store.result import Result
from telemetry_store.selection import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from telemetry_store.engines.sqlite.open import Connection
    from telemetry_store.schema import Table
    from telemetry_store.selection import StoredEvent, Window


class SqliteReader(Reader):
    """See `Reader`.

    Args:
        path: the database file.
        timeout: how long to wait for locks, in seconds.
    """

    def __init__(self, path: str, timeout: float) -> None:
        self.path = path
        self._timeout = timeout

    @cached_property
    def connection(self) -> Connection:
        """For the other parts of this engine; opened when it is first wanted, since a query has one of its own."""
        return connect(self.path, Access.READ, self._timeout)

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        if "connection" in vars(self):
            self.connection.close()

    @cached_property
    def catalogue(self) -> SqliteCatalogue:
        return SqliteCatalogue(self.connection)

    def query(self, sql: str, parameters: Any = (), timeout: float = PATIENCE) -> Result:
        with explaining(self.path):
            return Result(*contained.fetch(self.path, sql, parameters, timeout))

    def stream(self, sql: str, parameters: Any = (), timeout: float = PATIENCE) -> Generator[Any]:
        with explaining(self.path):
            yield from contained.stream(self.path, sql, parameters, timeout)

    def trusted(self, sql: str, parameters: Any = (), timeout: float = PATIENCE) -> Result:
        with explaining(self.path), contextlib.closing(connect(self.path, Access.READ, timeout)) as connection:
            return Result(*contained.fetch_here(connection, sql, parameters, timeout, wild=True))

    def rows(self, sql: str, parameters: Any = ()) -> Iterator[Any]:
        with explaining(self.path):
            yield from self.connection.execute(sql, parameters)

    def value(self, sql: str, *parameters: Any) -> Any:
        row = next(self.rows(sql, parameters), None)
        return None if row is None else row[0]

    def events(
        self, table: Table, window: Window = EVERYTHING, *, after: int | None = None, only: int | None = None
    ) -> Iterator[StoredEvent]:
        with explaining(self.path):
            yield from events.events_of(self.connection, table, window, after, only)

    def by_time(
        self, tables: Iterable[Table], window: Window = EVERYTHING, limit: int = -1, *, newest_first: bool = True
    ) -> Iterator[StoredEvent]:
        with explaining(self.path):
            yield from events.by_time(self.connection, tables, window, limit, newest_first=newest_first)

    def table_rows(self, table: Table, window: Window = EVERYTHING) -> tuple[list[str], Iterator[Sequence[Any]]]:
        with explaining(self.path):
            cursor = events.rows_of(self.connection, table, window)
        return [column[0] for column in cursor.description], cursor

    def sizes(self) -> Sizes:
        return Sizes(_size(self.path), _size(self.path + "-wal"))

    def matches(self, table: Table, words: Sequence[str]) -> Iterator[int]:
        index = quoted(SEARCH + table.name)
        select = f"SELECT rowid FROM {index} WHERE {index} MATCH ? ORDER BY rowid DESC"
        return (number for (number,) in self.rows(select, (_phrase(words),)))

    @contextlib.contextmanager
    def moment(self) -> Iterator[None]:
        with explaining(self.path):
            self.connection.execute("BEGIN")
            self.connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # from here on it is one moment
        try:
            yield
        finally:
            self.connection.execute("COMMIT")


def _size(path: str) -> int:
    return os.stat(path).st_size if os.path.exists(path) else 0


def _phrase(words: Sequence[str]) -> str:
    """What FTS5 is asked for: all of these words, each as it is written; `word*` is a beginning."""
    terms = [quoted(word.rstrip("*")) + ("*" if word.endswith("*") else "") for word in words if word.strip("* ")]
    if not terms:
        raise UsageError("there are no words to look for")
    return " ".join(terms)


@contextlib.contextmanager
def reading(path: str, timeout: float = PATIENCE) -> Iterator[SqliteReader]:
    """A reader of a database file; see `Sink.reader`."""
    if not os.path.exists(path):
        raise DatabaseMissing(f"there is no database at {path}", "record an event, import a file, or use --db")
    with explaining(path), contextlib.closing(SqliteReader(path, timeout)) as reader:
        yield reader


@contextlib.contextmanager
def explaining(path: str) -> Iterator[None]:
    """Raise what reading a database raises as errors of ours."""
    try:
        yield
    except contained.Large as error:
        raise QueryError("the statement is too large or makes too large values") from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _explained(error, path) from error


def _explained(error: Exception, path: str) -> QueryError | DatabaseError:
    code = code_of(error)
    if code.startswith("SQLITE_BUSY"):
        return DatabaseBusy(f"{path}: {error}")
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return NotADatabase(f"{path}: {error}", "choose another path; the file was not changed")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_READONLY")):
        return DatabaseError(f"{path}: {error}", "see `telemetry doctor`")
    if code.startswith("SQLITE_AUTH") or "not authorized" in str(error) or "prohibited" in str(error):
        return QueryError(f"only reading is allowed here: {error}", "SELECT, WITH and PRAGMA table_info work")
    return QueryError(str(error), "`telemetry schema` lists the tables and their columns")

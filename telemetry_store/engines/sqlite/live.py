"""The live database as Datasette reads it: read-only, on the file that has the path now, with limited answers."""

from __future__ import annotations

import itertools
import os
from sqlite3 import SQLITE_LIMIT_ATTACHED, SQLITE_LIMIT_LENGTH
from typing import TYPE_CHECKING, Any, cast

from datasette.database import Database, connections

from telemetry_store.engines.sqlite.open import Access, Connection, Cursor, OperationalError, connect
from telemetry_store.errors import UsageError
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from datasette.app import Datasette

#: The longest that the rows of a page are counted, in milliseconds.
_COUNTING = 300
#: The largest value, and the largest answer, in bytes.
_LARGEST_VALUE, _LARGEST_ANSWER = 16 << 20, 64 << 20
#: Seconds to wait for locks.
_TIMEOUT = 10.0


class _Cursor(Cursor):
    """A cursor whose results are limited in size: Datasette limits the number of rows only."""

    def fetchmany(self, count: int | None = None) -> list[Any]:
        return self._within(itertools.islice(self, count or self.arraysize))

    def fetchall(self) -> list[Any]:
        return self._within(self)

    def _within(self, rows: Iterable[Any]) -> list[Any]:
        kept, total = [], 0
        for row in rows:
            total += sum(len(value) for value in row if isinstance(value, str | bytes))
            if total > _LARGEST_ANSWER:
                raise OperationalError(f"the answer is larger than {size(_LARGEST_ANSWER)}")
            kept.append(row)
        return kept


class _Connection(Connection):
    #: Which file it reads: a restored database has the same path and is another file.
    inode = 0

    def cursor(self, factory: type[Cursor] = _Cursor) -> Any:  # type: ignore[override]
        return super().cursor(factory)


class LiveDatabase(Database):  # type: ignore[misc]
    """A database that is being written to, as Datasette reads it: with the SQLite library of the store, and no other.

    Args:
        datasette: the instance that serves it.
        path: the database file.
        functions: name → what SQL may call by it.
    """

    def __init__(self, datasette: Datasette, path: str, functions: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(datasette, path=path, is_mutable=True)
        self._functions = functions

    def connect(self, write: bool = False) -> _Connection:  # noqa: FBT001, FBT002 - Datasette's own signature
        """A connection that cannot write; UsageError when somebody asks for one that can."""
        if write:
            raise UsageError("the dashboard only reads")
        connection = cast("_Connection", connect(self.path, Access.READ, _TIMEOUT, factory=_Connection))
        connection.setlimit(SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
        connection.setlimit(SQLITE_LIMIT_ATTACHED, 0)
        connection.inode = inode(self.path)
        self._all_file_connections.append(connection)
        for name, function in self._functions.items():
            connection.create_function(name, -1, function)
        return connection

    async def execute_fn(self, fn: Callable[[Connection], Any]) -> Any:
        """Datasette's method, on the file that has the path now."""

        def on_current(connection: _Connection) -> Any:
            if connection.inode != inode(self.path):
                connection.close()
                connection = self.connect()
                self.ds._prepare_connection(connection, self.name)  # noqa: SLF001 - as the method itself does
                setattr(connections, self.name, connection)
            return fn(connection)

        return await super().execute_fn(on_current)

    async def execute(self, sql: str, params: Any = None, **options: Any) -> Any:
        """Datasette's method; counting the rows of a page, which it does without, is given up early."""
        if sql.startswith("select count(*) "):
            options["custom_time_limit"] = min(options.get("custom_time_limit") or _COUNTING, _COUNTING)
        return await super().execute(sql, params, **options)


def inode(path: str) -> int:
    """Which file has this path now; -1 where there is none."""
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return -1

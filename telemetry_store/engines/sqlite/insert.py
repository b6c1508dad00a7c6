"""Rows into tables, many with one statement.

SQLite leaves and takes the interpreter lock once for a statement. With a thousand rows in each, another thread that
makes the next rows hardly ever waits for it, nor SQLite for that thread.
"""

from __future__ import annotations

import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, Any

from telemetry_store.batch import Counts, Reject, Rows
from telemetry_store.engines.names import quoted

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.catalogue import Tables

#: Rows in one statement, largest first; few sizes, so that the statements stay prepared.
_BLOCKS = (1024, 256, 64, 16, 4, 1)
#: More rows than this do not wait, however many tables they are for.
_MOST_WAITING = 4096


class _Waiting:
    """Rows of one table that wait until there are enough for a statement."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.rows: list[tuple[Any, ...]] = []
        self._runs: list[tuple[int, Rows]] = []

    def add(self, run: Rows) -> None:
        self._runs.append((len(self.rows), run))
        self.rows += run.rows

    def drop(self, count: int) -> None:
        """Forget the first rows, which are inserted."""
        del self.rows[:count]
        runs = [(start - count, run) for start, run in self._runs]
        self._runs = [(start, run) for start, run in runs if start + len(run.rows) > 0]

    def reject(self, place: int, reason: str) -> Reject:
        """What becomes of the row at this place."""
        start, run = next((start, run) for start, run in reversed(self._runs) if start <= place)
        return run.origin.reject(run.indexes[place - start], run.table, reason)


class Inserter:
    """Inserts the rows of one transaction; rows that a table refuses become rejects.

    There is no savepoint around them, which would cost a copy of every page: a statement that fails is undone by
    itself, and its rows are tried again one by one.

    Attributes:
        rejects: what could not be stored.
    """

    def __init__(self, connection: sqlite3.Connection, tables: Tables) -> None:
        self._connection = connection
        self._delicate = tables.delicate
        self._keys = dict(tables.keys)
        self._most_values = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        self._statements: dict[tuple[str, tuple[str, ...], int], str] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._count = self._duplicate = 0
        self._stored: dict[str, int] = {}
        self.rejects: list[Reject] = []

    def counts(self) -> Counts:
        """What became of all rows so far, and how many rejects there are."""
        return Counts(sum(self._stored.values()), self._duplicate, len(self.rejects), self._stored)

    def identify(self, table: str, key: tuple[str, ...]) -> None:
        """From now on a row of this table with a key that is there already is a duplicate."""
        self._keys[table] = key
        self._statements.clear()

    def add(self, run: Rows) -> None:
        """Insert rows, now or with those that follow."""
        waiting = self._waiting.get(run.table)
        if waiting is None or waiting.columns != run.columns:
            self.flush(run.table)
            waiting = self._waiting[run.table] = _Waiting(run.columns)
        waiting.add(run)
        self._count += len(run.rows)
        largest = self._sizes(run.table, waiting)[0]
        if len(waiting.rows) >= largest:
            self._insert(run.table, waiting, (largest,))
        if self._count > _MOST_WAITING:
            self.flush_all()

    def flush(self, table: str) -> None:
        """Insert what waits for a table, before the table changes."""
        if (waiting := self._waiting.pop(table, None)) is not None:
            self._insert(table, waiting, self._sizes(table, waiting))

    def flush_all(self) -> None:
        for table in list(self._waiting):
            self.flush(table)

    def _sizes(self, table: str, waiting: _Waiting) -> tuple[int, ...]:
        if table in self._delicate:
            return _BLOCKS[-1:]
        return tuple(size for size in _BLOCKS if size * len(waiting.columns) <= self._most_values)

    def _insert(self, table: str, waiting: _Waiting, sizes: tuple[int, ...]) -> None:
        start = stored = 0
        rejected = len(self.rejects)
        for size in sizes:
            while start + size <= len(waiting.rows):
                try:
                    stored += self._execute(table, waiting, start, size)
                except (sqlite3.IntegrityError, sqlite3.DataError) as error:
                    self._unless_refused(error)
                    for place in range(start, start + size):
                        try:
                            stored += self._execute(table, waiting, place, 1)
                        except (sqlite3.IntegrityError, sqlite3.DataError) as reason:
                            self._unless_refused(reason)
                            self.rejects.append(waiting.reject(place, str(reason)))
                start += size
        waiting.drop(start)
        self._count -= start
        self._duplicate += start - stored - (len(self.rejects) - rejected)
        self._stored[table] = self._stored.get(table, 0) + stored

    def _execute(self, table: str, waiting: _Waiting, start: int, count: int) -> int:
        """Insert these rows with one statement; gives how many there are now that were not before."""
        key = (table, waiting.columns, count)
        statement = self._statements.get(key) or self._statements.setdefault(key, self._statement(*key))
        values = list(chain.from_iterable(waiting.rows[start : start + count]))
        return self._connection.execute(statement, values).rowcount

    def _statement(self, table: str, columns: tuple[str, ...], count: int) -> str:
        row = f"({', '.join('?' * len(columns))})"
        statement = f"INSERT INTO {quoted(table)} ({', '.join(map(quoted, columns))}) VALUES {', '.join([row] * count)}"
        if key := self._keys.get(table):
            statement += f" ON CONFLICT ({', '.join(map(quoted, key))}) DO NOTHING"
        return statement

    def _unless_refused(self, error: sqlite3.Error) -> None:
        """Raise the error on, unless the table refuses a row: a constraint, a trigger, a type."""
        damage = getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_FULL", "SQLITE_IOERR"))
        if damage or not self._connection.in_transaction:
            raise error

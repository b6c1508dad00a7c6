"""One transaction of the SQLite sink: carries out the operations of a batch."""

from __future__ import annotations

import sqlite3
from operator import length_hint
from typing import TYPE_CHECKING, Any

from telemetry_store.batch import Change, Counts, Create, Declare, Drop, Normaliser, Reject, Rows
from telemetry_store.sinks import sqlite_catalog as catalog
from telemetry_store.sinks.base import Source, Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telemetry_store.batch import Chunk, Operation

_SOURCE_FIELDS = tuple(Source.__dataclass_fields__)
_NOW = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00'"


class Tables:
    """What one connection knows of the database's tables, kept while nobody else changes the schema."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.version = connection.execute("PRAGMA schema_version").fetchone()[0]
        self.tables, self.keys = catalog.load_tables(connection)
        self.normaliser = Normaliser(self.tables)
        self.columns = {name: set(table.columns) for name, table in self.tables.items()}
        self.noted: set[str] = set()


class SqliteTransaction(Transaction):
    """See `Transaction`.

    Args:
        connection: with a write transaction begun.
        tables: what is known of the tables; must be thrown away when this transaction is undone.
    """

    def __init__(self, connection: sqlite3.Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._columns = tables.columns
        self._reshaped: set[str] = set()
        self._counts = Counts()
        self._refused: list[Reject] = []
        self._statements: dict[tuple[str, tuple[str, ...]], str] = {}

    def cursors(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT segment, offset FROM _cursors"))

    def insert(self, chunks: Iterable[Chunk]) -> Counts:
        self._counts = Counts()
        for operation in self._tables.normaliser.operations(chunks):
            self._carry_out(operation)
        self._finish()
        return self._counts

    def _carry_out(self, operation: Operation) -> None:
        match operation:
            case Rows():
                self._rows(operation)
            case Change(table, column, kind):
                widened = column in self._columns[table]
                catalog.add_column(self._connection, table, column, kind, widened=widened)
                self._columns[table].add(column)
                self._reshaped.add(table)
            case Create(table, columns):
                catalog.create_table(self._connection, table, columns)
                self._columns[table] = set(columns)
                self._reshaped.add(table)
            case Declare(source, declared):
                self._declare(source, declared)
            case Drop(source, cause, count):
                self._connection.execute(
                    "INSERT INTO _drops (cause, source, count) VALUES (?, ?, ?)", (cause, source, count)
                )
            case Reject():
                self._counts.rejected += 1
                self._refused.append(operation)

    def _rows(self, run: Rows) -> None:
        """Insert a run; rows that the table refuses become rejects.

        There is no savepoint around it, which would cost a copy of every page: a refused row undoes its own statement
        only, and the iterator tells which row it was.
        """
        statement = self._statement(run.table, run.columns)
        connection, rows = self._connection, iter(run.rows)
        refused = 0
        before = connection.total_changes
        while True:
            try:
                connection.executemany(statement, rows)
            except (sqlite3.IntegrityError, sqlite3.DataError) as error:
                _unless_refused(error)
                refused += 1
                self._refuse(run, len(run.rows) - length_hint(rows) - 1, str(error))
            else:
                break
        accepted = len(run.rows) - refused
        stored = accepted if run.table not in self._tables.keys else min(connection.total_changes - before, accepted)
        self._counts.stored += stored
        self._counts.duplicate += accepted - stored
        self._counts.tables[run.table] = self._counts.tables.get(run.table, 0) + stored

    def _refuse(self, run: Rows, place: int, reason: str) -> None:
        offset, raw = run.chunk.raw(run.indexes[place])
        self._counts.rejected += 1
        self._refused.append(Reject(run.chunk.source, offset, run.table, reason, raw))

    def _statement(self, table: str, columns: tuple[str, ...]) -> str:
        statement = self._statements.get((table, columns))
        if statement is None:
            names = ", ".join(map(catalog.quoted, columns))
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {catalog.quoted(table)} ({names}) VALUES ({marks})"
            if key := self._tables.keys.get(table):
                statement += f" ON CONFLICT ({', '.join(map(catalog.quoted, key))}) DO NOTHING"
            self._statements[table, columns] = statement
        return statement

    def _declare(self, source: str, declared: Any) -> None:
        self._connection.execute("SAVEPOINT declaration")
        try:
            catalog.apply_declaration(self._connection, declared, self._columns[declared.name])
            if declared.dedupe_key:
                self._tables.keys[declared.name] = declared.dedupe_key
                self._statements.clear()
        except sqlite3.IntegrityError as error:
            self._connection.execute("ROLLBACK TO declaration")
            reason = f"the declaration's dedupe_key does not hold for the rows that are there: {error}"
            self._counts.rejected += 1
            self.reject([Reject(source, 0, declared.name, reason, repr(declared.as_dict()).encode())])
        self._connection.execute("RELEASE declaration")
        self._reshaped.add(declared.name)

    def _finish(self) -> None:
        """After all rows: the refused ones, indexes on new columns, the view, and when each table was written."""
        self.reject(self._refused)
        self._refused.clear()
        for name in self._reshaped:
            catalog.add_default_indexes(self._connection, name, self._columns[name])
        written = {name for name, count in self._counts.tables.items() if count}
        for name in written - self._tables.noted:
            catalog.describe(self._connection, name, "", "", "adopted")
        self._tables.noted |= written
        self._connection.executemany(
            f'UPDATE _tables SET last_written = {_NOW} WHERE "table" = ? AND "column" = \'\'',
            [(name,) for name in sorted(written)],
        )
        if self._reshaped or not self._has_view():
            tables, _ = catalog.load_tables(self._connection)
            catalog.rebuild_all_events(self._connection, tables.values())
            self._reshaped.clear()
        self._tables.version = self._connection.execute("PRAGMA schema_version").fetchone()[0]

    def _has_view(self) -> bool:
        return self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'all_events'").fetchone() is not None

    def advance(self, cursors: Mapping[str, int]) -> None:
        self._connection.executemany(
            "INSERT INTO _cursors (segment, offset) VALUES (?, ?) ON CONFLICT (segment) "
            f"DO UPDATE SET offset = excluded.offset, updated_at = {_NOW}",
            list(cursors.items()),
        )

    def forget(self, names: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM _cursors WHERE segment = ?", [(name,) for name in names])

    def reject(self, rejects: Iterable[Reject]) -> None:
        self._connection.executemany(
            'INSERT INTO _rejects (source, offset, "table", reason, raw) VALUES (?, ?, ?, ?, ?)',
            [(each.source, each.offset, each.table, each.reason, each.raw) for each in rejects],
        )

    def sources(self) -> list[Source]:
        names = ", ".join(map(catalog.quoted, _SOURCE_FIELDS))
        return [Source(*row) for row in self._connection.execute(f"SELECT {names} FROM _sources ORDER BY id")]

    def save_source(self, source: Source) -> None:
        names = ", ".join(map(catalog.quoted, _SOURCE_FIELDS))
        marks = ", ".join("?" * len(_SOURCE_FIELDS))
        updates = ", ".join(f"{catalog.quoted(name)} = excluded.{catalog.quoted(name)}" for name in _SOURCE_FIELDS)
        self._connection.execute(
            f"INSERT INTO _sources ({names}) VALUES ({marks}) ON CONFLICT (path, device, inode) "
            f"DO UPDATE SET {updates}, updated_at = {_NOW}",
            [getattr(source, name) for name in _SOURCE_FIELDS],
        )


def _unless_refused(error: sqlite3.Error) -> None:
    """Raise the error on, unless it is the table that refuses a row: a constraint, a trigger, a type."""
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_FULL", "SQLITE_IOERR")):
        raise error

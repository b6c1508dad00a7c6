"""One transaction of the SQLite sink: carries out the operations of a batch."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from telemetry_store.ahead import ahead
from telemetry_store.batch import Change, Counts, Create, Declare, Drop, Reject, Rows
from telemetry_store.engines.base import Source, Transaction
from telemetry_store.engines.sqlite import catalogue as catalog
from telemetry_store.engines.sqlite import index as search
from telemetry_store.engines.sqlite.insert import Inserter
from telemetry_store.engines.sqlite.load import begin_load, build_index
from telemetry_store.schema import EventTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from telemetry_store.batch import Chunk, Operation

_SOURCE_FIELDS = tuple(Source.__dataclass_fields__)
_NOW = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00'"


class SqliteTransaction(Transaction):
    """See `Transaction`.

    Args:
        connection: with a write transaction begun.
        tables: what is known of the tables; must be thrown away when this transaction is undone.
    """

    def __init__(self, connection: sqlite3.Connection, tables: catalog.Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._columns = tables.columns
        self._reshaped: set[str] = set()

    @property
    def connection(self) -> sqlite3.Connection:
        """For what only concerns SQLite: what is executed on it belongs to the transaction."""
        return self._connection

    def cursors(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT segment, offset FROM _cursors"))

    def insert(self, chunks: Iterable[Chunk]) -> Counts:
        inserter = Inserter(self._connection, self._tables)
        normaliser = self._tables.normaliser
        for operations in ahead(list(normaliser.operations(chunk)) for chunk in chunks):
            for operation in operations:
                self._carry_out(operation, inserter)
        inserter.flush_all()
        self.reject(inserter.refused)
        self._finish(inserter.counts)
        return inserter.counts

    def _carry_out(self, operation: Operation, inserter: Inserter) -> None:
        match operation:
            case Rows(table=table) | Change(table=table) | Declare(declared=EventTable(name=table)) if (
                table.lower() in self._tables.taken
            ):
                self._refuse(operation, table, inserter)
            case Rows():
                inserter.add(operation)
            case Change(table, column, kind):
                inserter.flush(table)
                widened = column in self._columns[table]
                catalog.add_column(self._connection, table, column, kind, widened=widened)
                self._columns[table].add(column)
                self._reshaped.add(table)
            case Create(table, columns):
                catalog.create_table(self._connection, table, columns)
                self._columns[table] = set(columns)
                self._reshaped.add(table)
            case Declare(source, declared):
                inserter.flush(declared.name)
                self._declare(source, declared, inserter)
            case Drop(source, cause, count):
                self._connection.execute(
                    "INSERT INTO _drops (cause, source, count) VALUES (?, ?, ?)", (cause, source, count)
                )
            case Reject():
                inserter.reject(operation)

    def _refuse(self, operation: Operation, table: str, inserter: Inserter) -> None:
        """What is meant for a view or the like is kept with that reason, and does not stop the rest."""
        reason = f"{table} is a {self._tables.taken[table.lower()]}, not a table"
        if isinstance(operation, Rows):
            for index in operation.indexes:
                offset, raw = operation.chunk.raw(index)
                inserter.reject(Reject(operation.chunk.source, offset, table, reason, raw))
        elif isinstance(operation, Declare):
            inserter.reject(Reject(operation.source, 0, table, reason, repr(operation.declared.as_dict()).encode()))

    def _declare(self, source: str, declared: EventTable, inserter: Inserter) -> None:
        self._connection.execute("SAVEPOINT declaration")
        try:
            catalog.apply_declaration(self._connection, declared, self._columns[declared.name])
            if declared.dedupe_key:
                self._tables.keys[declared.name] = declared.dedupe_key
                self._tables.statements.clear()
        except sqlite3.IntegrityError as error:
            self._connection.execute("ROLLBACK TO declaration")
            reason = f"the declaration's dedupe_key does not hold for the rows that are there: {error}"
            inserter.reject(Reject(source, 0, declared.name, reason, repr(declared.as_dict()).encode()))
        self._connection.execute("RELEASE declaration")
        self._reshaped.add(declared.name)

    def _finish(self, counts: Counts) -> None:
        """After all rows: indexes on new columns, the view, and when each table was written."""
        for name in self._reshaped:
            catalog.add_default_indexes(self._connection, name, self._columns[name])
        written = {name for name, count in counts.tables.items() if count}
        self._take_in(counts.tables)
        for name in written - self._tables.noted:
            catalog.describe(self._connection, name, "", "", "adopted")
        self._tables.noted |= written
        self._connection.executemany(
            f'UPDATE _tables SET last_written = {_NOW} WHERE "table" = ? AND "column" = \'\'',
            [(name,) for name in sorted(written)],
        )
        if self._reshaped or not catalog.exists(self._connection, "all_events"):
            tables, _ = catalog.load_tables(self._connection)
            catalog.rebuild_all_events(self._connection, tables.values())
            self._reshaped.clear()
        self._tables.version = self._connection.execute("PRAGMA schema_version").fetchone()[0]

    def _take_in(self, written: Mapping[str, int]) -> None:
        """Bring the new rows into the search indexes of their tables."""
        if self._tables.searched is None:
            self._tables.searched = search.indexed(self._connection)
        for name in self._tables.searched.keys() & written.keys():
            left = written[name]
            while left > 0 and (taken := search.take_in(self._connection, name, self._tables.searched[name])):
                left -= taken

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

    def take_rejects(self, ids: Sequence[int] | None) -> list[tuple[int, Reject]]:
        chosen = "id IN (SELECT value FROM json_each(?))" if ids is not None else "? IS NULL"
        given = [None if ids is None else json.dumps(list(ids))]
        select = f'SELECT id, source, offset, "table", reason, raw FROM _rejects WHERE {chosen} ORDER BY id'
        taken = [(row[0], Reject(*row[1:])) for row in self._connection.execute(select, given)]
        self._connection.execute(f"DELETE FROM _rejects WHERE {chosen}", given)
        return taken

    def sources(self) -> list[Source]:
        names = ", ".join(catalog.quoted(name) for name in _SOURCE_FIELDS if name != "recent")
        return [Source(*row) for row in self._connection.execute(f"SELECT {names} FROM _sources ORDER BY id")]

    def source(self, path: str, generation: int) -> Source | None:
        names = ", ".join(map(catalog.quoted, _SOURCE_FIELDS))
        select = f"SELECT {names} FROM _sources WHERE path = ? AND generation = ?"
        row = self._connection.execute(select, (path, generation)).fetchone()
        return Source(*row) if row is not None else None

    def save_source(self, source: Source) -> None:
        names = ", ".join(map(catalog.quoted, _SOURCE_FIELDS))
        marks = ", ".join("?" * len(_SOURCE_FIELDS))
        updates = ", ".join(f"{catalog.quoted(name)} = excluded.{catalog.quoted(name)}" for name in _SOURCE_FIELDS)
        self._connection.execute(
            f"INSERT INTO _sources ({names}) VALUES ({marks}) ON CONFLICT (path, generation) "
            f"DO UPDATE SET {updates}, updated_at = {_NOW}",
            [getattr(source, name) for name in _SOURCE_FIELDS],
        )

    def begin_load(self, table: str) -> bool:
        return begin_load(self._connection, table)

    def build_index(self) -> str | None:
        return build_index(self._connection)

"""One transaction of the SQLite sink: carries out the operations of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.ahead import ahead
from telemetry_store.batch import Change, Counts, Create, Declare, Drop, Reject, Rows
from telemetry_store.engines.base import Transaction
from telemetry_store.engines.sqlite import definitions, index
from telemetry_store.engines.sqlite.all_events import rebuild_all_events
from telemetry_store.engines.sqlite.catalogue import load_tables, searched_tables
from telemetry_store.engines.sqlite.insert import Inserter
from telemetry_store.engines.sqlite.ledger import SqliteLedger
from telemetry_store.engines.sqlite.load import begin_load, build_index
from telemetry_store.engines.sqlite.open import IntegrityError
from telemetry_store.engines.sqlite.statements import exists
from telemetry_store.schema import EventTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telemetry_store.batch import Chunk, Operation
    from telemetry_store.engines.sqlite.catalogue import Tables
    from telemetry_store.engines.sqlite.open import Connection


class SqliteTransaction(Transaction):
    """See `Transaction`.

    Args:
        connection: with a write transaction begun.
        tables: what is known of the tables; must be thrown away when this transaction is undone.
    """

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._columns = tables.columns
        self._reshaped: set[str] = set()
        self._ledger = SqliteLedger(connection)

    @property
    def connection(self) -> Connection:
        """For what only concerns SQLite: what is executed on it belongs to the transaction."""
        return self._connection

    @property
    def ledger(self) -> SqliteLedger:
        return self._ledger

    def cursors(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT segment, offset FROM _cursors"))

    def insert(self, chunks: Iterable[Chunk]) -> Counts:
        inserter = Inserter(self._connection, self._tables)
        normaliser = self._tables.normaliser
        for operations in ahead(list(normaliser.operations(chunk)) for chunk in chunks):
            for operation in operations:
                self._carry_out(operation, inserter)
        inserter.flush_all()
        self._ledger.reject(inserter.refused)
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
                definitions.add_column(self._connection, table, column, kind, widened=widened)
                self._columns[table].add(column)
                self._reshaped.add(table)
            case Create(table, columns):
                definitions.create_table(self._connection, table, columns)
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
            definitions.apply_declaration(self._connection, declared, self._columns[declared.name])
            if declared.dedupe_key:
                self._tables.keys[declared.name] = declared.dedupe_key
                self._tables.statements.clear()
        except IntegrityError as error:
            self._connection.execute("ROLLBACK TO declaration")
            reason = f"the declaration's dedupe_key does not hold for the rows that are there: {error}"
            inserter.reject(Reject(source, 0, declared.name, reason, repr(declared.as_dict()).encode()))
        self._connection.execute("RELEASE declaration")
        self._reshaped.add(declared.name)

    def _finish(self, counts: Counts) -> None:
        """After all rows: indexes on new columns, the view, and when each table was written."""
        for name in self._reshaped:
            definitions.add_default_indexes(self._connection, name, self._columns[name])
        written = {name for name, count in counts.tables.items() if count}
        self._take_in(counts.tables)
        for name in written - self._tables.noted:
            definitions.describe(self._connection, name, "", "", "adopted")
        self._tables.noted |= written
        self._connection.executemany(
            f'UPDATE _tables SET last_written = {definitions.NOW} WHERE "table" = ? AND "column" = \'\'',
            [(name,) for name in sorted(written)],
        )
        if self._reshaped or not exists(self._connection, "all_events"):
            tables, _ = load_tables(self._connection)
            rebuild_all_events(self._connection, tables.values())
            self._reshaped.clear()
        self._tables.version = self._connection.execute("PRAGMA schema_version").fetchone()[0]

    def _take_in(self, written: Mapping[str, int]) -> None:
        """Bring the new rows into the search indexes of their tables."""
        if self._tables.searched is None:
            self._tables.searched = searched_tables(self._connection)
        for name in self._tables.searched.keys() & written.keys():
            left = written[name]
            while left > 0 and (taken := index.take_in(self._connection, name, self._tables.searched[name])):
                left -= taken

    def advance(self, cursors: Mapping[str, int]) -> None:
        self._connection.executemany(
            "INSERT INTO _cursors (segment, offset) VALUES (?, ?) ON CONFLICT (segment) "
            f"DO UPDATE SET offset = excluded.offset, updated_at = {definitions.NOW}",
            list(cursors.items()),
        )

    def forget(self, names: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM _cursors WHERE segment = ?", [(name,) for name in names])

    def begin_load(self, table: str) -> bool:
        return begin_load(self._connection, table)

    def go_on_loading(self) -> str | None:
        return build_index(self._connection)

    def make_search_index(self, table: str, columns: tuple[str, ...]) -> None:
        index.make_index(self._connection, table, columns)

    def enter_texts(self, table: str) -> tuple[int, int]:
        taken = index.take_in(self._connection, table, searched_tables(self._connection)[table])
        return taken, index.missing(self._connection, table)

    def drop_search_index(self, table: str) -> None:
        index.drop_index(self._connection, table)

"""One transaction of the SQLite sink: carries out the operations of a batch."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from telemetry_store.ahead import prefetched
from telemetry_store.batch import Declare, Drop, Inserted, Normaliser, Reject, Rows
from telemetry_store.engines.base import Transaction
from telemetry_store.engines.sqlite import definitions, index
from telemetry_store.engines.sqlite.all_events import rebuild_all_events
from telemetry_store.engines.sqlite.catalogue import Tables, load_tables, searched_tables
from telemetry_store.engines.sqlite.insert import Inserter
from telemetry_store.engines.sqlite.ledger import SqliteLedger
from telemetry_store.engines.sqlite.load import begin_load, build_index
from telemetry_store.engines.sqlite.open import IntegrityError
from telemetry_store.engines.sqlite.statements import exists
from telemetry_store.schema import Change, Create

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telemetry_store.batch import Block, Counts, ExtentT, Operation
    from telemetry_store.engines.sqlite.open import Connection


class SqliteTransaction(Transaction):
    """See `Transaction`.

    Attributes:
        connection: with a write transaction begun; what is executed on it belongs to the transaction.
        tables: what is known of the tables, as this transaction leaves them; it holds once that is committed.
    """

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self.connection = connection
        self.tables = tables
        self._ledger = SqliteLedger(connection)

    @property
    def ledger(self) -> SqliteLedger:
        return self._ledger

    def cursors(self) -> dict[str, int]:
        return dict(self.connection.execute("SELECT segment, offset FROM _cursors"))

    def insert(self, blocks: Iterable[Block[ExtentT]]) -> Inserted[ExtentT]:
        inserter = Inserter(self.connection, self.tables)
        normaliser = Normaliser(self.tables.tables, self.tables.taken)
        extents: list[ExtentT] = []
        reshaped: set[str] = set()
        with closing(prefetched((block.extent, list(normaliser.operations(block))) for block in blocks)) as steps:
            for extent, operations in steps:
                for operation in operations:
                    reshaped.update(self._carry_out(operation, inserter))
                extents.append(extent)
        if not extents:  # as most flushes of a query find it
            return Inserted(inserter.counts(), ())
        inserter.flush_all()
        self._ledger.reject(inserter.rejects)
        counts = inserter.counts()
        self._note(counts)
        if reshaped or not exists(self.connection, "all_events"):
            self._reshape(reshaped)
        return Inserted(counts, tuple(extents))

    def _carry_out(self, operation: Operation, inserter: Inserter) -> tuple[str, ...]:
        """Gives the table whose form or declaration was changed."""
        match operation:
            case Rows():
                inserter.add(operation)
            case Change(table, column, kind, widened):
                inserter.flush(table)
                definitions.add_column(self.connection, table, column, kind, widened=widened)
                return (table,)
            case Create(table, columns):
                definitions.create_table(self.connection, table, columns)
                return (table,)
            case Declare(declared=declared):
                inserter.flush(declared.name)
                self._declare(operation, inserter)
                return (declared.name,)
            case Drop(source, cause, count):
                self.connection.execute(
                    "INSERT INTO _drops (cause, source, count) VALUES (?, ?, ?)", (cause, source, count)
                )
            case Reject():
                inserter.rejects.append(operation)
        return ()

    def _declare(self, operation: Declare, inserter: Inserter) -> None:
        declared = operation.declared
        self.connection.execute("SAVEPOINT declaration")
        try:
            definitions.apply_declaration(self.connection, declared, operation.columns)
            if declared.dedupe_key:
                inserter.identify(declared.name, declared.dedupe_key)
        except IntegrityError as error:
            self.connection.execute("ROLLBACK TO declaration")
            reason = f"the declaration's dedupe_key does not hold for the rows that are there: {error}"
            inserter.rejects.append(operation.origin.reject(operation.index, declared.name, reason))
        self.connection.execute("RELEASE declaration")

    def _note(self, counts: Counts) -> None:
        """Note in `_tables` when tables were written, and bring the new rows into the search indexes."""
        written = sorted(name for name, count in counts.tables.items() if count)
        self.connection.executemany(
            "INSERT INTO _tables (\"table\", origin, last_written) VALUES (?, 'adopted', "
            f'{definitions.NOW}) ON CONFLICT ("table", "column") DO UPDATE SET last_written = excluded.last_written',
            [(name,) for name in written],
        )
        if self.tables.searched is None:
            self.tables.searched = searched_tables(self.connection)
        for name in self.tables.searched.keys() & set(written):
            left = counts.tables[name]
            while left > 0 and (taken := index.take_in(self.connection, name, self.tables.searched[name])):
                left -= taken

    def _reshape(self, names: Iterable[str]) -> None:
        """After all rows: indexes on the new columns of these tables, and the view; then look at all of it anew."""
        tables, _ = load_tables(self.connection)
        for name in names:
            definitions.add_default_indexes(self.connection, name, tables[name].columns)
        rebuild_all_events(self.connection)
        self.tables = Tables(self.connection)

    def advance(self, cursors: Mapping[str, int]) -> None:
        self.connection.executemany(
            "INSERT INTO _cursors (segment, offset) VALUES (?, ?) ON CONFLICT (segment) "
            f"DO UPDATE SET offset = excluded.offset, updated_at = {definitions.NOW}",
            list(cursors.items()),
        )

    def forget(self, names: Iterable[str]) -> None:
        self.connection.executemany("DELETE FROM _cursors WHERE segment = ?", [(name,) for name in names])

    def begin_load(self, table: str) -> bool:
        return begin_load(self.connection, table)

    def go_on_loading(self) -> str | None:
        return build_index(self.connection)

    def make_search_index(self, table: str, columns: tuple[str, ...]) -> None:
        index.make_index(self.connection, table, columns)

    def enter_texts(self, table: str) -> tuple[int, int]:
        taken = index.take_in(self.connection, table, searched_tables(self.connection)[table])
        return taken, index.missing(self.connection, table)

    def drop_search_index(self, table: str) -> None:
        index.drop_index(self.connection, table)

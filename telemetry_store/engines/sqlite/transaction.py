"""One transaction of the SQLite sink: carries out the operations of a batch."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from telemetry_store.ahead import ahead
from telemetry_store.batch import Declare, Drop, Inserted, Normaliser, Reject, Rows
from telemetry_store.engines.base import Source, Transaction
from telemetry_store.engines.sqlite import catalogue as catalog
from telemetry_store.engines.sqlite import index as search
from telemetry_store.engines.sqlite.insert import Inserter
from telemetry_store.engines.sqlite.load import begin_load, build_index
from telemetry_store.schema import Change, Create

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from telemetry_store.batch import Block, Counts, ExtentT, Operation

_SOURCE_FIELDS = tuple(Source.__dataclass_fields__)
_NOW = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00'"


class SqliteTransaction(Transaction):
    """See `Transaction`.

    Args:
        connection: with a write transaction begun.
        tables: what is known of the tables.

    Attributes:
        tables: the same, as this transaction leaves it; it holds once the transaction is committed.
    """

    def __init__(self, connection: sqlite3.Connection, tables: catalog.Tables) -> None:
        self._connection = connection
        self.tables = tables

    @property
    def connection(self) -> sqlite3.Connection:
        """For what only concerns SQLite: what is executed on it belongs to the transaction."""
        return self._connection

    def cursors(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT segment, offset FROM _cursors"))

    def insert(self, blocks: Iterable[Block[ExtentT]]) -> Inserted[ExtentT]:
        inserter = Inserter(self._connection, self.tables)
        normaliser = Normaliser(self.tables.tables, self.tables.taken)
        extents: list[ExtentT] = []
        reshaped: set[str] = set()
        with closing(ahead((block.extent, list(normaliser.operations(block))) for block in blocks)) as steps:
            for extent, operations in steps:
                for operation in operations:
                    reshaped.update(self._carry_out(operation, inserter))
                extents.append(extent)
        inserter.flush_all()
        self._keep(inserter.rejects)
        counts = inserter.counts()
        self._note(counts)
        if reshaped or not catalog.exists(self._connection, "all_events"):
            self._reshape(reshaped)
        return Inserted(counts, tuple(extents))

    def _carry_out(self, operation: Operation, inserter: Inserter) -> tuple[str, ...]:
        """Do it; gives the table whose form or declaration it changed."""
        match operation:
            case Rows():
                inserter.add(operation)
            case Change(table, column, kind, widened):
                inserter.flush(table)
                catalog.add_column(self._connection, table, column, kind, widened=widened)
                return (table,)
            case Create(table, columns):
                catalog.create_table(self._connection, table, columns)
                return (table,)
            case Declare(declared=declared):
                inserter.flush(declared.name)
                self._declare(operation, inserter)
                return (declared.name,)
            case Drop(source, cause, count):
                self._connection.execute(
                    "INSERT INTO _drops (cause, source, count) VALUES (?, ?, ?)", (cause, source, count)
                )
            case Reject():
                inserter.rejects.append(operation)
        return ()

    def _declare(self, operation: Declare, inserter: Inserter) -> None:
        declared = operation.declared
        self._connection.execute("SAVEPOINT declaration")
        try:
            catalog.apply_declaration(self._connection, declared, operation.columns)
            if declared.dedupe_key:
                inserter.identify(declared.name, declared.dedupe_key)
        except sqlite3.IntegrityError as error:
            self._connection.execute("ROLLBACK TO declaration")
            reason = f"the declaration's dedupe_key does not hold for the rows that are there: {error}"
            inserter.rejects.append(operation.origin.reject(operation.index, declared.name, reason))
        self._connection.execute("RELEASE declaration")

    def _note(self, counts: Counts) -> None:
        """Say in `_tables` when each table was written, and bring the new rows into the search indexes."""
        written = sorted(name for name, count in counts.tables.items() if count)
        self._connection.executemany(
            "INSERT INTO _tables (\"table\", origin, last_written) VALUES (?, 'adopted', "
            f'{_NOW}) ON CONFLICT ("table", "column") DO UPDATE SET last_written = excluded.last_written',
            [(name,) for name in written],
        )
        if self.tables.searched is None:
            self.tables.searched = search.indexed(self._connection)
        for name in self.tables.searched.keys() & set(written):
            left = counts.tables[name]
            while left > 0 and (taken := search.take_in(self._connection, name, self.tables.searched[name])):
                left -= taken

    def _reshape(self, names: Iterable[str]) -> None:
        """After all rows: indexes on the new columns of these tables, and the view; then look at all of it anew."""
        tables, _ = catalog.load_tables(self._connection)
        for name in names:
            catalog.add_default_indexes(self._connection, name, tables[name].columns)
        catalog.rebuild_all_events(self._connection, tables.values())
        self.tables = catalog.Tables(self._connection)

    def advance(self, cursors: Mapping[str, int]) -> None:
        self._connection.executemany(
            "INSERT INTO _cursors (segment, offset) VALUES (?, ?) ON CONFLICT (segment) "
            f"DO UPDATE SET offset = excluded.offset, updated_at = {_NOW}",
            list(cursors.items()),
        )

    def forget(self, names: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM _cursors WHERE segment = ?", [(name,) for name in names])

    def _keep(self, rejects: Iterable[Reject]) -> None:
        self._connection.executemany(
            'INSERT INTO _rejects (source, offset, "table", reason, raw) VALUES (?, ?, ?, ?, ?)',
            [(reject.source, reject.offset, reject.table, reject.reason, reject.raw) for reject in rejects],
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

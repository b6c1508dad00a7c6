"""The merge itself: what the rehearsal has made is copied into the database in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.all_events import rebuild_all_events
from telemetry_store.engines.sqlite.open import Access, Connection, OperationalError, uri
from telemetry_store.engines.sqlite.shape import Kind, read_schema

from .comparison import content_hash
from .conflicts import count_violations
from .describe import describe
from .failure import MergeFailed
from .journal import MergedKind, records, save
from .rows import copy_rows, set_counter

if TYPE_CHECKING:
    from .hashing import Hashes
    from .journal import MergedTable, MergeRecord
    from .rehearse import Rehearsed

#: The name that the rehearsal is attached under.
_FROM = "rehearsal"


def publish(connection: Connection, rehearsed: Rehearsed, hashes: Hashes) -> MergeRecord:
    """Copy what was rehearsed, compare it, describe it and note it down, in one transaction; gives what is noted.

    Raises:
        MergeFailed: the database has changed since, or a row is not what it was.
    """
    connection.execute(f"ATTACH ? AS {_FROM}", (uri(rehearsed.record.rehearsal, Access.IMMUTABLE),))
    connection.execute("BEGIN IMMEDIATE")
    with connection:  # undoes it all where anything fails
        record = _Publication(connection, rehearsed, hashes).run()
        connection.execute("COMMIT")
    return record


class _Publication:
    def __init__(self, connection: Connection, rehearsed: Rehearsed, hashes: Hashes) -> None:
        self._connection = connection
        self._rehearsed = rehearsed
        self._hashes = hashes
        self._schema = read_schema(connection, _FROM)
        self._shapes = self._schema.by_name

    def run(self) -> MergeRecord:
        record = self._rehearsed.record
        self._check_names(record)
        tables = [table for table in record.tables if not table.is_view]
        self._create([self._shapes[table.name.lower()].sql for table in tables])
        self._create([index.sql for index in self._schema.indexes if index.name in record.indexes])
        for table in tables:
            self._fill(table)
        filled = {table.name.lower() for table in tables}
        for name, number in self._schema.counters:
            if name.lower() in filled:
                set_counter(self._connection, name, number)
        self._create([self._shapes[table.name.lower()].sql for table in record.tables if table.is_view])
        self._create([trigger.sql for trigger in self._schema.triggers if trigger.name in record.triggers])
        record = replace(record, tables=tuple(map(self._judged, record.tables)))
        for table in record.tables:
            describe(self._connection, table, self._shapes[table.name.lower()])
        save(self._connection, record)
        rebuild_all_events(self._connection)
        return records(self._connection)[-1]

    def _check_names(self, record: MergeRecord) -> None:
        """Somebody may have made a table since the rehearsal."""
        present = {name.lower() for (name,) in self._connection.execute("SELECT name FROM sqlite_master")}
        wanted = (*(table.name for table in record.tables), *record.indexes, *record.triggers)
        if taken := [name for name in wanted if name.lower() in present]:
            raise MergeFailed(f"{', '.join(taken)} appeared in the database meanwhile", "run it again to see conflicts")

    def _create(self, statements: list[str]) -> None:
        for sql in statements:
            try:
                self._connection.execute(sql)
            except OperationalError as error:
                raise MergeFailed(f"{error}: {sql}") from error

    def _fill(self, table: MergedTable) -> None:
        names = [table.name]
        if table.kind is MergedKind.VIRTUAL:
            names = [f"{table.name}_{end}" for end in self._rehearsed.shadows[table.name]]
        for name in names:
            shape = self._shapes[name.lower()]
            if shape.kind is Kind.SHADOW:  # it was filled when its virtual table was made
                self._connection.execute(f"DELETE FROM main.{quoted(name)}")
            if not copy_rows(self._connection, shape, f"{_FROM}.{quoted(name)}", f"main.{quoted(name)}"):
                raise MergeFailed(f"{name} has not got the rows that were rehearsed")

    def _judged(self, table: MergedTable) -> MergedTable:
        """The table with the hash of its content; its foreign keys must lead where they led."""
        if table.kind is not MergedKind.TABLE:
            return table
        shape = self._shapes[table.name.lower()]
        now = count_violations(self._connection, table.name) if shape.references else 0
        if now and now != count_violations(self._connection, table.name, _FROM):
            raise MergeFailed(f"{now} foreign keys of {table.name} lead nowhere")
        if table.name in self._rehearsed.altered:
            return replace(table, hash=content_hash(self._connection, shape))
        return replace(table, hash=self._hashes.get(table.path, table.old))  # the rows were compared with these

"""What goes from a source into a sink: chunks of records in, operations on tables out.

Sources (spool segments, old files) make chunks. A `Normaliser` turns them into steps that any sink can carry out in
order; it never touches the sink itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from telemetry_store.columns import rows_of, rows_of_columns
from telemetry_store.errors import TableNameError, TelemetryError
from telemetry_store.event import DECLARE, DROPS
from telemetry_store.rows import RowBuilder, Unfit
from telemetry_store.schema import ColumnType, EventTable, Table, check_table_name
from telemetry_store.timestamps import USUAL_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from telemetry_store.columns import Columns
    from telemetry_store.event import Record
    from telemetry_store.timestamps import TimeRule

RESERVED = frozenset({DECLARE, DROPS})


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records that were read together.

    Attributes:
        source: where they come from: a segment's name or a file's path.
        records: what was read, in order.
        raw: from a record's index to its byte offset in the source and its bytes; called only for rejects.
        exact: the records may hold long integers, lone surrogates or NULs.
        times: where its events say when they were.
        columns: the records taken apart already; `records` is empty then.
    """

    source: str
    records: list[Record]
    raw: Callable[[int], tuple[int, bytes]]
    exact: bool = False
    times: TimeRule = USUAL_TIME
    columns: Columns | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that could not be stored, with everything needed to try again.

    Attributes:
        source: a segment's name or a file's path.
        offset: where it began, in bytes.
        table: the table it was meant for, or an empty string.
        reason: why, in words.
        raw: the bytes as they were.
    """

    source: str
    offset: int
    table: str
    reason: str
    raw: bytes


@dataclass(slots=True)
class Counts:
    """How many records were stored, were there already, or went to `_rejects`."""

    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    tables: dict[str, int] = field(default_factory=dict)

    def __iadd__(self, other: Counts) -> Counts:
        self.stored += other.stored
        self.duplicate += other.duplicate
        self.rejected += other.rejected
        for name, count in other.tables.items():
            self.tables[name] = self.tables.get(name, 0) + count
        return self


@dataclass(frozen=True, slots=True)
class Create:
    """Make a table with these columns."""

    table: str
    columns: dict[str, ColumnType]


@dataclass(frozen=True, slots=True)
class Change:
    """Add a column, or widen the one that is there."""

    table: str
    column: str
    kind: ColumnType


@dataclass(frozen=True, slots=True)
class Declare:
    """Apply a declaration: indexes, the unique key, the documentation; its columns are there already."""

    source: str
    declared: EventTable


@dataclass(frozen=True, slots=True)
class Rows:
    """Insert rows; `indexes` says which record of the chunk each came from."""

    chunk: Chunk
    table: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    indexes: Sequence[int]


@dataclass(frozen=True, slots=True)
class Drop:
    """Note how many events a policy dropped."""

    source: str
    cause: str
    count: int


Operation: TypeAlias = "Create | Change | Declare | Rows | Drop | Reject"


class Normaliser:
    """Turns records into operations, for one sink, over many batches.

    Args:
        tables: what the sink has, by name; kept up to date with what the operations will do.
    """

    def __init__(self, tables: dict[str, Table]) -> None:
        self._builders = {name.lower(): RowBuilder(table) for name, table in tables.items()}

    def operations(self, chunk: Chunk) -> Iterator[Operation]:
        """Yield what a sink has to do for a chunk.

        Rows come by table, in the order of the chunk within each; a declaration comes before what follows it.
        """
        if chunk.columns is not None:
            yield from self._of_columns(chunk, chunk.columns)
            return
        names = {name for name, _, _ in chunk.records}
        if len(names) == 1 and not names & RESERVED:
            yield from self._of_tables(chunk, {names.pop(): range(len(chunk.records))})
            return
        waiting: dict[str, list[int]] = {}
        for index, (name, _, _) in enumerate(chunk.records):
            if name in RESERVED:
                yield from self._of_tables(chunk, waiting)
                waiting.clear()
                yield from self._reserved(chunk, index)
            elif name in waiting:
                waiting[name].append(index)
            else:
                waiting[name] = [index]
        yield from self._of_tables(chunk, waiting)

    def _of_columns(self, chunk: Chunk, columns: Columns) -> Iterator[Operation]:
        builder = self._builders.get(columns.table) or self._builder_of(columns.table)
        rows = rows_of_columns(builder, columns)
        if rows is None:
            yield from self.operations(replace(chunk, records=columns.records(), columns=None))
        else:
            yield from _made(builder)
            yield Rows(chunk, builder.table.name, builder.table.names(), rows, range(len(rows)))

    def _of_tables(self, chunk: Chunk, waiting: Mapping[str, Sequence[int]]) -> Iterator[Operation]:
        for name, indexes in waiting.items():
            try:
                builder = self._builders.get(name) or self._builder_of(name)
            except TableNameError as error:
                yield from (_reject(chunk, index, str(error)) for index in indexes)
                continue
            rows = None
            if not chunk.exact and chunk.times is USUAL_TIME:
                records = [chunk.records[index] for index in indexes] if len(waiting) > 1 else chunk.records
                rows = rows_of(builder, records) if len(records) == len(indexes) else None
            if rows is None:
                yield from _row_by_row(builder, chunk, indexes)
            else:
                yield from _made(builder)
                yield Rows(chunk, builder.table.name, builder.table.names(), rows, indexes)

    def _builder_of(self, name: str) -> RowBuilder:
        """The builder of a table that is new, or that is written with other capitals."""
        known = self._builders.get(name.lower())
        if known is None:
            known = self._builders[name.lower()] = RowBuilder(Table.fresh(check_table_name(name)))
        self._builders[name] = known
        return known

    def _reserved(self, chunk: Chunk, index: int) -> Iterator[Operation]:
        name, _, event = chunk.records[index]
        try:
            if name == DROPS:
                yield Drop(chunk.source, str(event["cause"]), int(event["count"]))
            else:
                yield from self._declare(chunk.source, EventTable.from_dict(event))
        except (TelemetryError, KeyError, TypeError, ValueError) as error:
            yield _reject(chunk, index, f"{type(error).__name__}: {error}")

    def _declare(self, source: str, declared: EventTable) -> Iterator[Operation]:
        builder = self._builder_of(declared.name)
        builder.declare(declared)
        yield from _made(builder)
        yield Declare(source, declared)


def _row_by_row(builder: RowBuilder, chunk: Chunk, indexes: Sequence[int]) -> Iterator[Operation]:
    run: Rows | None = None
    for index in indexes:
        _, nanoseconds, event = chunk.records[index]
        try:
            columns, row = builder.row(nanoseconds, event, chunk.times)
        except Unfit as reason:
            yield _reject(chunk, index, str(reason))
            continue
        if run is None or builder.changes or run.columns != columns:
            if run is not None:
                yield run
            yield from _made(builder)
            places: list[int] = []
            run = Rows(chunk, builder.table.name, columns, [], places)
        run.rows.append(row)
        places.append(index)
    if run is not None:
        yield run


def _made(builder: RowBuilder) -> Iterator[Operation]:
    """The table itself when it is new, else the columns that were added since."""
    changes, builder.changes = builder.changes, []
    table = builder.table
    if table.exists:
        for column, kind in changes:
            yield Change(table.name, column, kind)
    else:
        table.exists = True
        yield Create(table.name, dict(table.columns))


def _reject(chunk: Chunk, index: int, reason: str) -> Reject:
    offset, raw = chunk.raw(index)
    return Reject(chunk.source, offset, chunk.records[index][0], reason, raw)

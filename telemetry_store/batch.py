"""What goes from a source into a sink: blocks of records in, operations on tables out, and what became of them.

Sources are spool segments (a source's name is the segment's) and old files (it is the path). What reading a block
meant travels with it as its extent, through the sink and back to the source, so that nothing has to be remembered on
the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from telemetry_store.columns import Columns, rows_of_columns
from telemetry_store.errors import TableNameError, TelemetryError
from telemetry_store.event import DECLARE, DROPS
from telemetry_store.rows import RowBuilder, Unfit
from telemetry_store.schema import Change, Create, EventTable, check_table_name
from telemetry_store.timestamps import USUAL_TIME, TimeRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from telemetry_store.event import Record
    from telemetry_store.schema import Table

#: Names of records that are no events.
RESERVED = frozenset({DECLARE, DROPS})


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


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of a source that was read at once, from byte to byte; sources have forms of their own that say more.

    Attributes:
        source: a segment's name or a file's path.
        start, end: in bytes.
        rejects: what stood there and is no record.
    """

    source: str
    start: int
    end: int
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the records of a chunk stand.

    Attributes:
        raw: from a record's index to its byte offset in the source and its bytes; called only for rejects.
    """

    source: str
    raw: Callable[[int], tuple[int, bytes]]

    def reject(self, index: int, table: str, reason: str) -> Reject:
        """What becomes of a record that cannot be stored."""
        offset, raw = self.raw(index)
        return Reject(self.source, offset, table, reason, raw)

    def of(self, indexes: Sequence[int]) -> Origin:
        """Where these of the records stand."""
        raw = self.raw
        return Origin(self.source, lambda index: raw(indexes[index]))


@dataclass(frozen=True, slots=True)
class ColumnChunk:
    """Ordinary events of one table, taken apart: it is clear when each was, and no value needs a second look.

    Attributes:
        origin: where they stand.
        columns: the events.
        records: gives them as records, for a table that needs each for itself; putting them together again costs.
    """

    origin: Origin
    columns: Columns
    records: Callable[[], Sequence[Record]]


@dataclass(frozen=True, slots=True)
class RecordChunk:
    """Records that are made rows one by one, whatever is in them.

    Attributes:
        records: in order, of any tables, reserved ones among them.
        times: where their events say when they were.
    """

    origin: Origin
    records: Sequence[Record]
    times: TimeRule = USUAL_TIME

    def apart(self, table: str) -> Chunk:
        """The same, taken apart where it is ordinary events of this table, without long integers or lone surrogates."""
        if self.records and self.times is USUAL_TIME:
            _, stamps, events = zip(*self.records, strict=True)
            columns = Columns.of(table, stamps, events)
            if columns.is_timed():
                return ColumnChunk(self.origin, columns, lambda: self.records)
        return self


Chunk: TypeAlias = ColumnChunk | RecordChunk
ExtentT = TypeVar("ExtentT", bound=Extent)


@dataclass(frozen=True, slots=True)
class Block(Generic[ExtentT]):
    """What was read at once: what reading it meant, and the records that it gave.

    Attributes:
        extent: what to go on from once the records are stored.
        chunks: the records, to be looked at once; none where the extent says it all.
    """

    extent: ExtentT
    chunks: Iterable[Chunk] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records were stored (and in which table), were there already, or went to `_rejects`."""

    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    tables: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        names = self.tables.keys() | other.tables.keys()
        return Counts(
            self.stored + other.stored,
            self.duplicate + other.duplicate,
            self.rejected + other.rejected,
            {name: self.tables.get(name, 0) + other.tables.get(name, 0) for name in names},
        )


@dataclass(frozen=True, slots=True)
class Inserted(Generic[ExtentT]):
    """What a batch did.

    Attributes:
        counts: of all its records together, and of what its extents reject. A statement inserts rows of several
            blocks, so what a unique key dropped belongs to the batch and to none of them.
        extents: of the blocks that were taken, in order.
    """

    counts: Counts
    extents: tuple[ExtentT, ...]


@dataclass(frozen=True, slots=True)
class Declare:
    """Apply a declaration, under the table's own name; all of the table's columns are there by now."""

    origin: Origin
    index: int
    declared: EventTable
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Insert rows; `indexes` says which record of the chunk each came from.

    It holds no chunk: rows wait for others of their table, and the records that they were made of need not.
    """

    origin: Origin
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


Operation: TypeAlias = Create | Change | Declare | Rows | Drop | Reject


def chunks_of(origin: Origin, records: Sequence[Record]) -> Iterator[Chunk]:
    """Records as chunks: the ordinary events of each table taken apart, and the others as they are.

    Each is made when it is asked for, so that few of them are there at once, however many tables there are.

    Args:
        origin: where they stand.
        records: without long integers, lone surrogates and NULs.
    """
    for name, indexes in _by_table(records):
        if len(indexes) == len(records):
            chunk = RecordChunk(origin, records)
        else:
            chunk = RecordChunk(origin.of(indexes), [records[index] for index in indexes])
        yield chunk if name in RESERVED else chunk.apart(name)


def _by_table(records: Sequence[Record]) -> Iterator[tuple[str, Sequence[int]]]:
    """Table → the indexes of its records, in order; a reserved record stands alone, after all that are before it."""
    names = {name for name, _, _ in records}
    if len(names) == 1 and not names & RESERVED:
        yield names.pop(), range(len(records))
        return
    waiting: dict[str, list[int]] = {}
    for index, (name, _, _) in enumerate(records):
        if name in RESERVED:
            yield from waiting.items()
            waiting = {}
            yield name, (index,)
        elif name in waiting:
            waiting[name].append(index)
        else:
            waiting[name] = [index]
    yield from waiting.items()


class Normaliser:
    """Turns records into operations that a sink can carry out in order, within one transaction.

    Args:
        tables: what the sink has, by name in small letters.
        taken: other names in small letters, and what has them, such as a view: no event table can be made there.
    """

    def __init__(self, tables: Mapping[str, Table], taken: Mapping[str, str]) -> None:
        self._tables = tables
        self._taken = taken
        self._builders: dict[str, RowBuilder] = {}

    def operations(self, block: Block[Any]) -> Iterator[Operation]:
        """Yield what a sink has to do for a block.

        Rows come by table, in the order of the chunk within each; a declaration comes before what follows it.
        """
        yield from block.extent.rejects
        for chunk in block.chunks:
            if isinstance(chunk, ColumnChunk):
                yield from self._of_columns(chunk)
            else:
                yield from self._of_records(chunk)

    def _of_columns(self, chunk: ColumnChunk) -> Iterator[Operation]:
        columns = chunk.columns
        try:
            builder = self._builder_of(columns.table)
        except TableNameError:
            builder = None  # which is said of each record
        if builder is None or (full := rows_of_columns(builder, columns)) is None:
            yield from self._of_records(RecordChunk(chunk.origin, chunk.records()))
        else:
            changes, rows = full
            yield from changes
            yield Rows(chunk.origin, builder.table.name, builder.names, rows, range(len(rows)))

    def _of_records(self, chunk: RecordChunk) -> Iterator[Operation]:
        for name, indexes in _by_table(chunk.records):
            try:
                if name in RESERVED:
                    yield from self._reserved(chunk, indexes[0])
                else:
                    yield from _one_by_one(self._builder_of(name), chunk, indexes)
            except TableNameError as error:
                yield from (chunk.origin.reject(index, name, str(error)) for index in indexes)

    def _builder_of(self, name: str) -> RowBuilder:
        """The builder of a table, in whatever capitals; TableNameError where there can be none."""
        if (builder := self._builders.get(name)) is not None:
            return builder
        lower = name.lower()
        if lower in self._taken:
            raise TableNameError(f"{name} is a {self._taken[lower]}, not a table")
        builder = self._builders.get(lower)
        if builder is None:
            known = self._tables.get(lower)
            builder = RowBuilder(known.name if known is not None else check_table_name(name), known)
        self._builders[lower] = self._builders[name] = builder
        return builder

    def _reserved(self, chunk: RecordChunk, index: int) -> Iterator[Operation]:
        name, _, event = chunk.records[index]
        try:
            if name == DROPS:
                yield Drop(chunk.origin.source, str(event["cause"]), int(event["count"]))
            else:
                declared = EventTable.from_dict(event)
                builder = self._builder_of(declared.name)
                yield from builder.take(builder.table.declared(declared))
                yield Declare(chunk.origin, index, replace(declared, name=builder.table.name), builder.names)
        except (TelemetryError, KeyError, TypeError, ValueError) as error:
            yield chunk.origin.reject(index, name, f"{type(error).__name__}: {error}")


def _one_by_one(builder: RowBuilder, chunk: RecordChunk, indexes: Sequence[int]) -> Iterator[Operation]:
    run: Rows | None = None
    for index in indexes:
        name, nanoseconds, event = chunk.records[index]
        try:
            changes, names, row = builder.row(nanoseconds, event, chunk.times)
        except Unfit as reason:
            yield chunk.origin.reject(index, name, str(reason))
            continue
        if run is None or changes or run.columns != names:
            if run is not None:
                yield run
            yield from changes
            places: list[int] = []
            run = Rows(chunk.origin, builder.table.name, names, [], places)
        run.rows.append(row)
        places.append(index)
    if run is not None:
        yield run

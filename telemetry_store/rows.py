"""Makes rows of one table from events: a general way for any event, and a compiled one for each shape of event.

The shape is the keys of an event and the types of their values. Telemetry has few shapes, so nearly every event takes
the compiled way; both give the same row, and a property test holds them to it.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from .schema import METADATA, MOST_COLUMNS, RESERVED, ColumnType, Table, fits, is_identifier, metadata_text, type_of
from .timestamps import TIME_FIELDS, canonical, from_nanoseconds, is_canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from .schema import EventTable

#: The columns that are filled, and their values.
Row: TypeAlias = "tuple[tuple[str, ...], tuple[Any, ...]]"
_INT64 = (1 << 63) - 1
_EXACT_IN_REAL = 1 << 53


class Unfit(Exception):  # noqa: N818 - it is a reason, not a fault
    """The table does not take this event; the text says why."""


class RowBuilder:
    """Makes the rows of one table.

    Args:
        table: what is known of the table; columns are added to it as new keys appear.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        #: Columns that were added or widened since somebody last took this list, in order.
        self.changes: list[tuple[str, ColumnType]] = []
        self._plans: dict[tuple[Any, ...], Callable[[int, dict[str, Any]], Row]] = {}
        self._forget_plans()

    def _forget_plans(self) -> None:
        self._plans.clear()
        self._names = self.table.names()
        self._lower = {name.lower() for name in self.table.columns}

    def row(self, nanoseconds: int, event: dict[str, Any]) -> Row:
        """The row of an event without long integers, lone surrogates and NULs.

        Args:
            nanoseconds: when it was recorded, since 1970; counts where the event has no time field.
            event: the event, in JSON's types.

        Raises:
            Unfit: the table does not take it.
        """
        shape = (*event, *map(type, event.values()))
        plan = self._plans.get(shape)
        if plan is None:
            self._admit(event, self._time_of(event)[0])
            plan = self._plans[shape] = self._compile(event)
        return plan(nanoseconds, event)

    def exact_row(self, nanoseconds: int, event: dict[str, Any]) -> Row:
        """The row of any event; the same, and slower."""
        table = self.table
        chosen, stamp = self._time_of(event)
        self._admit(event, chosen)
        filled: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in event.items():
            if value is None:
                continue
            kind = self._slot(key)
            if kind is not None and fits(kind, value):
                filled[key] = value
            elif key != table.time or value != stamp:
                extra[key] = value
        self._check(event, extra)
        if table.time is not None:
            filled[table.time] = stamp or from_nanoseconds(nanoseconds)
            if event.get(table.time) is None:
                extra[table.time] = None
        if table.metadata is not None:
            filled[table.metadata] = metadata_text(extra)
        if table.sparse:
            return tuple(filled), tuple(filled.values())
        return self._names, tuple(map(filled.get, self._names))

    def declare(self, declared: EventTable) -> None:
        """Take over a declaration: its columns that are not there yet, its policy and its key."""
        for name, kind in declared.columns.items():
            if name.lower() not in self._lower:
                self._change(name, ColumnType(kind))
        self.table.new_keys = declared.new_keys or self.table.new_keys
        self._forget_plans()

    def _time_of(self, event: dict[str, Any]) -> tuple[str | None, str | None]:
        """The field that holds the event's time, and its canonical text."""
        table = self.table
        if table.time is None:
            return None, None
        for name in (table.time, *TIME_FIELDS):
            if (value := event.get(name)) is not None and (stamp := canonical(value)) is not None:
                return name, stamp
        return None, None

    def _slot(self, key: str) -> ColumnType | None:
        """The type of the column that takes this key, if one does."""
        return None if key == self.table.time or key == self.table.metadata else self.table.columns.get(key)

    def _admit(self, event: dict[str, Any], chosen: str | None) -> None:
        """Add the columns that this event's keys want, and widen whole numbers to fractions."""
        table = self.table
        if table.new_keys != "evolve":
            return
        for key, value in event.items():
            known = table.columns.get(key)
            if known is None:
                self._add_column(key, value, chosen)
            elif known is ColumnType.INTEGER and type(value) is float and fits(ColumnType.REAL, value):
                self._change(key, ColumnType.REAL)

    def _add_column(self, key: str, value: Any, chosen: str | None) -> None:
        kind = type_of(value)
        if (
            kind is not None
            and key != chosen
            and fits(kind, value)
            and len(self.table.columns) < MOST_COLUMNS + 2
            and is_identifier(key)
            and key.lower() not in self._lower
            and key.lower() not in RESERVED
        ):
            self._change(key, kind)

    def _change(self, key: str, kind: ColumnType) -> None:
        columns = self.table.columns
        metadata = columns.pop(METADATA, None) if key not in columns else None
        columns[key] = kind
        if metadata is not None:
            columns[METADATA] = metadata  # stays last
        self.changes.append((key, kind))
        self._forget_plans()

    def _check(self, event: dict[str, Any], extra: dict[str, Any]) -> None:
        table = self.table
        if table.new_keys == "freeze":
            unknown = [key for key in event if key not in table.columns]
            if unknown:
                raise Unfit(f"{table.name} is frozen and has no column for {', '.join(unknown)}")
        if table.metadata is None and extra:
            raise Unfit(f"{table.name} has no {METADATA} column for what has no other: {', '.join(extra)}")

    def _compile(self, event: dict[str, Any]) -> Callable[[int, dict[str, Any]], Row]:
        """A function for this shape of event, made once."""
        table = self.table
        simple = (
            not table.sparse
            and table.time is not None
            and table.metadata is not None
            and table.new_keys != "freeze"
            and self._time_of(event)[0] in (table.time, None)
            and all(name not in event for name in TIME_FIELDS if name != table.time)
        )
        return _compiled(self, event) if simple else self.exact_row


def _compiled(builder: RowBuilder, event: dict[str, Any]) -> Callable[[int, dict[str, Any]], Row]:
    """The row function of a shape whose time, if it has one, is in the table's own time column."""
    table, names, exact = builder.table, builder.table.names(), builder.exact_row
    keys = list(event)
    timed = keys.index(table.time) if table.time in keys else -1
    ranges: list[tuple[int, int]] = []
    places: dict[str, int] = {}
    extras: list[tuple[str, int]] = []
    for index, (key, value) in enumerate(event.items()):
        kind = None if key in (table.time, table.metadata) else table.columns.get(key)
        if kind is not None and _always_fits(kind, value):
            places[key] = index
            if type(value) is int or type(value) is float:
                ranges.append((index, _EXACT_IN_REAL if _is_int_in_real(kind, value) else _INT64))
        elif value is not None and index != timed:
            extras.append((key, index))
    nothing, stamped, described = len(keys), len(keys) + 1, len(keys) + 2
    places |= {str(table.time): stamped, str(table.metadata): described}
    pick = itemgetter(*(places.get(name, nothing) for name in names))
    hidden = {str(table.time): None}

    def row(nanoseconds: int, event: dict[str, Any]) -> Row:
        values = [*event.values()]
        for index, limit in ranges:
            if not -limit <= values[index] <= limit:
                return exact(nanoseconds, event)
        if timed >= 0:
            stamp = values[timed]
            if type(stamp) is not str or not is_canonical(stamp):
                return exact(nanoseconds, event)
            extra = {key: values[index] for key, index in extras}
        else:
            stamp = from_nanoseconds(nanoseconds)
            extra = {key: values[index] for key, index in extras} | hidden
        values += (None, stamp, metadata_text(extra))
        return names, pick(values)

    return row


def _always_fits(kind: ColumnType, value: Any) -> bool:
    """Tell whether every value of this type fits the column, apart from the size of numbers and odd characters."""
    own = type_of(value)
    return own is not None and (own is kind or (own is ColumnType.INTEGER and kind is ColumnType.REAL))


def _is_int_in_real(kind: ColumnType, value: Any) -> bool:
    return kind is ColumnType.REAL and type(value) is int

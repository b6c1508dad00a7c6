"""Makes rows of one table from events, one event at a time; `columns.py` does the same for many at once.

Both give the same rows, and a property test holds them to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from telemetry_store.schema import (
    METADATA,
    MOST_COLUMNS,
    RESERVED,
    ColumnType,
    Table,
    fits,
    is_identifier,
    metadata_text,
    type_of,
)
from telemetry_store.timestamps import USUAL_TIME, from_nanoseconds

if TYPE_CHECKING:
    from telemetry_store.schema import EventTable
    from telemetry_store.timestamps import TimeRule

#: The columns that are filled, and their values.
Row: TypeAlias = "tuple[tuple[str, ...], tuple[Any, ...]]"


class Unfit(Exception):
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
        self._renew()

    def _renew(self) -> None:
        self._names = self.table.names()
        self._lower = {name.lower() for name in self.table.columns}

    def row(self, nanoseconds: int, event: dict[str, Any], times: TimeRule = USUAL_TIME) -> Row:
        """The row of an event.

        Args:
            nanoseconds: when it was recorded, since 1970; counts where the event has no time field.
            event: the event, in JSON's types.
            times: where the event says when it was.

        Raises:
            Unfit: the table does not take it.
        """
        table = self.table
        chosen, stamp = times.find(event, table.time) if table.time is not None else (None, None)
        self._admit(event, chosen)
        filled: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in event.items():
            if value is None:
                continue
            kind = self.slot(key)
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
        self._renew()

    def slot(self, key: str) -> ColumnType | None:
        """The type of the column that takes this key, if one does."""
        return None if key in (self.table.time, self.table.metadata) else self.table.columns.get(key)

    def _admit(self, event: dict[str, Any], chosen: str | None) -> None:
        """Add the columns that this event's keys want, and widen whole numbers to fractions."""
        table = self.table
        for key, value in event.items():
            if key != chosen or key in table.columns:
                self.admit(key, value)

    def admit(self, key: str, value: Any) -> None:
        """Add the column that this value wants, or widen the one it has, where the table allows it."""
        known = self.table.columns.get(key)
        if self.table.new_keys != "evolve":
            return
        if known is None:
            self._add_column(key, value)
        elif known is ColumnType.INTEGER and type(value) is float and fits(ColumnType.REAL, value):
            self._change(key, ColumnType.REAL)

    def _add_column(self, key: str, value: Any) -> None:
        kind = type_of(value)
        if (
            kind is not None
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
        self._renew()

    def _check(self, event: dict[str, Any], extra: dict[str, Any]) -> None:
        table = self.table
        if table.new_keys == "freeze":
            unknown = [key for key in event if key not in table.columns]
            if unknown:
                raise Unfit(f"{table.name} is frozen and has no column for {', '.join(unknown)}")
        if table.metadata is None and extra:
            raise Unfit(f"{table.name} has no {METADATA} column for what has no other: {', '.join(extra)}")

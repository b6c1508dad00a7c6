"""Makes rows of one table from events, one event at a time; `columns.py` does the same for many at once.

Both give the same rows, and a property test holds them to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from telemetry_store.schema import METADATA, Change, ColumnType, Create, Table, fits, metadata_text
from telemetry_store.timestamps import USUAL_TIME, from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry_store.timestamps import TimeRule

#: What has to be done to the table first.
Changes: TypeAlias = "Sequence[Create | Change]"
#: That, the columns that are filled, and their values.
Row: TypeAlias = "tuple[Changes, tuple[str, ...], tuple[Any, ...]]"


class Unfit(Exception):
    """The table does not take this event; the text says why."""


class RowBuilder:
    """Makes the rows of one table, within one transaction.

    Args:
        name: of the table.
        known: the table as the sink has it; None when it is not there yet.

    Attributes:
        table: what it is once the changes are carried out that were given back so far.
        names: its columns, in the order of a full row.
    """

    def __init__(self, name: str, known: Table | None) -> None:
        self._known = known
        self.table = known or Table.fresh(name)
        self.names, self._slots = tuple(self.table.columns), _slots(self.table)

    def take(self, table: Table) -> Changes:
        """Go on with the table in this form; gives what has to be done for it, the making of a new one included."""
        if table is self._known:
            return ()
        changes = table.changes(self._known)
        self._known = self.table = table
        self.names, self._slots = tuple(table.columns), _slots(table)
        return changes

    def row(self, nanoseconds: int, event: dict[str, Any], times: TimeRule = USUAL_TIME) -> Row:
        """The row of an event, and the columns that it adds or widens.

        Args:
            nanoseconds: when it was recorded, since 1970; counts where the event has no time field.
            event: in JSON's types; a null is the same as no key.
            times: where the event says when it was.

        Raises:
            Unfit: the table does not take it, and stays as it is.
        """
        time = self.table.time
        field, stamp = times.find(event, time) if time is not None else (None, None)
        table = _admitting(self.table, event, field)
        slots = self._slots if table is self.table else _slots(table)
        filled: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in event.items():
            if value is None:
                continue
            kind = slots.get(key)
            if kind is not None and fits(kind, value):
                filled[key] = value
            elif key != time or value != stamp:
                extra[key] = value
        _check(table, event, extra)
        if time is not None:
            filled[time] = stamp or from_nanoseconds(nanoseconds)
            if event.get(time) is None:
                extra[time] = None
        if table.metadata is not None:
            filled[table.metadata] = metadata_text(extra)
        changes = self.take(table)
        names = tuple(filled) if table.sparse else self.names
        return changes, names, tuple(map(filled.get, names))


def _slots(table: Table) -> dict[str, ColumnType]:
    """The columns that take a key of their name, and their types."""
    return {name: kind for name, kind in table.columns.items() if name not in (table.time, table.metadata)}


def _admitting(table: Table, event: dict[str, Any], field: str | None) -> Table:
    """The table with the columns that this event's keys want; the field of its time wants none."""
    if table.new_keys == "evolve":
        for key, value in event.items():
            known = table.columns.get(key)
            if (known is None and key != field) or (known is ColumnType.INTEGER and type(value) is float):
                table = table.admitting(key, value)
    return table


def _check(table: Table, event: dict[str, Any], extra: dict[str, Any]) -> None:
    if table.new_keys == "freeze":
        unknown = [key for key, value in event.items() if value is not None and key not in table.columns]
        if unknown:
            raise Unfit(f"{table.name} is frozen and has no column for {', '.join(unknown)}")
    if table.metadata is None and extra:
        raise Unfit(f"{table.name} has no {METADATA} column for what has no other: {', '.join(extra)}")

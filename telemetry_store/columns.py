"""Makes rows of one table from many events at once, column by column.

What a column holds is checked for all events together (the types that occur, the largest number, the texts of the
times), so the interpreter does little per event. Where something is out of the ordinary, the events take the way of
`rows.py`.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from orjson import dumps, loads

from telemetry_store.schema import EXACT_IN_REAL, METADATA, TIME, ColumnType, fits, metadata_text
from telemetry_store.timestamps import LENGTH, TIME_FIELDS, from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry_store.event import Record
    from telemetry_store.rows import Changes, RowBuilder
    from telemetry_store.schema import Table

_INT64 = (1 << 63) - 1
#: Type of values, type of their column → the largest of them that surely fits; for floats see `schema.fits`.
_LIMITS = {
    (int, ColumnType.INTEGER): _INT64,
    (int, ColumnType.REAL): EXACT_IN_REAL,
    (float, ColumnType.REAL): EXACT_IN_REAL,
}
#: How orjson writes the end of a number from 10^18 on, if a digit stands before it.
_LARGE_FLOAT = re.compile(r"e\+?(?:1[89]|[2-9]\d|\d{3})[,}\]]")
#: Where the canonical form of a time has the same letter in all times.
_FIXED = ((10, "T"), (19, "."), *enumerate("+00:00", 26))
_NULL = type(None)
_NESTED = frozenset({dict, list})


@dataclass(frozen=True, slots=True)
class Columns:
    """Events of one table taken apart, as far as that can be done without knowing the table.

    Attributes:
        stamps: nanoseconds since 1970, for events without a time field.
        values: key → its values in all events, None where an event lacks it.
        kinds: key → the types of its values, without None's.
        canonical: whether `timestamp` is in every event and in the canonical form.
        written: the key whose nested values are what goes to `metadata_json`, if it is the only one: in `values` they
            are written already, as the text of an object with this one key. That saves a tenth of an import.
    """

    table: str
    stamps: Sequence[int]
    values: dict[str, Sequence[Any]]
    kinds: dict[str, frozenset[type]]
    canonical: bool
    written: str

    @classmethod
    def of(cls, table: str, stamps: Sequence[int], events: Sequence[dict[str, Any]]) -> Columns:
        """Take events apart: at least one, without long integers, lone surrogates and NULs."""
        values = _by_key(events)
        kinds = {key: frozenset({*map(type, column)} - {_NULL}) for key, column in values.items()}
        canonical = TIME in values and _all_canonical(values[TIME])
        nested = [key for key, types in kinds.items() if types and types <= _NESTED]
        written = nested[0] if canonical and len(nested) == 1 and None not in values[nested[0]] else ""
        if written:
            try:
                values[written] = _texts(written, values[written])
            except TypeError:  # numbers beyond 64 bits, which the other way can write
                written = ""
        return cls(table, stamps, values, kinds, canonical, written)

    def is_timed(self) -> bool:
        """Whether it is clear when each event was: each says so in the canonical form, or none says anything."""
        return self.canonical or not any(name in self.values for name in TIME_FIELDS)

    def may_be_rounded(self) -> bool:
        """Whether there are numbers so large that orjson may have made them of integers with more than 64 bits.

        Also where that is not to be seen, since the values are nested too deep to be written.
        """
        for key, kinds in self.kinds.items():
            column = self.values[key]
            if float in kinds:
                numbers = [value for value in column if type(value) is float]
                if max(numbers) >= _INT64 or min(numbers) <= -_INT64:
                    return True
            if kinds & _NESTED:
                try:
                    text = "".join(column) if key == self.written else dumps(column).decode()
                except TypeError:
                    return True
                if any(text[end.start() - 1].isdigit() for end in _LARGE_FLOAT.finditer(text)):
                    return True
        return False

    def unwritten(self) -> Sequence[Any]:
        """The values of the key that is written already."""
        return [loads(text)[self.written] for text in self.values[self.written]]

    def records(self) -> list[Record]:
        """The events put together again, without what is null."""
        values = self.values | ({self.written: self.unwritten()} if self.written else {})
        events = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
        if any(None in column for column in values.values()):
            events = [{key: value for key, value in event.items() if value is not None} for event in events]
        events = events or [{} for _ in self.stamps]
        return list(zip(repeat(self.table), self.stamps, events, strict=False))


def rows_of_columns(builder: RowBuilder, columns: Columns) -> tuple[Changes, list[tuple[Any, ...]]] | None:
    """Full rows of these events, in the order of the table's columns, and what has to be done to the table first.

    None where they need `RowBuilder.row`, for the sake of the table or of their times.
    """
    table, values, count = builder.table, columns.values, len(columns.stamps)
    if not (_takes_columns(table) and columns.is_timed()):
        return None
    times = values.get(TIME)
    hidden: dict[str, None] = {}
    if times is None:
        times = [from_nanoseconds(stamp) for stamp in columns.stamps]
        hidden = {TIME: None}
    filled: dict[str, Sequence[Any]] = {}
    extra: dict[str, Sequence[Any]] = {}
    for key, column in values.items():
        if key == columns.written:
            extra[key] = column
        elif key != TIME:
            table = _place(table, key, column, columns.kinds[key], filled, extra)
    filled[TIME] = times
    if columns.written and len(extra) == 1:
        filled[METADATA] = values[columns.written]
    else:
        if columns.written:
            extra[columns.written] = columns.unwritten()
        filled[METADATA] = _metadata(extra, hidden, count)
    empty = (None,) * count
    rows = list(zip(*(filled.get(name, empty) for name in table.columns), strict=True))
    return builder.take(table), rows


def _takes_columns(table: Table) -> bool:
    return not table.sparse and table.time == TIME and table.metadata == METADATA and table.new_keys != "freeze"


def _by_key(events: Sequence[dict[str, Any]]) -> dict[str, Sequence[Any]]:
    first = events[0]
    if len(first) > 1 and {*map(len, events)} == {len(first)}:
        with contextlib.suppress(KeyError):  # as many keys, but others
            return dict(zip(first, zip(*map(itemgetter(*first), events), strict=True), strict=True))
    keys = dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, events))))
    return {key: [event.get(key) for event in events] for key in keys}


def _all_canonical(texts: Sequence[Any]) -> bool:
    if {*map(type, texts)} != {str} or {*map(len, texts)} != {LENGTH}:
        return False
    joined = "".join(texts)
    # where all texts have the same length, a slice has the letters that stand at one place in each of them
    if any(joined[place::LENGTH] != letter * len(texts) for place, letter in _FIXED):
        return False
    try:
        deque(map(datetime.fromisoformat, texts), maxlen=0)
    except ValueError:
        return False
    return True


def _place(
    table: Table,
    key: str,
    column: Sequence[Any],
    kinds: frozenset[type],
    filled: dict[str, Sequence[Any]],
    extra: dict[str, Sequence[Any]],
) -> Table:
    """Put a key's values into its column, into `metadata_json`, or some here and some there; gives the table for it."""
    if not kinds:  # nulls only
        return table
    known = table.columns.get(key)
    if (known is None and not kinds <= _NESTED) or (known is ColumnType.INTEGER and float in kinds):
        for value in column:
            table = table.admitting(key, value)
    kind = None if key == METADATA else table.columns.get(key)
    if kind is None:
        extra[key] = column
    elif _all_fit(kind, kinds, column):
        filled[key] = column
    else:
        filled[key] = inside = [value if fits(kind, value) else None for value in column]
        extra[key] = [value if own is None else None for value, own in zip(column, inside, strict=True)]
    return table


def _all_fit(kind: ColumnType, kinds: frozenset[type], column: Sequence[Any]) -> bool:
    """Tell at a glance whether all values fit; False means that some may not."""
    if len(kinds) > 1:
        return False
    (only,) = kinds
    if only is str or only is bool:
        return kind is (ColumnType.TEXT if only is str else ColumnType.BOOLEAN)
    limit = _LIMITS.get((only, kind))
    if limit is None:
        return False
    numbers: Any = column if None not in column else [value for value in column if value is not None]
    return bool(-limit <= min(numbers) and max(numbers) <= limit)


def _metadata(extra: dict[str, Sequence[Any]], hidden: dict[str, None], count: int) -> Sequence[str | None]:
    if not extra:
        return (metadata_text({**hidden}),) * count
    if len(extra) == 1:  # as most often
        ((name, column),) = extra.items()
        return [metadata_text({name: value, **hidden} if value is not None else {**hidden}) for value in column]
    return [
        metadata_text({name: value for name, value in zip(extra, row, strict=True) if value is not None} | hidden)
        for row in zip(*extra.values(), strict=True)
    ]


def _texts(name: str, column: Sequence[Any]) -> list[str]:
    """The text of an object with this one key for each value; all are written at once and cut apart."""
    together = dumps([{name: value} for value in column])[1:-1]
    key = dumps(name)
    texts = together.replace(b"},{" + key + b":", b"}\n{" + key + b":").decode().split("\n")
    if len(texts) == len(column):
        return texts
    return [dumps({name: value}).decode() for value in column]  # the same key stands in the values, nested

"""Makes rows of one table from many events at once, column by column.

What a column holds is checked for all events together (the types that occur, the largest number, the texts of the
times), so the interpreter does little per event. Where something is out of the ordinary, `rows_of` gives nothing, and
the events take the way of `rows.py`.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from orjson import dumps

from .schema import ColumnType, fits, metadata_text
from .timestamps import LENGTH, TIME_FIELDS, from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .event import Record
    from .rows import RowBuilder

_INT64 = (1 << 63) - 1
_EXACT_IN_REAL = 1 << 53
_NULL = type(None)
_NESTED = frozenset({dict, list})


def rows_of(builder: RowBuilder, records: Sequence[Record]) -> list[tuple[Any, ...]] | None:
    """Full rows of these records, in the order of the table's columns; None where they need `RowBuilder.row`.

    Args:
        builder: of the one table that all records are for; columns are added to it as new keys appear.
        records: at least one, without long integers, lone surrogates and NULs.
    """
    table = builder.table
    if table.sparse or table.time is None or table.metadata is None or table.new_keys == "freeze":
        return None
    values = _by_key([event for _, _, event in records])
    times = values.pop(table.time, None)
    if times is not None:
        if not _all_canonical(times):
            return None
        hidden: dict[str, None] = {}
    elif any(name in values for name in TIME_FIELDS):
        return None
    else:
        times = [from_nanoseconds(stamp) for _, stamp, _ in records]
        hidden = {table.time: None}
    filled: dict[str, Sequence[Any]] = {}
    extra: dict[str, Sequence[Any]] = {}
    for key, column in values.items():
        _place(builder, key, column, filled, extra)
    filled[table.time] = times
    filled[table.metadata] = _metadata(extra, hidden, len(records))
    empty = (None,) * len(records)
    return list(zip(*(filled.get(name, empty) for name in table.columns), strict=True))


def _by_key(events: list[dict[str, Any]]) -> dict[str, Sequence[Any]]:
    """Key → its values in all events, None where an event lacks it."""
    first = events[0]
    if len(first) > 1 and {*map(len, events)} == {len(first)}:
        with contextlib.suppress(KeyError):  # as many keys, but others
            return dict(zip(first, zip(*map(itemgetter(*first), events), strict=True), strict=True))
    keys = dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, events))))
    return {key: [event.get(key) for event in events] for key in keys}


def _all_canonical(texts: Sequence[Any]) -> bool:
    """Tell whether all of these are times in the canonical form."""
    count = len(texts)
    if {*map(type, texts)} != {str} or {*map(len, texts)} != {LENGTH}:
        return False
    joined = "".join(texts)
    for place, letter in ((10, "T"), (19, "."), (26, "+"), (27, "0"), (28, "0"), (29, ":"), (30, "0"), (31, "0")):
        if joined[place::LENGTH] != letter * count:
            return False
    try:
        for _ in map(datetime.fromisoformat, texts):
            pass
    except ValueError:
        return False
    return True


def _place(
    builder: RowBuilder,
    key: str,
    column: Sequence[Any],
    filled: dict[str, Sequence[Any]],
    extra: dict[str, Sequence[Any]],
) -> None:
    """Put a key's values into its column, into `metadata_json`, or some of them here and some there."""
    kinds = {*map(type, column)} - {_NULL}
    if not kinds:
        return
    known = builder.table.columns.get(key)
    if (known is None and not kinds <= _NESTED) or (known is ColumnType.INTEGER and float in kinds):
        for value in column:
            builder.admit(key, value)
    kind = builder.slot(key)
    if kind is None:
        extra[key] = column
    elif _all_fit(kind, kinds, column):
        filled[key] = column
    else:
        filled[key] = inside = [value if fits(kind, value) else None for value in column]
        extra[key] = [value if own is None else None for value, own in zip(column, inside, strict=True)]


def _all_fit(kind: ColumnType, kinds: set[type], column: Sequence[Any]) -> bool:
    """Tell at a glance whether all values fit; False means that some may not."""
    if len(kinds) > 1:
        return False
    if kinds == {str}:
        return kind is ColumnType.TEXT
    if kinds == {bool}:
        return kind is ColumnType.BOOLEAN
    numbers: Any = column if None not in column else [value for value in column if value is not None]
    if kinds == {int}:
        limit = _EXACT_IN_REAL if kind is ColumnType.REAL else _INT64
        return kind in (ColumnType.INTEGER, ColumnType.REAL) and -limit <= min(numbers) and max(numbers) <= limit
    if kinds == {float}:
        total = sum(numbers)
        return kind is ColumnType.REAL and total - total == 0
    return False


def _metadata(extra: dict[str, Sequence[Any]], hidden: dict[str, None], count: int) -> Sequence[str | None]:
    """The text of `metadata_json` for each event."""
    if not extra:
        return tuple(repeat(metadata_text(dict(hidden)), count))
    if len(extra) == 1:
        ((name, column),) = extra.items()
        if not hidden and None not in column:
            with contextlib.suppress(TypeError):  # numbers beyond 64 bits, which the other way can write
                return _texts(name, column)
        return [metadata_text({name: value, **hidden} if value is not None else {**hidden}) for value in column]
    names = tuple(extra)
    return [
        metadata_text({name: value for name, value in zip(names, row, strict=True) if value is not None} | hidden)
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

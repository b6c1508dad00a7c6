"""Everything that happened, whatever the table: newest first, around an event, or as it comes."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from telemetry_store.errors import UsageError
from telemetry_store.selection import Window
from telemetry_store.timestamps import canonical, from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table
    from telemetry_store.selection import Condition, StoredEvent

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(span: str) -> float:
    """Seconds of a span such as "90s", "15m", "1h", "7d" or "2w".

    Raises:
        UsageError: it is not a span.
    """
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        raise UsageError(f"{span!r} is not a span of time", "such as 90s, 15m, 1h, 7d or 2w")
    return float(match[1]) * _SECONDS[match[2]]


def moment(text: str, now: float | None = None) -> str:
    """The canonical time of a text: a time in any form, a day, "now", or a span, which means so long ago.

    Args:
        text: such as "2026-01-31T12:00", "2026-01-31", "1h".
        now: seconds since 1970, instead of the clock's.

    Raises:
        UsageError: it is none of these.
    """
    now = time.time() if now is None else now
    if text == "now":
        return from_nanoseconds(int(now * 1e9))
    if _SPAN.fullmatch(text.strip()):
        return from_nanoseconds(int((now - seconds(text)) * 1e9))
    time_of_text = canonical(text)
    if time_of_text is None:
        raise UsageError(f"{text!r} is not a time", "such as 2026-01-31T12:00, 2026-01-31, or 1h for an hour ago")
    return time_of_text


def newest(reader: Reader, tables: Mapping[str, Table], window: Window, limit: int) -> list[StoredEvent]:
    """The newest events of all tables, newest first.

    Args:
        reader: where to read.
        tables: which tables.
        window: which events.
        limit: at most so many.
    """
    return list(reader.by_time(tables.values(), window, limit))


def around(
    reader: Reader, tables: Mapping[str, Table], place: str, where: Sequence[Condition], limit: int
) -> list[StoredEvent]:
    """What happened before and after one event, newest first, itself included.

    Args:
        reader: where to read.
        tables: which tables.
        place: the event, as TABLE:ID.
        where: which others.
        limit: at most so many, half of them before it.

    Raises:
        UsageError: there is no such event.
    """
    name, _, number = place.rpartition(":")
    table = tables.get(name)
    if table is None or not number.isdecimal() or table.time is None:
        raise UsageError(f"{place!r} is no event", "use TABLE:ID, such as chat_messages:17")
    anchor = next(reader.events(table, only=int(number)), None)
    if anchor is None:
        raise UsageError(f"{name} has no event {number}")
    half = max(limit // 2, 1)
    earlier = Window(until=anchor.timestamp, where=where)
    later = Window(since=anchor.timestamp, where=where)
    before = list(reader.by_time(tables.values(), earlier, half))
    after = list(reader.by_time(tables.values(), later, half + 1, newest_first=False))
    if anchor not in after:
        after = [anchor, *after[:-1]]
    return [*reversed(after), *before]

"""What happened, whatever the table: times and spans as people write them, around an event, or as it comes."""

from __future__ import annotations

import re
import time
from operator import attrgetter
from typing import TYPE_CHECKING

from telemetry_store.errors import UsageError
from telemetry_store.selection import Window
from telemetry_store.timestamps import canonical, from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table
    from telemetry_store.selection import Condition, StoredEvent

#: A span of time: a number and its unit.
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(span: str) -> float:
    """Seconds of a span such as "90s", "15m", "1h", "7d" or "2w"; UsageError when it is none."""
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        raise UsageError(f"{span!r} is not a span of time", "such as 90s, 15m, 1h, 7d or 2w")
    return float(match[1]) * _SECONDS[match[2]]


def moment(text: str, now: float | None = None) -> str:
    """The canonical time of a text: a time in any form, a day, "now", or a span, which means so long ago.

    Args:
        text: such as "2026-01-31T12:00", "2026-01-31", "1h"; UsageError when it is none of these.
        now: seconds since 1970, instead of the clock's.
    """
    now = time.time() if now is None else now
    if text == "now":
        return from_nanoseconds(int(now * 1e9))
    if _SPAN.fullmatch(text.strip()):
        return from_nanoseconds(int((now - seconds(text)) * 1e9))
    if stamp := canonical(text):
        return stamp
    raise UsageError(f"{text!r} is not a time", "such as 2026-01-31T12:00, 2026-01-31, or 1h for an hour ago")


def around(
    reader: Reader, tables: Mapping[str, Table], place: str, where: Sequence[Condition], limit: int
) -> list[StoredEvent]:
    """What happened before and after one event, newest first, itself included.

    Args:
        reader: where to read.
        tables: name → table.
        place: the event, as TABLE:ID; UsageError when there is no such.
        where: conditions on the others.
        limit: at most so many, half of them before it.
    """
    name, _, number = place.rpartition(":")
    table = tables.get(name)
    if table is None or not number.isdecimal() or table.time is None:
        raise UsageError(f"{place!r} is no event", "use TABLE:ID, such as chat_messages:17")
    anchor = next(reader.events(table, only=int(number)), None)
    if anchor is None:
        raise UsageError(f"{name} has no event {number}")
    half = max(limit // 2, 1)
    before = list(reader.by_time(tables.values(), Window(until=anchor.timestamp, where=where), half))
    later = Window(since=anchor.timestamp, where=where)
    after = list(reader.by_time(tables.values(), later, half + 1, newest_first=False))
    if anchor not in after:  # it does not meet the conditions, or many have its time
        after = [anchor, *after[:-1]]
    return [*reversed(after), *before]


class Tail:
    """Events as they are stored, like `tail -f`: finds what was stored since it last looked.

    Args:
        tables: gives the tables of a reader that are followed; asked at each look, since new ones may appear.
        window: which events it begins with; those that come later need only meet its conditions.
    """

    def __init__(self, tables: Callable[[Reader], Mapping[str, Table]], window: Window) -> None:
        self._tables = tables
        self._first = window
        self._window = Window(where=window.where)
        self._seen: dict[str, int] = {}

    def skip(self, reader: Reader) -> None:
        """Leave out all that is stored by now."""
        for name, table in self._tables(reader).items():
            if table.numbered:
                self._seen[name] = reader.catalogue.newest_number(name)

    def last(self, reader: Reader, count: int) -> list[StoredEvent]:
        """Skip all but the last events, and give those, in the order of their times."""
        with reader.moment():
            events = list(reader.by_time(self._tables(reader).values(), self._first, count))
            self.skip(reader)
        return events[::-1]

    def look(self, reader: Reader) -> list[StoredEvent]:
        """What was stored since, in the order of their times."""
        events: list[StoredEvent] = []
        with reader.moment():
            before = dict(self._seen)
            self.skip(reader)
            for name, table in self._tables(reader).items():
                if self._seen.get(name, 0) > before.get(name, 0):
                    events += reader.events(table, self._window, after=before.get(name, 0))
        return sorted(events, key=attrgetter("timestamp"))

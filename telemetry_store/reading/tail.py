"""Events as they are stored, like `tail -f`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.reading.timeline import newest
from telemetry_store.selection import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table
    from telemetry_store.selection import StoredEvent


class Tail:
    """Finds what was stored since it last looked.

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
            events = newest(reader, self._tables(reader), self._first, count) if count else []
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
        return sorted(events, key=lambda event: event.timestamp)

"""Events as they are stored, like `tail -f`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.catalogue import quoted
from telemetry_store.reading.stored import Window, events

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping

    from telemetry_store.reading.stored import StoredEvent
    from telemetry_store.schema import Table


class Tail:
    """Finds what was stored since it last looked.

    Args:
        tables: gives the tables of a connection that are followed; asked at each look, since new ones may appear.
        window: which events it begins with; those that come later need only meet its conditions.
    """

    def __init__(self, tables: Callable[[sqlite3.Connection], Mapping[str, Table]], window: Window) -> None:
        self._tables = tables
        self._first = window
        self._window = Window(where=window.where)
        self._seen: dict[str, int] = {}

    def skip(self, connection: sqlite3.Connection) -> None:
        """Leave out all that is stored by now."""
        for name, table in self._tables(connection).items():
            if table.numbered:
                (last,) = connection.execute(f"SELECT max(rowid) FROM {quoted(name)}").fetchone()
                self._seen[name] = last or 0

    def last(self, connection: sqlite3.Connection, count: int) -> list[StoredEvent]:
        """Skip all but the last events, and give those, in the order of their times."""
        from telemetry_store.reading.timeline import newest

        with _one_state(connection):
            tables = self._tables(connection)
            found = newest(connection, tables, self._first, count) if count else []
            self.skip(connection)
        return found[::-1]

    def look(self, connection: sqlite3.Connection) -> list[StoredEvent]:
        """What was stored since, in the order of their times."""
        found: list[StoredEvent] = []
        with _one_state(connection):
            before = dict(self._seen)
            self.skip(connection)
            for name, table in self._tables(connection).items():
                if self._seen.get(name, 0) > before.get(name, 0):
                    found += events(connection, table, self._window, after=before.get(name, 0))
        return sorted(found, key=lambda each: each.timestamp)


@contextlib.contextmanager
def _one_state(connection: sqlite3.Connection) -> Iterator[None]:
    """Statements that see one state of the database, whatever others store meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")

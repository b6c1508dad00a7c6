"""Words in events: looks them up in the search indexes, newest first, and builds these."""

from __future__ import annotations

from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

from telemetry_store.errors import UsageError
from telemetry_store.progress import Progress
from telemetry_store.schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table
    from telemetry_store.selection import StoredEvent, Window
    from telemetry_store.store import TelemetryStore


def search(
    reader: Reader, words: Sequence[str], window: Window, limit: int, only: Sequence[str] = ()
) -> list[StoredEvent]:
    """The newest events that hold all of these words, in any of their texts.

    Args:
        reader: where to read.
        words: what to look for; capitals and accents make no difference.
        window: which events.
        limit: at most so many.
        only: names of tables; none means all that have an index.

    Raises:
        UsageError: there are no words, a table has no index, or none has.
    """
    tables, searched = reader.catalogue.tables, reader.catalogue.searched()
    if without := [name for name in only if name not in searched] or (not searched and ["any"]):
        raise UsageError(f"there is no search index of {without[0]} table", "`telemetry search --build` makes one")
    events: list[StoredEvent] = []
    for name in searched:
        if name in tables and (not only or name in only):
            events += _matching(reader, tables[name], words, window, limit)
    return sorted(events, key=attrgetter("timestamp"), reverse=True)[:limit]


def _matching(reader: Reader, table: Table, words: Sequence[str], window: Window, limit: int) -> Iterator[StoredEvent]:
    """The newest of one table: by number, which is by time but for stragglers; so some more are looked at."""
    events = (event for number in reader.matches(table, words) for event in reader.events(table, window, only=number))
    return islice(events, 2 * limit)


def texts_of(table: Table) -> tuple[str, ...]:
    """The columns of a table that hold text, without its time; none where rows have no number to be found by."""
    texts = [name for name, kind in table.columns.items() if kind is ColumnType.TEXT and name != table.time]
    return tuple(texts) if table.numbered else ()


def build(
    store: TelemetryStore, only: Sequence[str] = (), progress: Callable[[Progress], None] | None = None
) -> dict[str, int]:
    """Make the search indexes anew, a portion of rows at a time, so that others get their turn.

    Args:
        store: of which database.
        only: names of tables; none means all that hold text.
        progress: called with how far a table is, in rows.

    Returns:
        Table → rows in its index.

    Raises:
        UsageError: a table is not there, or holds no text.
    """
    with store.reader() as reader:
        texts = {name: texts_of(table) for name, table in reader.catalogue.tables.items()}
    if wrong := [name for name in only if not texts.get(name)]:
        raise UsageError(f"there is no table {wrong[0]} that holds text")
    counts: dict[str, int] = {}
    for name, columns in texts.items():
        if not columns or (only and name not in only):
            continue
        with store.transaction() as transaction:
            transaction.make_search_index(name, columns)
        counts[name], left = 0, 1
        while left:
            with store.transaction() as transaction:
                entered, left = transaction.enter_texts(name)
            counts[name] += entered
            if progress is not None:
                progress(Progress(name, counts[name], counts[name] + left, unit="rows"))
    return counts


def drop(store: TelemetryStore, only: Sequence[str] = ()) -> list[str]:
    """Remove search indexes, all when no table is named; gives the tables that had them."""
    with store.reader() as reader:
        names = [name for name in reader.catalogue.searched() if not only or name in only]
    with store.transaction() as transaction:
        for name in names:
            transaction.drop_search_index(name)
    return names

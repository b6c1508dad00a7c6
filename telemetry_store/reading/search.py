"""Words in events: looks them up in the search indexes, newest first, and builds these."""

from __future__ import annotations

import heapq
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite import index
from telemetry_store.engines.sqlite.catalogue import quoted
from telemetry_store.engines.sqlite.query import reading
from telemetry_store.engines.sqlite.transaction import SqliteTransaction
from telemetry_store.errors import UsageError
from telemetry_store.progress import Progress
from telemetry_store.reading.catalogue import event_tables
from telemetry_store.reading.stored import Window, events

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from telemetry_store.engines.base import Transaction
    from telemetry_store.reading.stored import StoredEvent
    from telemetry_store.schema import Table
    from telemetry_store.store import TelemetryStore


def phrase(words: Sequence[str]) -> str:
    """What FTS5 is asked for: all of these words, each as it is written; `word*` is a beginning.

    Raises:
        UsageError: there are none.
    """
    quoted_words = [
        '"' + word.rstrip("*").replace('"', '""') + '"' + ("*" if word.endswith("*") else "")
        for word in words
        if word.strip("* ")
    ]
    if not quoted_words:
        raise UsageError("there are no words to look for")
    return " ".join(quoted_words)


def search(
    connection: sqlite3.Connection, words: Sequence[str], window: Window, limit: int, only: Sequence[str] = ()
) -> list[StoredEvent]:
    """The newest events that hold all of these words, in any of their texts.

    Args:
        connection: where to read.
        words: what to look for; capitals and accents make no difference.
        window: which events.
        limit: at most so many.
        only: tables; all that have an index when none is given.

    Raises:
        UsageError: a table has no index, or none has.
    """
    tables, indexed = event_tables(connection), index.indexed(connection)
    if without := [name for name in only if name not in indexed] or (not indexed and ["any"]):
        raise UsageError(f"there is no search index of {without[0]} table", "`telemetry search --build` makes one")
    asked = phrase(words)
    streams = [
        _found(connection, tables[name], asked, window, limit)
        for name in indexed
        if name in tables and (not only or name in only)
    ]
    merged = heapq.merge(*streams, key=attrgetter("timestamp"), reverse=True)
    return list(islice(merged, limit))


def _found(
    connection: sqlite3.Connection, table: Table, asked: str, window: Window, limit: int
) -> Iterator[StoredEvent]:
    """The newest of one table: by number, which is by time but for stragglers; so some more are looked at."""
    name = quoted(index.index_name(table.name))
    numbers = connection.execute(f"SELECT rowid FROM {name} WHERE {name} MATCH ? ORDER BY rowid DESC", (asked,))
    taken: list[StoredEvent] = []
    for (number,) in numbers:
        taken += islice(events(connection, table, window, only=number), 1)
        if len(taken) >= 2 * limit:
            break
    taken.sort(key=attrgetter("timestamp"), reverse=True)
    return iter(taken)


def build(
    store: TelemetryStore, only: Sequence[str] = (), progress: Callable[[Progress], None] | None = None
) -> dict[str, int]:
    """Make the search indexes anew, a portion of rows at a time, so that others get their turn.

    Args:
        store: of which database.
        only: tables; all that hold text when none is given.
        progress: called with how far a table is, in rows.

    Returns:
        Table → rows in its index.

    Raises:
        UsageError: a table is not there, or holds no text.
        DatabaseError: by cause.
    """
    with reading(store.settings.database) as connection:
        texts = {name: index.searchable(table) for name, table in event_tables(connection).items()}
    if wrong := [name for name in only if not texts.get(name)]:
        raise UsageError(f"there is no table {wrong[0]} that holds text")
    counts: dict[str, int] = {}
    for name, columns in texts.items():
        if not columns or (only and name not in only):
            continue
        with store.transaction() as transaction:
            index.make_index(_connection(transaction), name, columns)
        counts[name] = 0
        while True:
            with store.transaction() as transaction:
                counts[name] += index.take_in(_connection(transaction), name, columns)
                left = index.missing(_connection(transaction), name)
            if progress is not None:
                progress(Progress(name, counts[name], counts[name] + left, unit="rows"))
            if not left:
                break
    return counts


def drop(store: TelemetryStore, only: Sequence[str] = ()) -> list[str]:
    """Remove search indexes, all when no table is named; gives the tables that had one."""
    with store.transaction() as transaction:
        connection = _connection(transaction)
        gone = [name for name in index.indexed(connection) if not only or name in only]
        for name in gone:
            index.drop_index(connection, name)
    return gone


def _connection(transaction: Transaction) -> sqlite3.Connection:
    if not isinstance(transaction, SqliteTransaction):
        raise UsageError("only a database of SQLite has search indexes")
    return transaction.connection

"""Events as the database has them: read back from their rows, of one table or of all in the order of their times."""

from __future__ import annotations

import heapq
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite.catalogue import quoted
from telemetry_store.schema import event_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from telemetry_store.reading.where import Condition
    from telemetry_store.schema import Table


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event and its place.

    Attributes:
        timestamp: canonical text, or an empty string in a table without times.
        table: its table.
        id: its row number; 0 in a table without them.
        event: as it was recorded.
    """

    timestamp: str
    table: str
    id: int
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Which events of every table.

    Attributes:
        since: from this time on, canonical text; None: from the first.
        until: before this time; None: to the last.
        where: all of these must hold.
    """

    since: str | None = None
    until: str | None = None
    where: Sequence[Condition] = ()

    def clause(self, table: Table) -> tuple[list[str], list[Any]] | None:
        """SQL conditions for rows of this table and their parameters; None when no row of it can be meant."""
        conditions: list[str] = []
        values: list[Any] = []
        for each in self.where:
            found = each.sql(table)
            if found is None:
                return None
            conditions.append(found[0])
            values += found[1]
        for sign, limit in ((">=", self.since), ("<", self.until)):
            if limit is not None:
                if table.time is None:
                    return None
                conditions.append(f"{quoted(table.time)} {sign} ?")
                values.append(limit)
        return conditions, values


_ALL = Window()


def events(
    connection: sqlite3.Connection,
    table: Table,
    window: Window = _ALL,
    *,
    after: int | None = None,
    only: int | None = None,
) -> Iterator[StoredEvent]:
    """The events of one table in the order in which they were stored.

    Args:
        connection: where to read.
        table: which table.
        window: which of its events.
        after: only those with a larger row number.
        only: only the one with this row number.
    """
    found = window.clause(table)
    if found is None:
        return
    conditions, values = found
    for sign, number in ((">", after), ("=", only)):
        if number is not None and table.numbered:
            conditions.append(f"rowid {sign} ?")
            values.append(number)
    yield from _rows(connection, table, conditions, values, "rowid" if table.numbered else "")


def by_time(
    connection: sqlite3.Connection,
    tables: Iterable[Table],
    window: Window = _ALL,
    limit: int = -1,
    *,
    newest_first: bool = True,
) -> Iterator[StoredEvent]:
    """The events of several tables in the order of their times; reads no more of each than is taken.

    Args:
        connection: where to read.
        tables: which tables; those without a time are left out.
        window: which of their events.
        limit: at most so many; -1 for all.
        newest_first: else the oldest.
    """
    order = "DESC" if newest_first else "ASC"
    with ExitStack() as stack:
        streams: list[Iterator[StoredEvent]] = []
        for table in tables:
            found = window.clause(table)
            if found is not None and table.time is not None:
                rows = _rows(connection, table, *found, f"{quoted(table.time)} {order} LIMIT {limit:d}")
                streams.append(stack.enter_context(closing(rows)))
        merged = heapq.merge(*streams, key=attrgetter("timestamp"), reverse=newest_first)
        yield from islice(merged, limit if limit >= 0 else None)


def _rows(
    connection: sqlite3.Connection, table: Table, conditions: Sequence[str], values: Sequence[Any], order: str
) -> Generator[StoredEvent]:
    number = "rowid" if table.numbered else "0"
    clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    ending = f" ORDER BY {order}" if order else ""
    cursor = connection.execute(f"SELECT {number}, * FROM {quoted(table.name)}{clause}{ending}", values)
    names = [column[0] for column in cursor.description][1:]
    with closing(cursor):
        for row_number, *row in cursor:
            values_of = dict(zip(names, row, strict=True))
            stamp = values_of.get(table.time) if table.time is not None else None
            yield StoredEvent(str(stamp or ""), table.name, row_number, event_of(table, values_of))

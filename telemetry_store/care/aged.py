"""Which rows are old: event tables, their row numbers and times, and the statements that find what a cutoff means.

Only rows whose time has the canonical form are ever taken for old; of a table of others, whose numbers SQLite might
give out again, the row with the highest number stays.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry_store.care.archive import Columns
from telemetry_store.engines.sqlite.catalogue import load_tables
from telemetry_store.engines.sqlite.names import exists, quoted
from telemetry_store.errors import UsageError
from telemetry_store.schema import TIME, Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from telemetry_store.care.archive import Row

_CANONICAL = (
    "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]+00:00"
)
_MADE_HERE = "SELECT \"table\" FROM _tables WHERE \"column\" = '' AND origin = 'created'"
_WRITTEN = 'SELECT "table" FROM _tables WHERE "column" = \'\''
_KEPT = 'SELECT value FROM _pruned, json_each(_pruned.kept) WHERE "table" = :table'


@dataclass(frozen=True, slots=True)
class EventRows:
    """An event table, as ageing sees it.

    Attributes:
        table: its name.
        time: the column of the canonical time.
        columns: the row number and all others.
        reused: SQLite may give out a row number twice.
        ledger: something may have been pruned before.
    """

    table: str
    time: str
    columns: Columns
    reused: bool
    ledger: bool

    def selected(self) -> str:
        """The columns of a SELECT."""
        return selected(self.columns)

    def condition(self) -> str:
        """What holds for rows that may go; needs the parameters start, end and table."""
        time = quoted(self.time)
        highest = f" AND rowid < (SELECT max(rowid) FROM {quoted(self.table)})" if self.reused else ""
        kept = f" AND rowid NOT IN ({_KEPT})" if self.ledger else ""
        return f"{time} >= :start AND {time} < :end AND {time} GLOB '{_CANONICAL}'{kept}{highest}"

    def span(self, start: str, end: str) -> dict[str, str]:
        """The parameters of the condition."""
        return {"start": start, "end": end, "table": self.table}


def selected(columns: Columns) -> str:
    """The columns of a SELECT, the row number first."""
    return ", ".join(["rowid", *map(quoted, columns.kinds)])


@dataclass(frozen=True, slots=True)
class Aged:
    """An event table with old rows."""

    events: EventRows
    rows: int


def events_of(connection: sqlite3.Connection, table: str) -> EventRows:
    """One event table.

    Raises:
        UsageError: there is none of this name, or its rows have neither time nor number.
    """
    known, _ = load_tables(connection)
    found = known.get(table)
    written = {name for (name,) in connection.execute(_WRITTEN)}
    if found is None or table not in written:
        raise UsageError(f"{table} is no event table", "`telemetry stats` lists the tables")
    if found.time is None or not found.numbered:
        raise UsageError(f"the rows of {table} have no time or no number", "it cannot be pruned")
    return _event_rows(connection, found, found.time)


def columns_of(connection: sqlite3.Connection, name: str) -> Columns:
    """The columns of any table, whoever made it.

    Raises:
        UsageError: there is none of this name, or its rows have no number.
    """
    known, _ = load_tables(connection)
    found = known.get(name)
    if found is None or not found.numbered:
        raise UsageError(f"{name} is no table, or its rows have no number", "`telemetry stats` lists the tables")
    return _columns(connection, found)


def _event_rows(connection: sqlite3.Connection, table: Table, time: str) -> EventRows:
    (made_by,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table.name,)).fetchone()
    reused = "AUTOINCREMENT" not in made_by.upper()
    return EventRows(table.name, time, _columns(connection, table), reused, exists(connection, "_pruned"))


def _columns(connection: sqlite3.Connection, table: Table) -> Columns:
    keys = [
        name
        for name, kind, pk in connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table.name,))
        if pk and kind.upper() == "INTEGER" and name not in table.columns
    ]
    return Columns(keys[0] if keys else "rowid", dict(table.columns))


def aged(connection: sqlite3.Connection, cutoff: str, table: str | None) -> list[Aged]:
    """Event tables with rows before the cutoff, and how many.

    Args:
        connection: to the database.
        cutoff: in the canonical form.
        table: only this one; None is every table that this store made.

    Raises:
        UsageError: see events_of().
    """
    names = [table] if table is not None else [name for (name,) in connection.execute(_MADE_HERE + " ORDER BY 1")]
    found = []
    for name in names:
        if table is None and not exists(connection, name):
            continue
        events = events_of(connection, name)
        (rows,) = connection.execute(
            f"SELECT count(*) FROM {quoted(name)} WHERE {events.condition()}", events.span("", cutoff)
        ).fetchone()
        if rows:
            found.append(Aged(events, rows))
    return found


def oldest(connection: sqlite3.Connection, events: EventRows, cutoff: str) -> str | None:
    """The time of the oldest row before the cutoff."""
    time = quoted(events.time)
    row = connection.execute(
        f"SELECT {time} FROM {quoted(events.table)} WHERE {events.condition()} ORDER BY {time} LIMIT 1",
        events.span("", cutoff),
    ).fetchone()
    return None if row is None else str(row[0])


def aged_numbers(connection: sqlite3.Connection, events: EventRows, cutoff: str, limit: int) -> list[int]:
    """The numbers of the oldest rows before the cutoff, at most so many."""
    found = connection.execute(
        f"SELECT rowid FROM {quoted(events.table)} WHERE {events.condition()} ORDER BY {quoted(events.time)} "
        f"LIMIT {limit:d}",
        events.span("", cutoff),
    )
    return [number for (number,) in found]


def aged_rows(connection: sqlite3.Connection, events: EventRows, span: tuple[str, str], limit: int) -> sqlite3.Cursor:
    """The oldest rows of a span of time, its end excluded; each begins with its number."""
    return connection.execute(
        f"SELECT {events.selected()} FROM {quoted(events.table)} WHERE {events.condition()} "
        f"ORDER BY {quoted(events.time)}, rowid LIMIT {limit:d}",
        events.span(*span),
    )


def rows_by_number(connection: sqlite3.Connection, events: EventRows, numbers: Sequence[int]) -> list[Row]:
    """Those of the rows that are still there."""
    marks = ", ".join(map(str, map(int, numbers)))
    return connection.execute(
        f"SELECT {events.selected()} FROM {quoted(events.table)} WHERE rowid IN ({marks})"
    ).fetchall()


def month_after(month: str) -> str:
    """The first moment after a month such as "2026-02", as text that canonical times compare with."""
    first = dt.date(int(month[:4]), int(month[5:]), 1)
    return (first + dt.timedelta(days=31)).isoformat()[:7] if month < "9999-12" else "A"


def newest_witness(connection: sqlite3.Connection) -> tuple[str | None, str | None]:
    """What speaks for the clock: the time of the newest event, and when a table was last written by any clock."""
    (written,) = connection.execute("SELECT max(last_written) FROM _tables").fetchone()
    times = []
    for (name,) in connection.execute(_MADE_HERE).fetchall():
        if exists(connection, name):
            times += connection.execute(f"SELECT max({quoted(TIME)}) FROM {quoted(name)}").fetchone()
    return max(filter(None, times), default=None), written


def lineage(connection: sqlite3.Connection) -> str:
    """Which database this is; copies of it say the same."""
    return str(connection.execute("SELECT id FROM _identity").fetchone()[0])

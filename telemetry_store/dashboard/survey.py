"""What a database holds that is worth drawing: its event tables, with their time, agent, errors and heartbeats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.catalogue import load_tables
from telemetry_store.engines.sqlite.names import exists, quoted
from telemetry_store.reading.faults import BAD_TYPES, EVENT_TYPE, error_condition
from telemetry_store.schema import METADATA, ColumnType

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from telemetry_store.schema import Table

#: At most so many tables are drawn, the largest ones; a chart with more colours says nothing.
MOST_TABLES = 24
#: A table without an index on its time is drawn up to this many rows: each chart reads all of it.
_LARGEST_UNINDEXED = 200_000
_AGENTS = ("agent_id", "agent", "agent_name")
_MESSAGES = ("message", "error_message", "error", "exception", "msg", "reason", "text", "detail", "event_type")
_FACETS = ("event_type", "agent_id", "level", "severity", "status", "success", "ok", "type", "phase", "category")
_LARGEST_UNINDEXED_FACET = 50_000


@dataclass(frozen=True, slots=True)
class EventSource:
    """One event table, as the charts see it.

    Args:
        name: the table.
        time: the column with its time.
        rows: about how many rows it has: its largest row number.
        agent: the column that names the agent, or None; `agent_indexed` tells whether an index begins with it.
        errors: an SQL condition that is true for rows that tell of an error, or None where no row can.
        error_types: whether only the event_type tells of errors and an index begins with it: then `errors` is about
            that column alone.
        message: an SQL expression for what such a row says.
        heartbeat: whether its rows are signs of life.
        facets: columns whose values are few and quickly counted.
        blank: whether its times have a blank between day and hour, as SQLite's CURRENT_TIMESTAMP writes them.
        searched_by_time: whether an index begins with the time.
    """

    name: str
    time: str
    rows: int
    agent: str | None = None
    agent_indexed: bool = False
    errors: str | None = None
    error_types: bool = False
    message: str = "''"
    heartbeat: bool = False
    facets: tuple[str, ...] = ()
    blank: bool = False
    searched_by_time: bool = True

    @property
    def drawn(self) -> bool:
        """Whether charts can afford to read it."""
        return self.searched_by_time or self.rows <= _LARGEST_UNINDEXED


@dataclass(frozen=True, slots=True)
class Survey:
    """What a database holds.

    Args:
        sources: event tables with a time, the largest first.
        docs: (table, column) → what it means, in a sentence; column "" is the table itself.
        system: names of the store's own tables that are there.
        filled: those of them that are drawn and have rows.
        tables: name → table, those without a time included.
    """

    sources: tuple[EventSource, ...] = ()
    docs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    system: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()
    tables: Mapping[str, Table] = field(default_factory=dict)

    @property
    def drawn(self) -> tuple[EventSource, ...]:
        """The tables that are drawn."""
        return tuple(each for each in self.sources if each.drawn)[:MOST_TABLES]


def survey(connection: sqlite3.Connection) -> Survey:
    """Look at a database's tables; reads its schema and single rows by index, never a whole table.

    Raises:
        sqlite3.Error: the database refuses.
    """
    system = frozenset(
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '\\_%' ESCAPE '\\'")
    )
    if "_tables" not in system:
        return Survey()
    tables, _ = load_tables(connection)
    sources = [_source(connection, table) for table in tables.values() if table.time is not None]
    rows = connection.execute('SELECT "table", "column", doc FROM _tables WHERE doc <> \'\'')
    docs = {(table, column): doc for table, column, doc in rows}
    return Survey(tuple(sorted(sources, key=lambda each: -each.rows)), docs, system, filled(connection), tables)


def filled(connection: sqlite3.Connection) -> frozenset[str]:
    """Those of the store's own tables that are drawn and have rows."""
    found = set()
    for name in ("_sources", "_rejects"):
        if exists(connection, name) and connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():
            found.add(name)
    return frozenset(found)


def _source(connection: sqlite3.Connection, table: Table) -> EventSource:
    leading = _leading_columns(connection, table.name)
    rows = _largest_row_number(connection, table)
    agent = next((name for name in _AGENTS if table.columns.get(name) is ColumnType.TEXT), None)
    errors = error_condition(table.name, table.columns)
    return EventSource(
        table.name,
        str(table.time),
        rows,
        agent=agent,
        agent_indexed=agent in leading,
        errors=errors,
        error_types=errors == BAD_TYPES and EVENT_TYPE in leading,
        message=_message(table),
        heartbeat="heartbeat" in table.name.lower(),
        facets=tuple(
            name for name in _FACETS
            if name in table.columns and (name in leading or rows <= _LARGEST_UNINDEXED_FACET)
        ),
        blank=_has_blank(connection, table),
        searched_by_time=table.time in leading,
    )  # fmt: skip


def _leading_columns(connection: sqlite3.Connection, table: str) -> set[str]:
    rows = connection.execute(
        "SELECT c.name FROM pragma_index_list(?) AS i JOIN pragma_index_info(i.name) AS c "
        "WHERE c.seqno = 0 AND NOT i.partial",
        (table,),
    )
    return {name for (name,) in rows}


def _largest_row_number(connection: sqlite3.Connection, table: Table) -> int:
    if not table.numbered:
        return int(connection.execute(f"SELECT count(*) FROM {quoted(table.name)}").fetchone()[0])
    return int(connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {quoted(table.name)}").fetchone()[0])


def _has_blank(connection: sqlite3.Connection, table: Table) -> bool:
    order = "ORDER BY rowid DESC" if table.numbered else ""
    row = connection.execute(f"SELECT {quoted(str(table.time))} FROM {quoted(table.name)} {order} LIMIT 1").fetchone()
    return row is not None and isinstance(row[0], str) and row[0][10:11] == " "


def _message(table: Table) -> str:
    there = [quoted(name) for name in _MESSAGES if name in table.columns]
    if table.metadata is not None:
        there.append(quoted(METADATA))
    return f"coalesce({', '.join(there)}, '')" if there else "''"

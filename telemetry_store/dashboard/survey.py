"""What a database holds that is worth drawing, and what the questions of the charts ask of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard.charts import CHARTS
from telemetry_store.engines.sqlite.catalogue import exists, quoted
from telemetry_store.errors import UsageError
from telemetry_store.reading.catalogue import event_tables
from telemetry_store.reading.questions import find

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from telemetry_store.dashboard.charts import Chart
    from telemetry_store.reading.questions import Question
    from telemetry_store.schema import Table

#: The folder with questions that call functions which only the dashboard has.
QUESTIONS = Path(__file__).parent / "questions"
#: At most so many tables are drawn, the largest ones; a chart with more colours says nothing.
MOST_TABLES = 24
#: A table without an index on its time is drawn up to this many rows: each chart reads all of it.
_LARGEST_UNINDEXED = 200_000
_FACETS = ("event_type", "agent_id", "level", "severity", "status", "success", "ok", "type", "phase", "category")
_LARGEST_UNINDEXED_FACET = 50_000
#: The windows that may be shown at first, the widest first.
_DEFAULTS = ("7 days", "24 hours", "6 hours", "1 hour")
#: A window with more events is not shown unless asked for.
MOST_EVENTS = 250_000


@dataclass(frozen=True, slots=True)
class Survey:
    """What a database holds.

    Attributes:
        tables: name → event table, the largest first.
        rows: name → about how many rows it has: its largest row number.
        docs: (table, column) → what it means, in a sentence; column "" is the table itself.
        system: names of the store's own tables that are there.
        filled: those of them that charts need and that have rows.
    """

    tables: Mapping[str, Table] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    docs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    system: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()

    def affordable(self, table: Table) -> bool:
        """Whether charts can afford to read it by time."""
        return table.time in table.leading or self.rows[table.name] <= _LARGEST_UNINDEXED

    @property
    def drawn(self) -> dict[str, Table]:
        """The tables that are drawn."""
        fitting = (table for table in self.tables.values() if table.time is not None and self.affordable(table))
        return {table.name: table for table in islice(fitting, MOST_TABLES)}

    def facets(self, table: Table) -> list[str]:
        """Columns whose values are few and quickly counted."""
        small = self.rows[table.name] <= _LARGEST_UNINDEXED_FACET
        return [name for name in _FACETS if name in table.columns and (small or name in table.leading)]

    def asked(self, question: Question) -> Mapping[str, Table]:
        """The tables that a question is asked of."""
        return self.drawn if question.by_table else self.tables

    def statement(self, chart: Chart) -> str | None:
        """What a chart asks, with the parts in `[[ ]]` that an agent's choice adds; None: there is nothing to draw."""
        question = find(chart.question, QUESTIONS)
        try:
            return question.fitted(self.asked(question), {})[0] if self.feeds(chart) else None
        except UsageError:
            return None

    def feeds(self, chart: Chart) -> bool:
        """Whether the store's own table that a chart needs has rows."""
        return not chart.needs or chart.needs in self.filled


def survey(connection: sqlite3.Connection) -> Survey:
    """Look at a database's tables; reads its schema and single rows by index, never a whole table.

    Raises:
        sqlite3.Error: the database refuses.
    """
    system = _system(connection)
    if "_tables" not in system:
        return Survey()
    tables = event_tables(connection)
    rows = {name: _largest_row_number(connection, table) for name, table in tables.items()}
    noted = connection.execute('SELECT "table", "column", doc FROM _tables WHERE doc <> \'\'')
    docs = {(table, column): doc for table, column, doc in noted}
    largest_first = dict(sorted(tables.items(), key=lambda item: -rows[item[0]]))
    return Survey(largest_first, rows, docs, system, filled(connection))


def filled(connection: sqlite3.Connection) -> frozenset[str]:
    """Those of the store's own tables that charts need and that have rows."""
    needed = {chart.needs for chart in CHARTS if exists(connection, chart.needs)}
    return frozenset(name for name in needed if connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone())


def _system(connection: sqlite3.Connection) -> frozenset[str]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '\\_%' ESCAPE '\\'")
    return frozenset(name for (name,) in names)


def _largest_row_number(connection: sqlite3.Connection, table: Table) -> int:
    count = "coalesce(max(rowid), 0)" if table.numbered else "count(*)"
    return int(connection.execute(f"SELECT {count} FROM {quoted(table.name)}").fetchone()[0])


def answer(connection: sqlite3.Connection, found: Survey, name: str, window: str) -> list[dict[str, Any]]:
    """The rows that a question of the library has for a window; none where the tables cannot answer it.

    Raises:
        sqlite3.Error: the database refuses.
    """
    question = find(name)
    given = {"window": window} if "window" in {parameter.name for parameter in question.parameters} else {}
    try:
        rows = connection.execute(*question.statement(found.asked(question), given))
    except UsageError:
        return []
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows]


def first_window(connection: sqlite3.Connection, found: Survey, most: int = MOST_EVENTS) -> str:
    """The widest of the usual windows that is quickly drawn: one with at most so many events."""
    for window in _DEFAULTS[:-1]:
        rows = answer(connection, found, "total_events", window)
        if not rows or int((rows[0]["n"] or "0").replace(",", "")) <= most:
            return window
    return _DEFAULTS[-1]

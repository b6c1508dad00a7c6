"""What a database holds that is worth drawing, and what the charts' questions say of it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard.charts import CHARTS
from telemetry_store.errors import UsageError
from telemetry_store.reading.questions import find, tables_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry_store.dashboard.charts import Chart
    from telemetry_store.engines.base import Reader
    from telemetry_store.reading.questions import Question
    from telemetry_store.schema import Table

#: The folder with questions that call functions which only the dashboard has.
QUESTIONS = Path(__file__).parent / "questions"
#: At most so many tables are drawn, the largest ones; a chart with more colours says nothing.
MOST_TABLES = 24
#: A table without an index on its time is drawn up to this many rows: each chart reads all of it.
_LARGEST_UNINDEXED = 200_000
#: Columns whose values are usually few, and how large a table may be where no index begins with such a column.
_FACETS = ("event_type", "agent_id", "level", "severity", "status", "success", "ok", "type", "phase", "category")
_LARGEST_UNINDEXED_FACET = 50_000
#: The windows that may be shown at first, the widest first.
_DEFAULTS = ("7 days", "24 hours", "6 hours", "1 hour")
#: A window with more events is not shown unless asked for.
MOST_EVENTS = 250_000


class Survey:
    """A look at a database's tables: at its schema and at single rows by index, never at a whole table.

    The reader is needed as long as this is used.

    Attributes:
        tables: name → event table, the largest first.
        rows: name → about how many rows it has.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.catalogue = reader.catalogue
        tables = tables_of(reader)
        self.rows = {name: self.catalogue.newest_number(name) for name in tables}
        self.tables = {name: tables[name] for name in sorted(tables, key=lambda name: -self.rows[name])}
        self._filled = filled(reader)

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

    def statement(self, chart: Chart) -> str:
        """What a chart asks, with the parts in `[[ ]]` that an agent's choice adds; empty: there is nothing to draw."""
        question = find(chart.question, QUESTIONS)
        try:
            return question.fitted(self.asked(question), {})[0] if self._feeds(chart) else ""
        except UsageError:
            return ""

    def rows_of(self, chart: Chart, window: str) -> list[dict[str, Any]]:
        """What a chart draws in a window, by its columns."""
        rows = self.answer(chart.question, window) if self._feeds(chart) else []
        return [dict(zip(chart.columns, row, strict=False)) for row in rows]

    def _feeds(self, chart: Chart) -> bool:
        return not chart.needs or chart.needs in self._filled

    def answer(self, name: str, window: str) -> list[tuple[Any, ...]]:
        """The rows that a question of the library has for a window; none where the tables cannot answer it."""
        question = find(name)
        windowed = "window" in [parameter.name for parameter in question.parameters]
        try:
            sql, values = question.statement(self.asked(question), {"window": window} if windowed else {})
            return list(self._reader.rows(sql, values))
        except UsageError:
            return []

    def first_window(self, most: int = MOST_EVENTS) -> str:
        """The widest of the usual windows that is quickly drawn: one with at most so many events."""
        for window in _DEFAULTS[:-1]:
            rows = self.answer("total_events", window)
            if not rows or int((rows[0][0] or "0").replace(",", "")) <= most:
                return window
        return _DEFAULTS[-1]


def filled(reader: Reader) -> frozenset[str]:
    """Those of the store's own tables that charts need and that have rows."""
    needed = {chart.needs for chart in CHARTS} & reader.catalogue.system
    return frozenset(name for name in needed if reader.value(f"SELECT 1 FROM {name} LIMIT 1"))

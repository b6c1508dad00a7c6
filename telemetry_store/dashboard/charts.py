"""What is drawn of a database: one list for the dashboard (`vega.py`) and the report (`report/page.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The colours of series, and that of all that have none of their own.
COLOURS = (
    "#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#eeca3b", "#b279a2", "#ff9da6", "#9d755d", "#1b9e77",
    "#9ecae9", "#ffbf79", "#88d27a", "#b79a20", "#83bcb6", "#79706e", "#d67195", "#d6a5c9", "#439894", "#d8b5a5",
)  # fmt: skip
OTHERS = "#bab0ac"
_OUTCOMES = {"imported": "#54a24b", "duplicate": "#72b7b2", "rejected": "#e45756", "blank": OTHERS}
_LIVES = {"beating": "#bcd9bf", "silent": "#e8871e", "silent since": "#c4302b"}


class Kind(Enum):
    """How the answer to a question is drawn."""

    FIGURE = auto()  #: the one number in its column `n`
    OVER_TIME = auto()  #: a bar from `start` to `finish`, as high as the value, stacked by series
    BY_NAME = auto()  #: a bar for each label, as long as the value, stacked by series
    SPANS = auto()  #: a line for each label, with what lasted from `start` to `finish`
    TABLE = auto()  #: its columns as they are


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture.

    Attributes:
        name: of its card.
        title: what stands above it.
        kind: how it is drawn.
        question: what it asks; one of the library's, or of `questions/` beside this file.
        columns: the first ones of the answer: the label, where the kind has one, and the series, start and finish, the
            value; or those of a table.
        colours: series → colour, where they have colours of their own.
        needs: which of the store's own tables must have rows.
        height: of bars over time, in pixels.
        live: whether the question calls functions that only the dashboard has.
        beside: whether it stands in one row with the chart before it.
    """

    name: str
    title: str
    kind: Kind
    question: str
    columns: tuple[str, ...] = ("n",)
    colours: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    height: int = 240
    live: bool = False
    beside: bool = False

    @property
    def label(self) -> str:
        """The column that tells bars or lines apart by name."""
        return self.columns[0]

    @property
    def series(self) -> str:
        """The column that gives the colour."""
        return self.columns[0 if self.kind is Kind.OVER_TIME else 1]

    @property
    def value(self) -> str:
        """The column with the figure."""
        return self.columns[-1]


#: The pictures in their order.
CHARTS = (
    Chart("n-events", "Events", Kind.FIGURE, "total_events"),
    Chart("n-errors", "Errors", Kind.FIGURE, "total_errors", beside=True),
    Chart("n-agents", "Agents seen", Kind.FIGURE, "agents_seen", beside=True),
    Chart("n-silent", "Agents silent now", Kind.FIGURE, "agents_silent", beside=True),
    Chart("n-rejects", "Rejected, ever", Kind.FIGURE, "total_rejects", needs="_rejects", beside=True),
    Chart("n-waiting", "Waiting in the spool", Kind.FIGURE, "waiting", live=True, beside=True),
    Chart("events", "Events over time, by table", Kind.OVER_TIME, "events_over_time",
          ("table", "start", "finish", "events")),
    Chart("errors", "Errors over time, by table", Kind.OVER_TIME, "errors_over_time",
          ("table", "start", "finish", "errors"), height=300),
    Chart("latest-errors", "Newest errors", Kind.TABLE, "newest_errors", ("time", "table", "agent", "message"),
          beside=True),
    Chart("agents", "Busiest agents, by table", Kind.BY_NAME, "agents_by_table", ("agent", "table", "events")),
    Chart("heartbeats", "Heartbeats: silences of each agent", Kind.SPANS, "silences",
          ("agent", "kind", "start", "finish", "seconds"), _LIVES, beside=True),
    Chart("imports", "Imported lines, by outcome", Kind.BY_NAME, "import_outcomes", ("table", "outcome", "lines"),
          _OUTCOMES, needs="_sources"),
    Chart("sources", "Files imported last", Kind.TABLE, "newest_imports",
          ("file", "table", "read", "imported", "duplicate", "rejected", "when"), needs="_sources", beside=True),
    Chart("rejects", "Why events were rejected", Kind.BY_NAME, "reject_reasons", ("reason", "table", "rejects"),
          needs="_rejects"),
    Chart("health", "Database health", Kind.TABLE, "health", ("what", "figure"), needs="_sqlite_migrations", live=True,
          beside=True),
    Chart("figures", "Tables, the whole of each", Kind.TABLE, "table_sizes",
          ("table", "rows", "first event", "last event")),
)  # fmt: skip

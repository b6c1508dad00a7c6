"""All figures of a report, read in one transaction, so that they belong together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from telemetry_store.care.doctor import Finding, examine
from telemetry_store.dashboard.charts import CHARTS, Kind
from telemetry_store.dashboard.survey import answer, first_window, survey
from telemetry_store.engines.sqlite.query import reading
from telemetry_store.spool import backlog
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry_store.settings import Settings

Row = dict[str, Any]
#: Seconds to wait for locks.
_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the page shows.

    Attributes:
        database: its path.
        made: when the report was made, in UTC.
        window: how wide the window is, such as "24 hours", or "all".
        start: when the window begins, in ISO form; None in a database without events.
        finish: when it ends.
        totals: what is counted → its figure, as text.
        rows: name of a chart → the answer to its question.
        findings: what `telemetry doctor` says.
    """

    database: str
    made: datetime
    window: str
    start: str | None
    finish: str | None
    totals: Mapping[str, str]
    rows: Mapping[str, list[Row]]
    findings: list[Finding]


def collect(settings: Settings, window: str | None = None, now: datetime | None = None) -> Report:
    """Read a report's figures.

    Args:
        settings: which database; it must exist, and what is in the spool is only measured.
        window: a span that SQLite's date functions know, such as "24 hours", or "all"; None: as the dashboard does.
        now: instead of the clock's time.

    Raises:
        DatabaseError: the database refuses.
    """
    with reading(settings.database, _WAIT) as connection:
        connection.execute("BEGIN")
        surveyed = survey(connection)
        width = window or first_window(connection, surveyed)
        charts = [chart for chart in CHARTS if not chart.live]
        rows = {chart.name: answer(connection, surveyed, chart.question, width) if surveyed.feeds(chart) else []
                for chart in charts}  # fmt: skip
        ends = (answer(connection, surveyed, "window_ends", width) or [{"lo": None, "hi": None}])[0]
    totals = {chart.title: str((rows[chart.name] or [{"n": 0}])[0]["n"] or 0)
              for chart in charts if chart.kind is Kind.FIGURE}  # fmt: skip
    sizes = {"Database": os.stat(settings.database).st_size, "Waiting in the spool": backlog(settings.spool)}
    totals |= {name: size(figure) for name, figure in sizes.items()}
    made = now or datetime.now(UTC)
    return Report(settings.database, made, width, ends["lo"], ends["hi"], totals, rows, examine(settings))

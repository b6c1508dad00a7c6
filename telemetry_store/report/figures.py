"""All figures of a report, read in one transaction, so that they belong together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from telemetry_store.care.doctor import Finding, examine
from telemetry_store.dashboard.charts import CHARTS, Kind
from telemetry_store.dashboard.survey import Survey
from telemetry_store.spool import backlog
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry_store.store import TelemetryStore


@dataclass(frozen=True, slots=True)
class Report:
    """What the page shows.

    Attributes:
        database: its path.
        created: when it was written, in UTC.
        window: how wide the window is, such as "24 hours", or "all".
        start, finish: when the window begins and ends, in ISO form; None in a database without events.
        totals: what is counted → its figure, as text.
        rows: name of a chart → the answer to its question.
        findings: what `telemetry doctor` says.
    """

    database: str
    created: datetime
    window: str
    start: str | None
    finish: str | None
    totals: Mapping[str, str]
    rows: Mapping[str, list[dict[str, Any]]]
    findings: list[Finding]


def collect(store: TelemetryStore, window: str | None = None, now: datetime | None = None) -> Report:
    """Read a report's figures.

    Args:
        store: its database must exist, and what is in its spool is only measured.
        window: a span that SQLite's date functions know, such as "24 hours", or "all"; None: as the dashboard does.
        now: instead of the clock's time.

    Raises:
        DatabaseError: the database refuses.
    """
    charts = [chart for chart in CHARTS if not chart.live]
    with store.reader() as reader, reader.moment():
        survey = Survey(reader)
        window = window or survey.first_window()
        rows = {chart.name: survey.rows_of(chart, window) for chart in charts}
        start, finish = next(iter(survey.answer("window_ends", window)), (None, None))
        database = reader.sizes().database
    figures = [chart for chart in charts if chart.kind is Kind.FIGURE]
    totals = {chart.title: str(rows[chart.name][0][chart.value] or 0) if rows[chart.name] else "0" for chart in figures}
    totals |= {"Database": size(database), "Waiting in the spool": size(backlog(store.settings.spool))}
    created, findings = now or datetime.now(UTC), examine(store.settings)
    return Report(store.settings.database, created, window, start, finish, totals, rows, findings)

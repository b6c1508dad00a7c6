"""All figures of a report, read in one transaction, so that they belong together."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from telemetry_store.care.doctor import Finding, examine
from telemetry_store.dashboard import queries
from telemetry_store.dashboard.metadata import first_window
from telemetry_store.dashboard.survey import survey
from telemetry_store.engines.sqlite.query import read_only
from telemetry_store.spool import backlog
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry_store.dashboard.survey import Survey
    from telemetry_store.settings import Settings

Row = dict[str, Any]
_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the page shows; rows as the statements of `dashboard/queries.py` describe them.

    Args:
        database: its path.
        made: when the report was made, in UTC.
        window: how wide the window is, such as "24 hours", or "all".
        start: when the window begins, in ISO form; None in a database without events.
        finish: when it ends.
        totals: what is counted → its figure, as text.
    """

    database: str
    made: datetime
    window: str
    start: str | None
    finish: str | None
    totals: dict[str, str]
    events: list[Row]
    errors: list[Row]
    newest_errors: list[Row]
    agents: list[Row]
    heartbeats: list[Row]
    imports: list[Row]
    sources: list[Row]
    rejects: list[Row]
    tables: list[Row]
    findings: list[Finding]


def collect(settings: Settings, window: str | None = None, now: datetime | None = None) -> Report:
    """Read a report's figures.

    Args:
        settings: which database; it must exist, and what is in the spool is only measured.
        window: a span that SQLite's date functions know, such as "24 hours", or "all"; None: as the dashboard does.
        now: instead of the clock's time.

    Raises:
        sqlite3.Error: the database refuses.
    """
    with read_only(settings.database, _WAIT, guarded=False) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        found = survey(connection)
        window = window or first_window(connection, found)

        def rows(statement: Callable[[Survey], str | None]) -> list[Row]:
            sql = statement(found)
            if sql is None:
                return []
            parameters = {"window": window, "until": ""}
            return [dict(row) for row in connection.execute(queries.without_agent(sql), parameters)]

        (bounds,) = rows(queries.bounds) or [{"lo": None, "hi": None}]
        return Report(
            settings.database,
            now or datetime.now(UTC),
            window,
            bounds["lo"],
            bounds["hi"],
            _totals(rows, settings),
            rows(queries.events),
            rows(queries.errors),
            rows(queries.latest_errors),
            rows(queries.agents),
            rows(queries.heartbeats),
            rows(queries.imports),
            rows(queries.sources),
            rows(queries.rejects),
            rows(queries.figures),
            examine(settings),
        )


def _totals(rows: Callable[[Callable[[Survey], str | None]], list[Row]], settings: Settings) -> dict[str, str]:
    counted = {
        "events": queries.total_events,
        "errors": queries.total_errors,
        "agents seen": queries.agents_seen,
        "agents silent now": queries.silent,
        "rejected, ever": queries.total_rejects,
    }
    totals = {name: str((rows(statement) or [{"n": 0}])[0]["n"] or 0) for name, statement in counted.items()}
    sizes = {"database": os.stat(settings.database).st_size, "waiting in the spool": backlog(settings.spool)}
    return totals | {name: size(figure) for name, figure in sizes.items()}

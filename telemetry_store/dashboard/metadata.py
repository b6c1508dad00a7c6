"""What Datasette is told about a database: descriptions, facets, order, canned queries, the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard import queries
from telemetry_store.dashboard.canned import canned
from telemetry_store.dashboard.charts import SLUG, dashboard

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from telemetry_store.dashboard.survey import EventSource, Survey

#: The windows that may be shown at first, the widest first.
_DEFAULTS = ("7 days", "24 hours", "6 hours", "1 hour")
#: A window with more events is not shown unless asked for.
MOST_EVENTS = 250_000


def first_window(connection: sqlite3.Connection, survey: Survey, most: int = MOST_EVENTS) -> str:
    """The widest of the usual windows that is quickly drawn: one with at most so many events."""
    sql = queries.total_events(survey)
    if sql is None:
        return _DEFAULTS[0]
    for window in _DEFAULTS[:-1]:
        row = connection.execute(queries.without_agent(sql), {"window": window, "until": ""}).fetchone()
        if int(str(row[0] or "0").replace(",", "")) <= most:
            return window
    return _DEFAULTS[-1]


def metadata(survey: Survey, database: str, window: str, folder: str | None = None) -> dict[str, Any]:
    """Datasette's metadata for one database.

    Args:
        survey: what the database holds.
        database: the name that Datasette serves it under.
        window: the window that the dashboard shows at first.
        folder: with questions of the user's own, or None.
    """
    tables: dict[str, Any] = {name: {"hidden": True} for name in (*survey.system, "sqlite_sequence")}
    tables |= {each: _described(survey, each) for each in survey.tables}
    for source in survey.sources:
        tables[source.name] |= _arranged(source)
    tables["all_events"] = {"description": "Every event of every table, newest first, as JSON.", "size": 50}
    return {
        "title": "Telemetry",
        "description_html": f'<p><a href="/-/dashboards/{SLUG}">Open the dashboard</a></p>',
        "extra_css_urls": ["/telemetry/dashboard.css"],
        "databases": {database: {"tables": tables, "queries": canned(survey, folder)}},
        "plugins": {"datasette-dashboards": {SLUG: dashboard(survey, database, window)}},
    }


def _described(survey: Survey, table: str) -> dict[str, Any]:
    columns = {column: doc for (name, column), doc in survey.docs.items() if name == table and column}
    return {"description": survey.docs.get((table, ""), ""), "columns": columns}


def _arranged(source: EventSource) -> Mapping[str, Any]:
    order = {"sort_desc": source.time} if source.drawn else {}
    return {"facets": list(source.facets), **order}

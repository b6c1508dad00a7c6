"""What Datasette is told about a database: descriptions, facets, order, canned queries, the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard import queries
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


def metadata(survey: Survey, database: str, window: str) -> dict[str, Any]:
    """Datasette's metadata for one database.

    Args:
        survey: what the database holds.
        database: the name that Datasette serves it under.
        window: the window that the dashboard shows at first.
    """
    tables: dict[str, Any] = {name: {"hidden": True} for name in survey.system}
    tables |= {each: _described(survey, each) for each in survey.names}
    for source in survey.sources:
        tables[source.name] |= _arranged(source)
    tables["all_events"] = {"description": "Every event of every table, newest first, as JSON.", "size": 50}
    return {
        "title": "Telemetry",
        "description_html": f'<p><a href="/-/dashboards/{SLUG}">Open the dashboard</a></p>',
        "extra_css_urls": ["/telemetry/dashboard.css"],
        "databases": {database: {"tables": tables, "queries": _canned(survey)}},
        "plugins": {"datasette-dashboards": {SLUG: dashboard(survey, database, window)}},
    }


def _described(survey: Survey, table: str) -> dict[str, Any]:
    columns = {column: doc for (name, column), doc in survey.docs.items() if name == table and column}
    return {"description": survey.docs.get((table, ""), ""), "columns": columns}


def _arranged(source: EventSource) -> Mapping[str, Any]:
    order = {"sort_desc": source.time} if source.drawn else {}
    return {"facets": list(source.facets), **order}


def _canned(survey: Survey) -> dict[str, Any]:
    """The dashboard's own questions, each as a page whose parameters can be changed."""
    questions = (
        ("everything_about_an_agent", "Everything about an agent, newest first", _about("agent_id", survey)),
        ("everything_in_a_session", "Everything in a session, newest first", _about("session_id", survey)),
        ("newest_errors", "The newest errors of a window", queries.latest_errors(survey)),
        ("events_over_time", "Events over time, by table", queries.events(survey)),
        ("busiest_agents", "The busiest agents of a window, by table", queries.agents(survey)),
        ("heartbeat_gaps", "Silences in the heartbeats of a window", queries.heartbeats(survey)),
        ("rejects_by_reason", "Why events were not stored", queries.rejects(survey)),
    )
    return {
        name: {"sql": queries.without_agent(sql), "title": title} for name, title, sql in questions if sql is not None
    }


def _about(column: str, survey: Survey) -> str | None:
    if not survey.sources:
        return None
    return (
        f'SELECT timestamp, "table", id, event_type, agent_id, session_id, event FROM all_events '
        f"WHERE {column} = :{column} ORDER BY timestamp DESC LIMIT 500"
    )

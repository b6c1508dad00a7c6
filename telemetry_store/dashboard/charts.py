"""The generated dashboard, in the form that datasette-dashboards reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard import queries

if TYPE_CHECKING:
    from telemetry_store.dashboard.survey import Survey

#: Windows that can be chosen, each a span that SQLite's date functions know.
WINDOWS = ("1 hour", "6 hours", "24 hours", "7 days", "30 days", "365 days", "all")
SLUG = "telemetry"
_COLUMNS = 6
_FIGURES = ("n-events", "n-errors", "n-agents", "n-silent", "n-rejects", "n-waiting")
_ROWS = (("events",), ("errors", "latest-errors"), ("agents", "heartbeats"), ("imports", "sources"),
         ("rejects", "health"), ("figures",))  # fmt: skip
_ERRORS = ("time", "table", "agent", "message")
_FILES = ("file", "table", "read", "imported", "duplicate", "rejected", "when")
_SPANS = ("table", "rows", "first event", "last event")
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name; nothing is fetched from there
_COLOURS = {"title": None, "scale": {"scheme": "tableau20"}, "legend": {"orient": "bottom", "columns": 4}}
_TIME = {"title": None, "scale": {"type": "utc"}, "axis": {"labelOverlap": True}}
_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
_YESTERDAY = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day')"


def dashboard(survey: Survey, database: str, window: str) -> dict[str, Any]:
    """The configuration of one dashboard.

    Args:
        survey: what the database holds; charts that would have nothing to show are left out.
        database: the name that Datasette serves it under.
        window: one of WINDOWS, shown at first.
    """
    charts = {name: {**chart, "db": database} for name, chart in _charts(survey).items()}
    return {
        "title": "Telemetry",
        "description": _description(survey),
        "settings": {"allow_fullscreen": True},
        "layout": [list(_FIGURES), *_layout(charts)],
        "filters": _filters(survey, database, window),
        "charts": charts,
    }


def _description(survey: Survey) -> str:
    text = "Times are UTC. The window ends at the newest event, or at the end of the day that is chosen."
    left_out = [each.name for each in survey.sources if each not in survey.drawn]
    if left_out:
        more = f" and {len(left_out) - 6} more" if len(left_out) > 6 else ""
        text += f" Not drawn, as small or without an index on the time: {', '.join(left_out[:6])}{more}."
    return text


def _filters(survey: Survey, database: str, window: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "window": {"name": "Window", "type": "select", "options": list(WINDOWS), "default": window},
        "until": {"name": "Until the end of", "type": "date", "default": ""},
    }
    names = queries.agent_names(survey)
    if names is not None:
        found["agent"] = {"name": "Agent", "type": "select", "db": database, "query": names, "default": ""}
    return found


def _layout(charts: dict[str, Any]) -> list[list[str]]:
    """Rows of the grid; a chart whose neighbour is left out takes the whole width."""
    there = [[name for name in row if name in charts] for row in _ROWS]
    return [[name for name in row for _ in range(_COLUMNS // len(row))] for row in there if row]


def _charts(survey: Survey) -> dict[str, dict[str, Any]]:
    found = {
        "n-events": _figure("Events", queries.total_events(survey)),
        "n-errors": _figure("Errors", queries.total_errors(survey)),
        "n-agents": _figure("Agents seen", queries.agents_seen(survey)),
        "n-silent": _figure("Agents silent now", queries.silent(survey)),
        "n-rejects": _figure("Rejected, ever", queries.total_rejects(survey)),
        "n-waiting": _figure("Waiting in the spool", "SELECT spool_size() AS n"),
    }
    drawn = {
        "events": _over_time("Events over time, by table", queries.events(survey), "events", 240),
        "errors": _over_time("Errors over time, by table", queries.errors(survey), "errors", 300),
        "latest-errors": _table("Newest errors", queries.latest_errors(survey), _ERRORS),
        "agents": _bars("Busiest agents, by table", queries.agents(survey), "agent", "events", "table"),
        "heartbeats": _gaps("Heartbeats: silences of each agent", queries.heartbeats(survey)),
        "imports": _bars("Imported lines, by outcome", queries.imports(survey), "table", "lines", "outcome"),
        "sources": _table("Files imported last", queries.sources(survey), _FILES),
        "rejects": _bars("Why events were rejected", queries.rejects(survey), "reason", "rejects", "table"),
        "health": _table("Database health", queries.health(survey), ("what", "figure")),
        "figures": _table("Tables, the whole of each", queries.figures(survey), _SPANS),
    }
    return found | {name: chart for name, chart in drawn.items() if chart is not None}


def _figure(title: str, sql: str | None) -> dict[str, Any]:
    return {"title": title, "library": "metric", "query": sql or "SELECT '0' AS n", "display": {"field": "n"}}


def _table(title: str, sql: str | None, columns: tuple[str, ...]) -> dict[str, Any] | None:
    """A table; the plugin makes its cells with innerHTML, so the markup in events is made harmless here."""
    if sql is None:
        return None
    shown = {name: f'html_text("{name}")' for name in columns}
    nothing = {name: "''" if place else "'nothing'" for place, name in enumerate(columns)}
    return {"title": title, "library": "table", "display": {}, "query": _never_empty(sql, shown, nothing)}


def _vega(title: str, sql: str | None, nothing: dict[str, str], **display: Any) -> dict[str, Any] | None:
    if sql is None:
        return None
    shown = {name: f'"{name}"' for name in nothing}
    settings = {"$schema": _SCHEMA, "autosize": {"type": "fit-x", "contains": "padding"}, **display}
    return {"title": title, "library": "vega-lite", "display": settings, "query": _never_empty(sql, shown, nothing)}


def _never_empty(sql: str, shown: dict[str, str], nothing: dict[str, str]) -> str:
    """The statement with one row that says so where it has none: without any, charts are errors in the browser."""
    columns = ", ".join(f'{text} AS "{name}"' for name, text in shown.items())
    return (
        f"WITH shown AS MATERIALIZED (\n{sql}\n)\nSELECT {columns} FROM shown\n"
        f"UNION ALL SELECT {', '.join(nothing.values())} WHERE NOT EXISTS (SELECT 1 FROM shown)"
    )


def _over_time(title: str, sql: str | None, figure: str, height: int) -> dict[str, Any] | None:
    return _vega(
        title,
        sql,
        {"table": "'nothing'", "start": _YESTERDAY, "finish": _NOW, figure: "0"},
        height=height,
        mark={"type": "bar", "tooltip": True, "binSpacing": 0},
        encoding={
            "x": {"field": "start", "type": "temporal", "bin": "binned", **_TIME},
            "x2": {"field": "finish"},
            "y": {"field": figure, "type": "quantitative", "title": None, "stack": "zero"},
            "color": {"field": "table", "type": "nominal", **_COLOURS},
        },
    )


def _bars(title: str, sql: str | None, label: str, figure: str, colour: str) -> dict[str, Any] | None:
    return _vega(
        title,
        sql,
        {label: "'nothing'", colour: "''", figure: "0"},
        height={"step": 16},
        mark={"type": "bar", "tooltip": True},
        encoding={
            "y": {"field": label, "type": "nominal", "title": None, "axis": {"labelLimit": 240},
                  "sort": {"field": figure, "op": "sum", "order": "descending"}},
            "x": {"field": figure, "type": "quantitative", "title": None, "stack": "zero"},
            "color": {"field": colour, "type": "nominal", **_COLOURS},
        },
    )  # fmt: skip


def _gaps(title: str, sql: str | None) -> dict[str, Any] | None:
    kinds = {"domain": ["beating", "silent", "silent since"], "range": ["#bcd9bf", "#e8871e", "#c4302b"]}
    nothing = {"agent": "'nothing'", "kind": "'beating'", "start": _YESTERDAY, "finish": _YESTERDAY, "seconds": "0"}
    return _vega(
        title,
        sql,
        nothing,
        height={"step": 16},
        mark={"type": "bar", "tooltip": True},
        encoding={
            "y": {"field": "agent", "type": "nominal", "title": None},
            "x": {"field": "start", "type": "temporal", **_TIME},
            "x2": {"field": "finish"},
            "color": {"field": "kind", "type": "nominal", **_COLOURS, "scale": kinds},
            "tooltip": [{"field": name} for name in nothing],
        },
    )

"""The charts in the form that datasette-dashboards reads, most of them as Vega specifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard.charts import CHARTS, COLOURS, Chart, Kind
from telemetry_store.errors import UsageError
from telemetry_store.reading.questions import find

if TYPE_CHECKING:
    from collections.abc import Container

    from telemetry_store.dashboard.survey import Survey

#: Windows that can be chosen, each a span that SQLite's date functions know.
WINDOWS = ("1 hour", "6 hours", "24 hours", "7 days", "30 days", "365 days", "all")
#: The name of the dashboard in addresses.
SLUG = "telemetry"
_COLUMNS = 6
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name; nothing is fetched from there
_TIME = {"type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": {"labelOverlap": True}}
#: What an empty chart shows is drawn at these times, in SQL.
_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
_YESTERDAY = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day')"


def dashboard(survey: Survey, database: str, window: str) -> dict[str, Any]:
    """The configuration of one dashboard.

    Args:
        survey: what the database holds; charts that would have nothing to show are left out.
        database: the name that Datasette serves it under.
        window: one of WINDOWS, shown at first.
    """
    statements = [(chart, survey.statement(chart)) for chart in CHARTS]
    shown = [(chart, sql) for chart, sql in statements if sql or chart.kind is Kind.FIGURE]
    return {
        "title": "Telemetry",
        "description": _description(survey),
        "settings": {"allow_fullscreen": True},
        "layout": _layout({chart.name for chart, _ in shown}),
        "filters": _filters(survey, database, window),
        "charts": {chart.name: {"title": chart.title, "db": database, **_drawn(chart, sql)} for chart, sql in shown},
    }


def _layout(shown: Container[str]) -> list[list[str]]:
    """Rows of the grid; a chart whose neighbour is left out takes the whole width."""
    rows: list[list[str]] = []
    for chart in CHARTS:
        rows += [] if chart.beside else [[]]
        rows[-1] += [chart.name] if chart.name in shown else []
    return [[name for name in row for _ in range(_COLUMNS // len(row))] for row in rows if row]


def _description(survey: Survey) -> str:
    text = "Times are UTC. The window ends at the newest event, or at the end of the day that is chosen."
    timed = [name for name, table in survey.tables.items() if table.time is not None]
    if left_out := [name for name in timed if name not in survey.drawn]:
        more = f" and {len(left_out) - 6} more" if len(left_out) > 6 else ""
        text += f" Not drawn, as small or without an index on the time: {', '.join(left_out[:6])}{more}."
    return text


def _filters(survey: Survey, database: str, window: str) -> dict[str, Any]:
    filters: dict[str, Any] = {
        "window": {"name": "Window", "type": "select", "options": list(WINDOWS), "default": window},
        "until": {"name": "Until the end of", "type": "date", "default": ""},
    }
    try:
        names, _ = find("agent_names").statement(survey.drawn, {})
    except UsageError:
        return filters
    agent = {"name": "Agent", "type": "select", "db": database, "query": names, "default": ""}
    return filters | {"agent": agent}


def _drawn(chart: Chart, sql: str) -> dict[str, Any]:
    if chart.kind is Kind.FIGURE:
        return {"library": "metric", "query": sql or "SELECT '0' AS n", "display": {"field": chart.value}}
    query = _never_empty(chart, sql)
    if chart.kind is Kind.TABLE:
        return {"library": "table", "query": query, "display": {}}
    display = {"$schema": _SCHEMA, "autosize": {"type": "fit-x", "contains": "padding"}, "height": {"step": 16}}
    return {"library": "vega-lite", "query": query, "display": display | _vega(chart)}


def _never_empty(chart: Chart, sql: str) -> str:
    """The statement with one row that says so where it has none: without any, charts are errors in the browser.

    The plugin makes the cells of tables with innerHTML, so the markup in events is made harmless here.
    """
    call = "html_text" if chart.kind is Kind.TABLE else ""
    columns = ", ".join(f'{call}("{name}") AS "{name}"' for name in chart.columns)
    nothing = dict.fromkeys(chart.columns, "''")
    if chart.kind is not Kind.TABLE:
        finish = _NOW if chart.kind is Kind.OVER_TIME else _YESTERDAY
        series = f"'{next(iter(chart.colours), '')}'"
        known = {chart.series: series, "start": _YESTERDAY, "finish": finish, chart.value: "0"}
        nothing |= {name: known[name] for name in nothing.keys() & known}
    nothing[chart.label] = "'nothing'"
    return (
        f"WITH shown AS MATERIALIZED (\n{sql}\n)\nSELECT {columns} FROM shown\n"
        f"UNION ALL SELECT {', '.join(nothing.values())} WHERE NOT EXISTS (SELECT 1 FROM shown)"
    )


def _vega(chart: Chart) -> dict[str, Any]:
    value = {"field": chart.value, "type": "quantitative", "title": None, "stack": "zero"}
    named = {"field": chart.label, "type": "nominal", "title": None}
    colours = {"domain": [*chart.colours], "range": [*chart.colours.values()]} if chart.colours else {"range": COLOURS}
    colour = {"field": chart.series, "type": "nominal", "title": None, "scale": colours}
    encoding: dict[str, Any] = {"color": colour | {"legend": {"orient": "bottom", "columns": 4}}}
    mark: dict[str, Any] = {"type": "bar", "tooltip": True}
    if chart.kind is Kind.OVER_TIME:
        encoding |= {"x": {"field": "start", "bin": "binned", **_TIME}, "x2": {"field": "finish"}, "y": value}
        return {"height": chart.height, "mark": mark | {"binSpacing": 0}, "encoding": encoding}
    if chart.kind is Kind.BY_NAME:
        sort = {"field": chart.value, "op": "sum", "order": "descending"}
        encoding |= {"y": named | {"axis": {"labelLimit": 240}, "sort": sort}, "x": value}
    else:
        encoding |= {"x": {"field": "start", **_TIME}, "x2": {"field": "finish"}, "y": named}
        encoding["tooltip"] = [{"field": name} for name in chart.columns]
    return {"mark": mark, "encoding": encoding}

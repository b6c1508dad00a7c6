"""The report as one HTML file: styles and pictures inside, no script, nothing loaded from anywhere."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from telemetry_store.care.doctor import Severity
from telemetry_store.report import svg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telemetry_store.report.figures import Report, Row

#: The browser is told to run and load nothing, whatever stands in an event.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_OUTCOMES = {"imported": "#54a24b", "duplicate": "#72b7b2", "rejected": "#e45756", "blank": "#bab0ac"}
_KINDS = {"beating": "#bcd9bf", "silent": "#e8871e", "silent since": "#c4302b"}


def page(report: Report) -> str:
    """The whole file."""
    css = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    title = f"Telemetry of {report.database}"
    body = "\n".join(_section(heading, content) for heading, content in _sections(report))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{css}</style></head><body>\n<h1>{escape(title)}</h1>\n{_about(report)}\n{_totals(report.totals)}\n"
        f"{body}\n</body></html>\n"
    )


def _sections(report: Report) -> list[tuple[str, str]]:
    names = [row["table"] for row in report.tables]
    told = [row["table"] for row in (*report.agents, *report.rejects)]
    colours = svg.palette(dict.fromkeys([*names, *told]))  # one colour for a table in all pictures
    return [
        ("Events over time, by table", _over_time(report, report.events, "events", colours)),
        ("Errors over time, by table", _over_time(report, report.errors, "errors", colours)),
        ("Newest errors", _table(report.newest_errors)),
        ("Busiest agents, by table", _by_name(report.agents, ("agent", "table", "events"), colours)),
        ("Heartbeats: silences of each agent", _silences(report)),
        ("Imported lines, by outcome", _by_name(report.imports, ("table", "outcome", "lines"), _OUTCOMES)),
        ("Files imported last", _table(report.sources)),
        ("Why events were rejected", _by_name(report.rejects, ("reason", "table", "rejects"), colours)),
        ("Tables, the whole of each", _table(report.tables)),
        ("Health", _findings(report)),
    ]


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>\n{content}</section>"


def _about(report: Report) -> str:
    made = f"{report.made:%Y-%m-%d %H:%M:%S}"
    window = "no events" if report.start is None else f"{_short(report.start)} to {_short(report.finish or '')}"
    return f'<p class="about">{escape(window)} ({escape(report.window)}), made {made}; times are UTC.</p>'


def _short(time: str) -> str:
    return time[:19].replace("T", " ")


def _totals(totals: Mapping[str, str]) -> str:
    cells = [f"<div><dt>{escape(name)}</dt><dd>{escape(figure)}</dd></div>" for name, figure in totals.items()]
    return f'<dl class="totals">{"".join(cells)}</dl>'


def _none() -> str:
    return '<p class="none">None.</p>'


def _over_time(report: Report, rows: Sequence[Row], figure: str, colours: dict[str, str]) -> str:
    if not rows or report.start is None or report.finish is None:
        return _none()
    bars = [svg.Bar(svg.seconds(row["start"]), row["table"], row[figure]) for row in rows]
    width = svg.seconds(rows[0]["finish"]) - svg.seconds(rows[0]["start"])
    start = min(svg.seconds(report.start), *(float(bar.place) for bar in bars), float(bars[0].place))
    return svg.over_time(bars, start, svg.seconds(report.finish), width, colours)


def _by_name(rows: Sequence[Row], keys: tuple[str, str, str], colours: dict[str, str]) -> str:
    name, series, figure = keys
    return svg.by_name([svg.Bar(row[name], row[series], row[figure]) for row in rows], colours) if rows else _none()


def _silences(report: Report) -> str:
    if not report.heartbeats or report.start is None or report.finish is None:
        return _none()
    rows = [
        svg.Span(
            row["agent"],
            row["kind"],
            svg.seconds(row["start"]),
            svg.seconds(row["finish"]),
            f"{row['agent']} {row['kind']} {_short(row['start'])} to {_short(row['finish'])}, {row['seconds']:,} s",
        )
        for row in report.heartbeats
    ]
    order = sorted({row.name for row in rows})
    rows.sort(key=lambda row: (row.kind != "beating", order.index(row.name)))
    longest = [row for row in report.heartbeats if row["kind"] != "beating"]
    longest.sort(key=lambda row: -row["seconds"])
    picture = svg.spans(rows, svg.seconds(report.start), svg.seconds(report.finish), _KINDS)
    table = [row | {"start": _short(row["start"]), "finish": _short(row["finish"])} for row in longest[:10]]
    return picture + (_table(table) if table else "")


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return _none()
    numeric = {name: all(isinstance(row[name], int | float) for row in rows) for name in rows[0]}
    head = "".join(f"<th{_aligned(numeric[name])}>{escape(name)}</th>" for name in rows[0])
    lines = [
        "<tr>" + "".join(f"<td{_aligned(numeric[name])}>{_cell(value)}</td>" for name, value in row.items()) + "</tr>"
        for row in rows
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _aligned(numeric: bool) -> str:  # noqa: FBT001 - not a switch: what the column holds
    return ' class="number"' if numeric else ""


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int | float) else escape(str(value))


def _findings(report: Report) -> str:
    told = [each for each in report.findings if each.severity is not Severity.OK]
    well = len(report.findings) - len(told)
    rows = [
        f'<tr><td class="{escape(str(each.severity))}">{escape(str(each.severity))}</td><td>{escape(each.check)}</td>'
        f"<td>{escape(each.message)}{'<br>' + escape(each.hint) if each.hint else ''}</td></tr>"
        for each in told
    ]
    table = f"<table><tbody>{''.join(rows)}</tbody></table>" if rows else ""
    return f"{table}<p>{well} of {len(report.findings)} checks of `telemetry doctor` found nothing.</p>"

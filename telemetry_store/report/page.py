"""The report as one HTML file: styles and pictures inside, no script, nothing loaded from anywhere."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from telemetry_store.care.doctor import Severity
from telemetry_store.dashboard.charts import CHARTS, Kind
from telemetry_store.report import svg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telemetry_store.dashboard.charts import Chart
    from telemetry_store.report.figures import Report
    from telemetry_store.report.svg import Row

#: The browser is told to run and load nothing, whatever stands in an event.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
#: The pictures of a report, below its totals.
_PICTURES = tuple(chart for chart in CHARTS if not chart.live and chart.kind is not Kind.FIGURE)
#: So many of the longest silences are listed.
_LISTED = 10


def page(report: Report) -> str:
    """The whole file."""
    css = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    title = f"Telemetry of {report.database}"
    colours = _colours(report)
    sections = [_section(chart.title, _drawn(report, chart, colours)) for chart in _PICTURES]
    body = "\n".join([*sections, _section("Health", _findings(report))])
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{css}</style></head><body>\n<h1>{escape(title)}</h1>\n{_about(report)}\n{_totals(report.totals)}\n"
        f"{body}\n</body></html>\n"
    )


def _colours(report: Report) -> dict[str, str]:
    """One colour for a table in all pictures, the largest table first."""
    stacked = [chart for chart in _PICTURES if chart.kind in (Kind.OVER_TIME, Kind.BY_NAME) and not chart.colours]
    drawn = [row[chart.series] for chart in stacked for row in report.rows[chart.name]]
    return svg.palette(dict.fromkeys([*(row["table"] for row in report.rows["figures"]), *drawn]))


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>\n{content}</section>"


def _about(report: Report) -> str:
    ends = "no events" if report.start is None else f"{svg.short(report.start)} to {svg.short(report.finish or '')}"
    text = f"{ends} ({report.window}), made {report.created:%Y-%m-%d %H:%M:%S}; times are UTC."
    return f'<p class="about">{escape(text)}</p>'


def _totals(totals: Mapping[str, str]) -> str:
    cells = [f"<div><dt>{escape(name.lower())}</dt><dd>{escape(figure)}</dd></div>" for name, figure in totals.items()]
    return f'<dl class="totals">{"".join(cells)}</dl>'


def _drawn(report: Report, chart: Chart, colours: Mapping[str, str]) -> str:
    rows = report.rows[chart.name]
    if not rows:
        return '<p class="none">None.</p>'
    if chart.kind is Kind.TABLE:
        return _table(rows, chart.columns)
    if chart.kind is Kind.BY_NAME:
        return svg.by_name(chart, rows, chart.colours or colours)
    ends = svg.seconds(report.start or ""), svg.seconds(report.finish or "")
    if chart.kind is Kind.OVER_TIME:
        return svg.over_time(chart, rows, ends, colours)
    first, *_ = chart.colours  # what lasts as it should
    longest = sorted((row for row in rows if row[chart.series] != first), key=lambda row: -row[chart.value])[:_LISTED]
    listed = [row | {name: svg.short(row[name]) for name in ("start", "finish")} for row in longest]
    return svg.spans(chart, rows, ends) + (_table(listed, chart.columns) if listed else "")


def _table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    numeric = {name: all(isinstance(row[name], int | float) for row in rows) for name in columns}
    aligned = {name: ' class="number"' if numeric[name] else "" for name in columns}
    head = "".join(f"<th{aligned[name]}>{escape(name)}</th>" for name in columns)
    cells = ["".join(f"<td{aligned[name]}>{_cell(row[name])}</td>" for name in columns) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int | float) else escape(str(value))


def _findings(report: Report) -> str:
    shown = [finding for finding in report.findings if finding.severity is not Severity.OK]
    rows = [
        f'<tr><td class="{escape(finding.severity)}">{escape(finding.severity)}</td><td>{escape(finding.check)}</td>'
        f"<td>{escape(finding.message)}{'<br>' + escape(finding.hint) if finding.hint else ''}</td></tr>"
        for finding in shown
    ]
    table = f"<table><tbody>{''.join(rows)}</tbody></table>" if rows else ""
    well = len(report.findings) - len(shown)
    return f"{table}<p>{well} of {len(report.findings)} checks of `telemetry doctor` found nothing.</p>"

"""Three kinds of charts as SVG text: bars over time, bars by name, and spans of time by name."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard.charts import COLOURS, OTHERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from telemetry_store.dashboard.charts import Chart

    Row = Mapping[str, Any]
    Scale = Callable[[float], float]

#: All sizes are in pixels: of a picture, of what stands around its bars, of a line, and of the names left of it.
_WIDTH = 900
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 10, 8, 22
_HEIGHT = 220
_ROW = 17
_LABELS = 190
#: So many bars stand side by side at most, and so many times on an axis.
_MOST_BUCKETS = 150
_MOST_TICKS = 9
#: Steps of a time axis, in seconds.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
          604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000)  # fmt: skip


def seconds(text: str) -> float:
    """Seconds since 1970 of a time in ISO form."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def short(time: str) -> str:
    """A time in ISO form for people, to the second."""
    return time[:19].replace("T", " ")


def palette(names: Iterable[str]) -> dict[str, str]:
    """Series → colour; those beyond the colours share one."""
    return {name: COLOURS[place] if place < len(COLOURS) else OTHERS for place, name in enumerate(names)}


def over_time(chart: Chart, rows: Sequence[Row], ends: tuple[float, float], colours: Mapping[str, str]) -> str:
    """Bars over time, stacked by series.

    Args:
        chart: what its columns mean.
        rows: one for each bucket and series, all equally wide; where there are too many, neighbours are added up.
        ends: of the window, in seconds since 1970.
        colours: series → colour, in the order of the stack.
    """
    begins = [seconds(row["start"]) for row in rows]
    width = seconds(rows[0]["finish"]) - begins[0]
    start = min(ends[0], *begins)
    finish = max(ends[1], start + width)
    width *= max(1, math.ceil((finish - start) / width / _MOST_BUCKETS))
    stacks: dict[int, Counter[str]] = defaultdict(Counter)
    for begin, row in zip(begins, rows, strict=True):
        stacks[math.floor((begin - start) / width)][row[chart.series]] += row[chart.value]
    top = _nice(max(stack.total() for stack in stacks.values()))
    x = _scale(start, finish, _LEFT, _WIDTH - _RIGHT)
    y = _scale(0, top, _HEIGHT - _BOTTOM, _TOP)
    parts = [_levels(top, y), _time_axis(start, finish, x, _HEIGHT)]
    for bucket, stack in sorted(stacks.items()):
        begin, base = start + bucket * width, 0
        left, right = x(begin), x(min(begin + width, finish))
        for name, colour in colours.items():
            if count := stack[name]:
                title = f"{datetime.fromtimestamp(begin, UTC):%Y-%m-%d %H:%M:%S}: {count:,} {name}"
                base += count
                parts.append(_box(left, y(base), right - left - 0.5, y(base - count) - y(base), colour, title))
    return _picture(_HEIGHT, parts) + _legend(chart, rows, colours)


def by_name(chart: Chart, rows: Sequence[Row], colours: Mapping[str, str]) -> str:
    """A bar for each name, in the order in which they come, stacked by series; see over_time()."""
    bars: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        bars[str(row[chart.label])][row[chart.series]] += row[chart.value]
    x = _scale(0, max(bar.total() for bar in bars.values()), _LABELS, _WIDTH - 80)
    parts = []
    for top, (name, bar) in zip(range(0, len(bars) * _ROW, _ROW), bars.items(), strict=True):
        base = 0
        parts.append(_label(name, top))
        for series, colour in colours.items():
            if count := bar[series]:
                title = f"{name}: {count:,} {series}"
                parts.append(_box(x(base), top + 2, x(base + count) - x(base), _ROW - 4, colour, title))
                base += count
        parts.append(f'<text x="{x(base) + 5:.1f}" y="{top + 12}">{base:,}</text>')
    return _picture(len(bars) * _ROW + 4, parts) + _legend(chart, rows, colours)


def spans(chart: Chart, rows: Sequence[Row], ends: tuple[float, float]) -> str:
    """A line for each name, with what lasted on it; series with later colours lie above; see over_time()."""
    names = sorted({row[chart.label] for row in rows})
    height = len(names) * _ROW + _BOTTOM
    start, finish = ends[0], max(ends[1], ends[0] + 1)
    x = _scale(start, finish, _LABELS, _WIDTH - _RIGHT)
    parts = [_label(name, place * _ROW) for place, name in enumerate(names)]
    for row in sorted(rows, key=lambda row: [*chart.colours].index(row[chart.series])):
        left, right = x(max(seconds(row["start"]), start)), x(min(seconds(row["finish"]), finish))
        name, kind = row[chart.label], row[chart.series]
        title = f"{name} {kind} {short(row['start'])} to {short(row['finish'])}, {row[chart.value]:,} s"
        top = names.index(name) * _ROW + 2
        parts.append(_box(left, top, max(right - left, 1), _ROW - 4, chart.colours[kind], title))
    return _picture(height, [*parts, _time_axis(start, finish, x, height)]) + _legend(chart, rows, chart.colours)


def _legend(chart: Chart, rows: Sequence[Row], colours: Mapping[str, str]) -> str:
    """What the colours mean, as HTML."""
    there = {row[chart.series] for row in rows}
    items = [f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in colours.items()
             if name in there]  # fmt: skip
    return f'<p class="legend">{"".join(items)}</p>'


def _scale(first: float, last: float, begin: float, end: float) -> Scale:
    """A straight line from values to pixels."""
    slope = (end - begin) / ((last - first) or 1)
    return lambda value: begin + (value - first) * slope


def _picture(height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{"".join(parts)}</svg>'


def _box(x: float, y: float, width: float, height: float, colour: str, title: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.3):.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}"><title>{escape(title)}</title></rect>'


def _label(name: str, top: float) -> str:
    shown = name if len(name) <= 30 else name[:29] + "…"
    return f'<text x="{_LABELS - 6}" y="{top + 12}" text-anchor="end">{escape(shown)}</text>'


def _levels(top: float, y: Scale) -> str:
    return "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:,.10g}</text>'
        for value in (top * part / 4 for part in range(5))
    )


def _nice(value: float) -> float:
    """The next number that four steps divide well."""
    power = 10.0 ** math.floor(math.log10(max(value, 1)))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value) if value > 4 else 4


def _time_axis(start: float, finish: float, x: Scale, height: float) -> str:
    step = next((step for step in _STEPS if (finish - start) / step <= _MOST_TICKS), _STEPS[-1] * 10)
    ticks = []
    for at in range(math.ceil(start / step) * step, math.floor(finish) + 1, step):
        anchor = "end" if x(at) > _WIDTH - 40 else "middle"
        ticks.append(f'<text x="{x(at):.1f}" y="{height - 6}" text-anchor="{anchor}">{_tick(at, step)}</text>')
    return "".join(ticks)


def _tick(at: float, step: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    if step >= 7_776_000:
        return f"{moment:%b %Y}"
    if step >= 86_400 or (moment.hour == moment.minute == moment.second == 0):
        return f"{moment:%d %b}"
    return f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"

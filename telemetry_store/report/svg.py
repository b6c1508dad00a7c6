"""Three kinds of pictures as SVG text: bars over time, bars by name, and spans of time by name."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The colours of series, and that of all that have none of their own.
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#eeca3b", "#b279a2", "#ff9da6", "#9d755d", "#1b9e77")
OTHERS = "#bab0ac"
_WIDTH = 900
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 10, 8, 22
_MOST_BUCKETS = 150
_ROW = 17
_LABELS = 190
#: Steps of a time axis, in seconds.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
          604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000)  # fmt: skip
_MOST_TICKS = 9


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted.

    Args:
        name: of whom.
        kind: of what kind; it decides the colour.
        start: seconds since 1970, as `finish`.
        said: what a pointer on it shows.
    """

    name: str
    kind: str
    start: float
    finish: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar: how many, of which series, for a name or a bucket of time."""

    place: str | float
    series: str
    count: int


def seconds(text: str) -> float:
    """Seconds since 1970 of a time in ISO form."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def palette(names: Iterable[str]) -> dict[str, str]:
    """Series → colour; those beyond the colours share one."""
    return {name: COLOURS[place] if place < len(COLOURS) else OTHERS for place, name in enumerate(names)}


def legend(colours: dict[str, str]) -> str:
    """What the colours mean, as HTML."""
    items = [f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in colours.items()]
    return f'<p class="legend">{"".join(items)}</p>'


def over_time(bars: Sequence[Bar], start: float, finish: float, width: float, colours: dict[str, str]) -> str:
    """Bars over time, stacked by series.

    Args:
        bars: their place is when a bucket begins, in seconds since 1970.
        start: the left end, in seconds since 1970.
        finish: the right end.
        width: seconds of a bucket; neighbours are added up where there are too many.
        colours: series → colour, in the order of the stack.
    """
    height = 220
    finish = max(finish, start + width)
    width *= max(1, math.ceil((finish - start) / width / _MOST_BUCKETS))
    stacks: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for bar in bars:
        stacks[math.floor((float(bar.place) - start) / width)][bar.series] += bar.count
    most = max((sum(stack.values()) for stack in stacks.values()), default=1)
    top = _nice(most)
    x = _scale(start, finish, _LEFT, _WIDTH - _RIGHT)
    y = _scale(0, top, height - _BOTTOM, _TOP)
    parts = [_levels(top, y), _time_axis(start, finish, x, height)]
    for bucket, stack in sorted(stacks.items()):
        left, right = x(max(start + bucket * width, start)), x(min(start + (bucket + 1) * width, finish))
        base = 0
        for name in sorted(stack, key=list(colours).index):
            count = stack[name]
            tall = y(base) - y(base + count)
            said = f"{_clock(start + bucket * width)}: {count:,} {name}"
            parts.append(_box(left, y(base + count), right - left - 0.5, tall, colours[name], said))
            base += count
    return _picture(height, parts) + legend(_used(colours, bars))


def by_name(bars: Sequence[Bar], colours: dict[str, str]) -> str:
    """A bar for each name, in the order in which they come, stacked by series.

    Args:
        bars: their place is a name.
        colours: series → colour, in the order of the stack.
    """
    rows: dict[str, list[Bar]] = defaultdict(list)
    for bar in bars:
        rows[str(bar.place)].append(bar)
    most = max((sum(bar.count for bar in row) for row in rows.values()), default=1)
    x = _scale(0, most, _LABELS, _WIDTH - 80)
    parts = []
    for place, (name, row) in enumerate(rows.items()):
        top, base = place * _ROW, 0
        parts.append(_label(name, top))
        for bar in sorted(row, key=lambda each: list(colours).index(each.series)):
            said = f"{name}: {bar.count:,} {bar.series}"
            parts.append(_box(x(base), top + 2, x(base + bar.count) - x(base), _ROW - 4, colours[bar.series], said))
            base += bar.count
        parts.append(f'<text x="{x(base) + 5:.1f}" y="{top + 12}">{base:,}</text>')
    return _picture(len(rows) * _ROW + 4, parts) + legend(_used(colours, bars))


def _used(colours: dict[str, str], bars: Sequence[Bar]) -> dict[str, str]:
    there = {bar.series for bar in bars}
    return {name: colour for name, colour in colours.items() if name in there}


def spans(rows: Sequence[Span], start: float, finish: float, colours: dict[str, str]) -> str:
    """A line for each name, with what lasted on it.

    Args:
        rows: what is drawn later lies above.
        start: the left end, in seconds since 1970.
        finish: the right end.
        colours: kind → colour.
    """
    names = list(dict.fromkeys(row.name for row in rows))
    height = len(names) * _ROW + _BOTTOM
    x = _scale(start, max(finish, start + 1), _LABELS, _WIDTH - _RIGHT)
    parts = [_label(name, place * _ROW) for place, name in enumerate(names)]
    for row in rows:
        left, right = x(max(row.start, start)), x(min(row.finish, finish))
        parts.append(
            _box(left, names.index(row.name) * _ROW + 2, max(right - left, 1), _ROW - 4, colours[row.kind], row.said)
        )
    return _picture(height, [*parts, _time_axis(start, max(finish, start + 1), x, height)]) + legend(colours)


@dataclass(frozen=True, slots=True)
class _scale:  # noqa: N801 - called like the function that it stands for
    """A straight line from values to pixels."""

    first: float
    last: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        return self.begin + (value - self.first) / ((self.last - self.first) or 1) * (self.end - self.begin)


def _picture(height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{"".join(parts)}</svg>'


def _box(x: float, y: float, width: float, height: float, colour: str, said: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.3):.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}"><title>{escape(said)}</title></rect>'


def _label(name: str, top: float) -> str:
    shown = name if len(name) <= 30 else name[:29] + "…"
    return f'<text x="{_LABELS - 6}" y="{top + 12}" text-anchor="end">{escape(shown)}</text>'


def _levels(top: float, y: _scale) -> str:
    lines = []
    for part in range(5):
        value = top * part / 4
        place = f"{y(value):.1f}"
        lines.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{place}" y2="{place}"/>'
            f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:,.10g}</text>'
        )
    return "".join(lines)


def _nice(value: float) -> float:
    """The next number that four steps divide well."""
    power = 10.0 ** math.floor(math.log10(max(value, 1)))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value) if value > 4 else 4


def _time_axis(start: float, finish: float, x: _scale, height: float) -> str:
    step = next((each for each in _STEPS if (finish - start) / each <= _MOST_TICKS), _STEPS[-1] * 10)
    ticks = []
    at = math.ceil(start / step) * step
    while at <= finish:
        anchor = "end" if x(at) > _WIDTH - 40 else "middle"
        ticks.append(f'<text x="{x(at):.1f}" y="{height - 6}" text-anchor="{anchor}">{_tick(at, step)}</text>')
        at += step
    return "".join(ticks)


def _tick(at: float, step: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    if step >= 7_776_000:
        return f"{moment:%b %Y}"
    if step >= 86_400 or (moment.hour == moment.minute == moment.second == 0):
        return f"{moment:%d %b}"
    return f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"

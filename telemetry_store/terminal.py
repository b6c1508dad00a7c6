"""How results look: aligned tables for people, JSON and CSV for machines."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from telemetry_store.selection import StoredEvent

#: Characters of a cell that are shown.
WIDEST = 60
#: Characters of an event's fields that are shown on its line.
_LINE = 160


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return _cut(str(value).replace("\n", "⏎").replace("\t", " "), WIDEST)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def brief(value: object) -> object:
    """A value that looks the same in a table, however long it was."""
    if isinstance(value, bytes):
        return _cell(value)
    return value[: WIDEST + 1] if isinstance(value, str) else value


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as aligned text, numbers to the right; long values are cut at 60 characters."""
    if not rows:
        return "(no rows)"
    names = list(rows[0])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[place]) for line in cells)) for place, name in enumerate(names)]
    right = [all(isinstance(row.get(name), int | float | None) for row in rows) for name in names]

    def line(values: Iterable[str]) -> str:
        aligned = (
            text.rjust(width) if numeric else text.ljust(width)
            for text, width, numeric in zip(values, widths, right, strict=True)
        )
        return "  ".join(aligned).rstrip()

    return "\n".join([line(names), line("─" * width for width in widths), *map(line, cells)])


def as_json(value: object) -> str:
    """Indented JSON; bytes become base64 text."""
    return orjson.dumps(value, default=_jsonable, option=orjson.OPT_INDENT_2).decode()


def _jsonable(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def json_list(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Lines of a JSON list with a row in each, for any number of rows."""
    start = "["
    for row in rows:
        yield f"{start}\n{orjson.dumps(row, default=_jsonable).decode()}"
        start = ","
    yield "[]" if start == "[" else "\n]"


def json_line(value: object) -> str:
    """JSON on one line."""
    return orjson.dumps(value, default=_jsonable).decode()


def show(rows: Sequence[Mapping[str, Any]], *, json: bool) -> None:
    """Print rows for people, or as JSON."""
    print(as_json(rows) if json else table(rows))


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


#: What stands first in the line of an event, and what in other places of it.
_FIRST = ("message", "text", "error", "metric", "value", "status")
_ELSEWHERE = ("timestamp", "agent_id", "event_type")
#: Words in the level of an event, and the colour that each gives it.
_COLOURS = {"error": "red", "critical": "red", "fatal": "red", "warning": "yellow", "warn": "yellow"}


def event_line(stored: StoredEvent) -> str:
    """One event on one line, coloured; `typer.echo` takes the colours out where there is no terminal."""
    from typer import style

    event = stored.event
    level = str(event.get("level") or event.get("event_type") or "").lower()
    colour = next((colour for word, colour in _COLOURS.items() if word in level), None)
    rest = (name for name in event if name not in _FIRST and name not in _ELSEWHERE)
    names = [*(name for name in _FIRST if name in event), *rest]
    fields = " ".join(f"{name}={_short(event[name])}" for name in names)
    return "  ".join(
        [
            style(stored.timestamp[:23].replace("T", " "), dim=True),
            style(f"{stored.table}:{stored.id}", fg="cyan"),
            style(str(event.get("agent_id") or "-"), fg="green"),
            style(str(event.get("event_type") or "-"), fg=colour, bold=colour is not None),
            _cut(fields, _LINE),
        ]
    ).rstrip()


def _short(value: object) -> str:
    return _cell(value if isinstance(value, str) else json_line(value))


def event_dict(stored: StoredEvent) -> dict[str, Any]:
    """One event for machines: its place, the fields that all tables have, and the event itself."""
    shared = {name: stored.event.get(name) for name in ("event_type", "agent_id", "session_id")}
    return {"timestamp": stored.timestamp, "table": stored.table, "id": stored.id, **shared, "event": stored.event}

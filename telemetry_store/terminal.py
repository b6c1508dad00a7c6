"""How results look: aligned tables for people, JSON and CSV for machines."""

from __future__ import annotations

import base64
import csv
import sys
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WIDEST = 60
"""Characters of a cell that are shown."""


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    text = str(value).replace("\n", "⏎").replace("\t", " ")
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


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


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as CSV on standard output, with a header."""
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def show(rows: Sequence[Mapping[str, Any]], *, json: bool, csv: bool = False) -> None:
    """Print rows in the form that was asked for."""
    if json:
        print(as_json(rows))
    elif csv:
        print_csv(rows)
    else:
        print(table(rows))


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"

"""Names and texts in standard SQL: the one place that quotes them, for every engine."""

from __future__ import annotations


def quoted(name: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """An SQL text literal."""
    return "'" + value.replace("'", "''") + "'"

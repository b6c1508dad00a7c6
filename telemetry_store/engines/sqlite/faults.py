"""Which rows tell of an error, by level, state, verdict, error text, event type or table, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.schema import METADATA, ColumnType

if TYPE_CHECKING:
    from telemetry_store.schema import Table

#: Columns that may tell of an error, by how they do so; and those that say what went wrong, the most telling first.
EVENT_TYPE = "event_type"
_LEVELS = ("level", "severity", "log_level", "levelname")
_STATES = ("status", "state", "result", "outcome", "health_state")
_VERDICTS = ("success", "ok", "succeeded")
_TEXTS = ("error", "error_message", "error_type", "exception", "traceback")
_MESSAGES = ("message", "error_message", "error", "exception", "msg", "reason", "text", "detail", EVENT_TYPE)
_BAD_LEVELS = "('error', 'err', 'critical', 'fatal', 'alert', 'emergency')"
_BAD_WORDS = ("error", "fail", "exception", "crash")
_YES_OR_NO = frozenset({ColumnType.BOOLEAN, ColumnType.INTEGER, ColumnType.NUMERIC})
#: The condition on an event type.
BAD_TYPES = " OR ".join(f"{EVENT_TYPE} LIKE '%{word}%'" for word in _BAD_WORDS)


def error_condition(table: Table) -> str | None:
    """The SQL condition that is true for a table's rows that tell of an error, or None where no column could.

    A table that is named after errors holds nothing else, unless a level tells them apart.
    """
    texts = {column for column, kind in table.columns.items() if kind is ColumnType.TEXT}
    if any(word in table.name.lower() for word in _BAD_WORDS) and texts.isdisjoint(_LEVELS):
        return "1"
    parts = [f"lower({quoted(column)}) IN {_BAD_LEVELS}" for column in _LEVELS if column in texts]
    parts += [f"{quoted(column)} LIKE '%{word}%'" for column in _STATES if column in texts for word in _BAD_WORDS]
    parts += [f"{quoted(column)} = 0" for column in _VERDICTS if table.columns.get(column) in _YES_OR_NO]
    parts += [f"{quoted(column)} <> ''" for column in _TEXTS if column in texts]
    if EVENT_TYPE in texts:
        parts.append(BAD_TYPES)
    return " OR ".join(parts) or None


def message(table: Table) -> str:
    """SQL for what a row says that tells of an error; what has no column of its own where nothing else is there."""
    there = [quoted(column) for column in (*_MESSAGES, METADATA) if column in table.columns]
    return f"coalesce({', '.join(there)}, '')" if there else "''"

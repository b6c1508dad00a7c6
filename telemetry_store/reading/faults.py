"""Which rows tell of an error: by their level, state, verdict, error text or event type, or by their table's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT_TYPE = "event_type"
_LEVELS = ("level", "severity", "log_level", "levelname")
_STATES = ("status", "state", "result", "outcome", "health_state")
_VERDICTS = ("success", "ok", "succeeded")
_TEXTS = ("error", "error_message", "error_type", "exception", "traceback")
_BAD_LEVELS = "('error', 'err', 'critical', 'fatal', 'alert', 'emergency')"
_BAD_WORDS = ("error", "fail", "exception", "crash")
_YES_OR_NO = frozenset({ColumnType.BOOLEAN, ColumnType.INTEGER, ColumnType.NUMERIC})
#: The condition on an event type.
BAD_TYPES = " OR ".join(f"{EVENT_TYPE} LIKE '%{word}%'" for word in _BAD_WORDS)


def error_condition(name: str, columns: Mapping[str, ColumnType]) -> str | None:
    """The SQL condition that is true for a table's rows that tell of an error, or None where no column could.

    Args:
        name: the table; one that is named after errors holds nothing else, unless a level tells them apart.
        columns: its columns and their types.
    """
    texts = {column for column, kind in columns.items() if kind is ColumnType.TEXT}
    if any(word in name.lower() for word in _BAD_WORDS) and texts.isdisjoint(_LEVELS):
        return "1"
    parts = [f"lower({quoted(each)}) IN {_BAD_LEVELS}" for each in _LEVELS if each in texts]
    parts += [f"{quoted(each)} LIKE '%{word}%'" for each in _STATES if each in texts for word in _BAD_WORDS]
    parts += [f"{quoted(each)} = 0" for each in _VERDICTS if columns.get(each) in _YES_OR_NO]
    parts += [f"{quoted(each)} <> ''" for each in _TEXTS if each in texts]
    if EVENT_TYPE in texts:
        parts.append(BAD_TYPES)
    return " OR ".join(parts) or None

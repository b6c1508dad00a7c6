"""Everything that happened, newest first: one query over the view `all_events`."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .timestamps import from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHARED = ("table", "event_type", "agent_id", "session_id")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(span: str) -> float:
    """Seconds of a span such as "90s", "15m", "1h", "7d" or "2w".

    Raises:
        UsageError: it is not a span.
    """
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        raise UsageError(f"{span!r} is not a span of time", "such as 90s, 15m, 1h, 7d or 2w")
    return float(match[1]) * _SECONDS[match[2]]


def statement(
    where: Mapping[str, str], last: float | None, limit: int, now: float | None = None
) -> tuple[str, list[Any]]:
    """The SQL of a timeline over all tables, newest first, and its parameters.

    Args:
        where: table, event_type, agent_id or session_id → its value, or any other field of the event.
        last: only so many seconds back, or None.
        limit: at most so many events.
        now: seconds since 1970, instead of the clock's.

    Returns:
        SQL whose rows have timestamp, table, id, event_type, agent_id, session_id and event (JSON text).
    """
    conditions: list[str] = []
    parameters: list[Any] = []
    for name, value in where.items():
        if name in _SHARED:
            conditions.append(f'"{name}" = ?')
        else:
            conditions.append("CAST(json_extract(event, ?) AS TEXT) = ?")
            parameters.append('$."' + name.replace('"', '\\"') + '"')
        parameters.append(value)
    if last is not None:
        conditions.append("timestamp >= ?")
        parameters.append(from_nanoseconds(int(((time.time() if now is None else now) - last) * 1e9)))
    clause = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    columns = 'timestamp, "table", id, event_type, agent_id, session_id, event'
    return f"SELECT {columns} FROM all_events {clause}ORDER BY timestamp DESC LIMIT ?", [*parameters, limit]

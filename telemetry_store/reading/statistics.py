"""What is in a database and what waits to get there."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from telemetry_store.engines.sqlite.catalogue import quoted
from telemetry_store.errors import QueryError
from telemetry_store.recovery import segment_names
from telemetry_store.spool import backlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry_store.store import TelemetryStore

Query: TypeAlias = "Callable[[str], list[dict[str, Any]]]"
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "AND name NOT LIKE '\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
)


def statistics(store: TelemetryStore, *, wait: float = 30.0, hours: int = 24) -> dict[str, Any]:
    """Tables with rows and span, sizes in bytes, the backlog, rejects by reason and drops by cause.

    Args:
        store: of which database; only what is committed is counted, so flush() first.
        wait: seconds to wait for locks.
        hours: for so many hours until that of the newest event there is a count in each table's `hours`.

    Raises:
        DatabaseError: by cause.
    """
    query = partial(store.read, wait=wait)
    tables = [_table(query, row["name"]) for row in query(_TABLES)]
    newest = max((each["last"] for each in tables if _is_canonical(each["last"])), default=None)
    wanted = _hours(newest, hours) if newest else []
    for each in tables:
        each["hours"] = _per_hour(query, each["table"], wanted) if wanted and each["last"] else [0] * len(wanted)
    path = store.settings.database
    return {
        "database": path,
        "size_bytes": _size(path),
        "wal_bytes": _size(path + "-wal"),
        "tables": tables,
        "hours_until": wanted[-1] if wanted else None,
        "rows": sum(each["rows"] for each in tables),
        "backlog_segments": len(segment_names(store.settings.spool)),
        "backlog_bytes": backlog(store.settings.spool),
        "rejects": _grouped(query, "_rejects", "reason", "count(*)"),
        "drops": _grouped(query, "_drops", "cause", "sum(count)"),
        "imported_files": sum(_grouped(query, "_sources", '"table"', "count(*)").values()),
    }


def _table(query: Query, name: str) -> dict[str, Any]:
    (row,) = query(f"SELECT count(*) AS rows FROM {quoted(name)}")
    span: dict[str, Any] = {"first": None, "last": None}
    try:
        # one statement each, so that each is one step in the index; "timestamp" alone could be taken for a text
        span = {
            label: query(f'SELECT {function}(x."timestamp") AS t FROM {quoted(name)} AS x')[0]["t"]
            for label, function in (("first", "min"), ("last", "max"))
        }
    except QueryError:
        span = {"first": None, "last": None}  # an adopted table without that column
    return {"table": name, "rows": row["rows"], **span}


def _is_canonical(time: object) -> bool:
    """Whether it begins like a time of ours; a table of others may hold anything there."""
    return isinstance(time, str) and re.match(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:", time) is not None


def _hours(newest: str, count: int) -> list[str]:
    """The hours up to the one of this time, as the first 13 characters of canonical times."""
    last = min(datetime.fromisoformat(newest[:13] + ":00+00:00"), datetime.now(UTC))
    return [(last - timedelta(hours=back)).isoformat()[:13] for back in range(count)][::-1]


def _per_hour(query: Query, name: str, hours: list[str]) -> list[int]:
    rows = query(
        f'SELECT substr("timestamp", 1, 13) AS hour, count(*) AS n FROM {quoted(name)} '
        f"WHERE \"timestamp\" >= '{hours[0]}' GROUP BY 1"
    )
    counts = {row["hour"]: row["n"] for row in rows}
    return [counts.get(hour, 0) for hour in hours]


def _grouped(query: Query, table: str, column: str, value: str) -> dict[str, int]:
    try:
        rows = query(f"SELECT {column} AS name, {value} AS n FROM {table} GROUP BY 1 ORDER BY 2 DESC LIMIT 50")
    except QueryError:
        return {}  # nothing was ever drained, so the table is not there
    return {row["name"]: row["n"] for row in rows}


def _size(path: str) -> int:
    return os.stat(path).st_size if os.path.exists(path) else 0

"""What is in a database and what waits to get there."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import QueryError
from .recovery import segment_names
from .sinks.sqlite_catalog import quoted
from .spool import backlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import TelemetryStore

Query: TypeAlias = "Callable[[str], list[dict[str, Any]]]"
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "AND name NOT LIKE '\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
)


def statistics(store: TelemetryStore, *, wait: float = 30.0) -> dict[str, Any]:
    """Tables with rows and span, sizes in bytes, the backlog, rejects by reason and drops by cause.

    Args:
        store: of which database; only what is committed is counted, so flush() first.
        wait: seconds to wait for locks.

    Raises:
        DatabaseError: by cause.
    """
    query = partial(store.read, wait=wait)
    tables = [_table(query, row["name"]) for row in query(_TABLES)]
    path = store.settings.database
    return {
        "database": path,
        "size_bytes": _size(path),
        "wal_bytes": _size(path + "-wal"),
        "tables": tables,
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
        # one statement each, so that each is one step in the index
        span = {
            label: query(f'SELECT {function}("timestamp") AS t FROM {quoted(name)}')[0]["t"]
            for label, function in (("first", "min"), ("last", "max"))
        }
    except QueryError:
        span = {"first": None, "last": None}  # an adopted table without that column
    return {"table": name, "rows": row["rows"], **span}


def _grouped(query: Query, table: str, column: str, value: str) -> dict[str, int]:
    try:
        rows = query(f"SELECT {column} AS name, {value} AS n FROM {table} GROUP BY 1 ORDER BY 2 DESC LIMIT 50")
    except QueryError:
        return {}  # nothing was ever drained, so the table is not there
    return {row["name"]: row["n"] for row in rows}


def _size(path: str) -> int:
    return os.stat(path).st_size if os.path.exists(path) else 0

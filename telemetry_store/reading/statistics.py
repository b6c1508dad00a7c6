"""What is in a database and what waits to get there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.names import quoted
from telemetry_store.errors import QueryError
from telemetry_store.recovery import segment_names
from telemetry_store.spool import backlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry_store.engines.base import Reader
    from telemetry_store.store import TelemetryStore

#: Heights of a bar, the lowest first; and what stands for zero.
_BARS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"


def statistics(store: TelemetryStore, *, timeout: float = 30.0, hours: int = 24) -> dict[str, Any]:
    """Tables with rows and span, sizes in bytes, the backlog, rejects by reason and drops by cause.

    Args:
        store: of which database; only what is committed is counted, so flush() first.
        timeout: seconds to wait for locks.
        hours: for so many hours until that of the newest event there is a count in each table's `hours`.
    """
    with store.reader(timeout) as reader:
        tables = [_table(reader, name) for name in reader.catalogue.names]
        newest = max((table["last"] for table in tables if _is_canonical(table["last"])), default=None)
        bars = _hours(newest, hours) if newest else []
        for table in tables:
            table["hours"] = _per_hour(reader, table["table"], bars) if bars and table["last"] else [0] * len(bars)
        sizes = reader.sizes()
        return {
            "database": store.settings.database,
            "size_bytes": sizes.database,
            "wal_bytes": sizes.log,
            "tables": tables,
            "hours_until": bars[-1] if bars else None,
            "rows": sum(table["rows"] for table in tables),
            "backlog_segments": len(segment_names(store.settings.spool)),
            "backlog_bytes": backlog(store.settings.spool),
            "rejects": _grouped(reader, "_rejects", "reason", "count(*)"),
            "drops": _grouped(reader, "_drops", "cause", "sum(count)"),
            "imported_files": sum(_grouped(reader, "_sources", '"table"', "count(*)").values()),
        }


def _table(reader: Reader, name: str) -> dict[str, Any]:
    try:
        # one statement each, so that each is one step in the index; "timestamp" alone could be taken for a text
        first, last = (
            reader.value(f'SELECT {function}(x."timestamp") FROM {quoted(name)} AS x') for function in ("min", "max")
        )
    except QueryError:
        first = last = None  # an adopted table without that column
    return {"table": name, "rows": reader.catalogue.count(name), "first": first, "last": last}


def _is_canonical(time: object) -> bool:
    """Whether it begins like a time of ours; a table of others may hold anything there."""
    return isinstance(time, str) and re.match(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:", time) is not None


def _hours(newest: str, count: int) -> list[str]:
    """The hours up to the one of this time, as the first 13 characters of canonical times."""
    last = min(datetime.fromisoformat(newest[:13] + ":00+00:00"), datetime.now(UTC))
    return [(last - timedelta(hours=back)).isoformat()[:13] for back in range(count)][::-1]


def _per_hour(reader: Reader, name: str, hours: list[str]) -> list[int]:
    select = f'SELECT substr("timestamp", 1, 13), count(*) FROM {quoted(name)} WHERE "timestamp" >= ? GROUP BY 1'
    counts = dict(reader.rows(select, hours[:1]))
    return [counts.get(hour, 0) for hour in hours]


def _grouped(reader: Reader, table: str, column: str, value: str) -> dict[str, int]:
    if table not in reader.catalogue.system:
        return {}  # nothing was ever drained
    return dict(reader.rows(f"SELECT {column}, {value} FROM {table} GROUP BY 1 ORDER BY 2 DESC LIMIT 50"))


def sparkline(values: Sequence[int]) -> str:
    """One character for each value, its height relative to the largest; a dot for zero.

    >>> sparkline([0, 1, 4, 8])
    '·▁▄█'
    """
    most = max(values, default=0)
    return "".join(_BARS[(value * len(_BARS) - 1) // most] if value > 0 else _NOTHING for value in values)

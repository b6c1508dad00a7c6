"""D104: how long the disk lasts, by the events of the last week and what a row has taken so far.

Free pages within the database count as free. To catch up after a full disk, the database needs about three times the
size of the events that wait.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.spool import backlog
from telemetry_store.terminal import size
from telemetry_store.timestamps import from_nanoseconds

from .finding import Finding, Look, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY = 86_400.0
_WEEK = 7 * _DAY
_SOON, _NOW = 30.0, 3.0
_LEAST = 64 << 20


def check(look: Look) -> Iterator[Finding]:
    """Free space, growth, and the days that it lasts."""
    free = _free(look.settings.database)
    needed = max(3 * backlog(look.settings.spool), _LEAST)
    growth = bytes_per_day(look)
    inside = look.one("PRAGMA freelist_count") * look.one("PRAGMA page_size")
    days = (free + inside) / growth if growth > 0 else None
    evidence = {"free_bytes": free, "free_inside_bytes": inside, "growth_bytes_per_day": growth, "days_left": days}
    message = f"{size(free)} free, {size(growth)} more each day" + (f", {days:.0f} days" if days is not None else "")
    hint = "free some space, prune old events (`telemetry prune`), or move the database"
    if free < needed or (days is not None and days < _NOW):
        yield Finding("D104", "disk", Severity.PROBLEM, message, hint, evidence)
    elif days is not None and days < _SOON:
        yield Finding("D104", "disk", Severity.WARNING, message, hint, evidence)
    else:
        yield Finding("D104", "disk", Severity.OK, message, evidence=evidence)


def _free(database: str) -> int:
    """Bytes that this user can still write where the database is."""
    folder = os.path.dirname(os.path.abspath(database))
    if hasattr(os, "statvfs"):
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize
    import shutil  # pragma: no cover - Windows

    return shutil.disk_usage(folder).free  # pragma: no cover - Windows


def bytes_per_day(look: Look) -> float:
    """What the events of the last week, or of as much of it as there is, take up in a day."""
    now, start = from_nanoseconds(int(look.now * 1e9)), from_nanoseconds(int((look.now - _WEEK) * 1e9))
    rows = recent = 0
    first = now
    for table in look.tables.values():
        if table.time is None:
            continue
        name, time = quoted(table.name), quoted(table.time)
        rows += look.one(f"SELECT count(*) FROM {name}")
        recent += look.one(f"SELECT count(*) FROM {name} WHERE {time} >= ? AND {time} <= ?", start, now)
        oldest = look.one(f"SELECT min({time}) FROM {name} WHERE {time} >= ?", start)
        first = min(first, oldest or now)
    if not recent:
        return 0.0
    used = (look.one("PRAGMA page_count") - look.one("PRAGMA freelist_count")) * look.one("PRAGMA page_size")
    return float(recent * used / rows / max(_days_between(first, now), 1 / 24))


def _days_between(first: str, last: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() / _DAY

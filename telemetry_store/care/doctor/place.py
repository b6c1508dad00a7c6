"""D102: on a network file system SQLite's locks and its shared memory do not work; put the database on a local disk.

D103: the database, its folder and the spool must be writable by whoever drains.

D104: how long the disk lasts, by the events of the last week and what a row has taken so far.

Free pages within the database count as free. To catch up after a full disk, the database needs about three times the
size of the events that wait.
"""

from __future__ import annotations

import math
import os
import shutil
from datetime import datetime
from typing import TYPE_CHECKING

from telemetry_store.drain import LOCK
from telemetry_store.engines.names import quoted
from telemetry_store.finding import Finding, Look, Severity
from telemetry_store.spool import backlog
from telemetry_store.terminal import size
from telemetry_store.timestamps import from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.abilities import Space
    from telemetry_store.engines.base import Reader

#: As mount(8) names them.
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"})
_DAY = 86_400.0
_WEEK = 7 * _DAY
#: Days that are left when it becomes a warning, and when a problem.
_SOON, _NOW = 30.0, 3.0
#: Free space that is needed in any case, in bytes.
_LEAST = 64 << 20


def check(look: Look) -> Iterator[Finding]:
    """Where the files are, and whether they can be written."""
    kind = _file_system(look)
    if kind in _NETWORK:
        hint = "put the database on a local disk: SQLite's locks and WAL do not work across a network"
        yield Finding("D102", "file system", Severity.PROBLEM, f"{kind}, a network file system", hint, {"type": kind})
    else:
        yield Finding("D102", "file system", Severity.OK, kind or "unknown", evidence={"type": kind})
    yield from _permissions(look)


def _file_system(look: Look) -> str:
    """The type of the file system that holds the database; an empty text where the system does not tell."""
    path, best, kind = os.path.realpath(look.settings.database), "", ""
    if os.path.exists(look.mounts):
        with open(look.mounts, encoding="utf-8", errors="replace") as file:
            for line in file:
                _, point, type_, *_ = line.split(" ")
                inside = path == point or path.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):  # the innermost mount; of two at one point, the later one
                    best, kind = point, type_
    return kind


def _permissions(look: Look) -> Iterator[Finding]:
    database, spool = look.settings.database, look.settings.spool
    needed = [path for path in (database, os.path.dirname(os.path.abspath(database)), spool) if os.path.exists(path)]
    refused = [path for path in needed if not os.access(path, os.W_OK)]
    if refused:
        hint = f"see chmod and chown; a log beside the database and {LOCK} in the spool are made there"
        message = f"{', '.join(refused)} cannot be written"
        yield Finding("D103", "permissions", Severity.PROBLEM, message, hint, {"paths": refused})
    else:
        yield Finding("D103", "permissions", Severity.OK, "all can be written")


def space(look: Look, reader: Reader, inside: Space) -> Finding:
    """Free space on the disk, growth, and the days that it lasts."""
    free = _free(look.settings.database)
    needed = max(3 * backlog(look.settings.spool), _LEAST)
    growth = _bytes_per_day(look, reader, inside.used)
    days = (free + inside.free) / growth if growth > 0 else None
    evidence = {"free_bytes": free, "free_inside_bytes": inside.free, "growth_bytes_per_day": growth, "days_left": days}
    message = f"{size(free)} free, {size(growth)} more each day" + (f", {days:.0f} days" if days is not None else "")
    left = math.inf if days is None else days
    severity = Severity.PROBLEM if free < needed or left < _NOW else Severity.WARNING if left < _SOON else Severity.OK
    hint = "free some space, prune old events (`telemetry prune`), or move the database"
    return Finding("D104", "disk", severity, message, "" if severity is Severity.OK else hint, evidence)


def _free(database: str) -> int:
    """Bytes that this user can still write where the database is."""
    return shutil.disk_usage(os.path.dirname(os.path.abspath(database))).free


def _bytes_per_day(look: Look, reader: Reader, used: int) -> float:
    """What the events of the last week, or of as much of it as there is, take up in a day."""
    now, start = from_nanoseconds(int(look.now * 1e9)), from_nanoseconds(int((look.now - _WEEK) * 1e9))
    rows = recent = 0
    first = now
    for table in [reader.catalogue.tables[name] for name in reader.catalogue.written]:
        if table.time is not None:
            name, time = quoted(table.name), quoted(table.time)
            rows += reader.catalogue.count(table.name)
            recent += reader.value(f"SELECT count(*) FROM {name} WHERE {time} >= ? AND {time} <= ?", start, now)
            first = min(first, reader.value(f"SELECT min({time}) FROM {name} WHERE {time} >= ?", start) or now)
    if not recent:
        return 0.0
    passed = datetime.fromisoformat(now) - datetime.fromisoformat(first)
    return float(recent * used / rows / max(passed.total_seconds() / _DAY, 1 / 24))

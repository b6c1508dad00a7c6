"""Is everything well? Each check gives a finding with a severity and, where something is wrong, what to do."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .drain import LOCK
from .errors import TelemetryError
from .query import read_only
from .recovery import SegmentReader, segment_names
from .spool import FORMAT, backlog
from .terminal import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .settings import Settings

#: The first SQLite whose checkpoints cannot race a writer into damage (sqlite.org/wal.html, "The WAL-Reset Bug").
_SOUND = (3, 51, 3)
_LARGE_WAL = 256 << 20
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"})


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    severity: Severity
    message: str
    hint: str = ""


def examine(settings: Settings, *, full: bool = False) -> list[Finding]:
    """Run all checks on a database and its spool, changing neither.

    Args:
        settings: which.
        full: check every index entry as well (integrity_check instead of quick_check).
    """
    found = [*_sqlite(), *_file_system(settings.database), *_spool(settings)]
    if not os.path.exists(settings.database):
        hint = "it is made when the first events are drained"
        return [*found, Finding("database", Severity.WARNING, f"{settings.database} does not exist", hint)]
    try:
        with read_only(settings.database, 5.0) as connection:
            found += _database(connection, settings.database, full=full)
            found += _offsets(connection, settings.spool)
            found += _kept(connection)
            found += _waiting(connection)
    except (sqlite3.Error, TelemetryError) as error:
        hint = "restore a backup, or move the file away: what is in the spool goes into a new one"
        found.append(Finding("database", Severity.PROBLEM, f"cannot be read: {error}", hint))
    return found


def _sqlite() -> Iterator[Finding]:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _SOUND:
        hint = "this store is safe (one writer at a time); other programs that write and checkpoint at once are not"
        yield Finding("sqlite", Severity.WARNING, f"{version} has the WAL-reset bug, fixed in 3.51.3", hint)
    else:
        yield Finding("sqlite", Severity.OK, version)


def _file_system(database: str) -> Iterator[Finding]:
    kind = file_system(database)
    if kind in _NETWORK:
        hint = "put the database on a local disk: SQLite's locks and WAL do not work across a network"
        yield Finding("file system", Severity.PROBLEM, f"{kind}, a network file system", hint)
    else:
        yield Finding("file system", Severity.OK, kind or "unknown")


def file_system(path: str, mounts: str = "/proc/mounts") -> str:
    """The type of the file system that holds a path, or an empty string where the system does not tell."""
    best, kind = "", ""
    path = os.path.realpath(path)
    if os.path.exists(mounts):
        with open(mounts, encoding="utf-8", errors="replace") as file:
            for line in file:
                _, point, found, *_ = line.split(" ")
                inside = path == point or path.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
                    best, kind = point, found
    return kind


def _database(connection: sqlite3.Connection, path: str, *, full: bool) -> Iterator[Finding]:
    check = "integrity_check" if full else "quick_check"
    lines = [row[0] for row in connection.execute(f"PRAGMA {check}")]
    if lines == ["ok"]:
        yield Finding("integrity", Severity.OK, check)
    else:
        hint = "stop writing and restore a backup; segments that are kept will be replayed"
        yield Finding("integrity", Severity.PROBLEM, "; ".join(lines[:5]), hint)
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    severity = Severity.OK if mode == "wal" else Severity.WARNING
    yield Finding("journal mode", severity, mode, "" if mode == "wal" else "the next drain switches it to wal")
    wal = os.stat(path + "-wal").st_size if os.path.exists(path + "-wal") else 0
    hint = "a reader that stays open for long keeps it from being checkpointed" if wal > _LARGE_WAL else ""
    yield Finding("wal size", Severity.WARNING if hint else Severity.OK, size(wal), hint)
    writable = os.access(path, os.W_OK) and os.access(os.path.dirname(os.path.abspath(path)), os.W_OK)
    if not writable:
        yield Finding(
            "permissions", Severity.PROBLEM, "the database or its folder cannot be written", "see chmod, chown"
        )


def _spool(settings: Settings) -> Iterator[Finding]:
    directory = settings.spool
    names = segment_names(directory)
    living, dead = 0, []
    for name in names:
        try:
            with SegmentReader(directory, name) as reader:
                if reader.finished:
                    dead.append(name)
                else:
                    living += 1
        except OSError as error:
            yield Finding("segment", Severity.PROBLEM, f"{name}: {error.strerror}", "check permissions and the disk")
    used = backlog(directory)
    over = used > settings.backlog_limit * 0.8
    hint = "is anything draining? run `telemetry drain`" if over else ""
    text = f"{size(used)} in {len(names)} segments, {living} of living processes, {len(dead)} of dead ones"
    yield Finding("backlog", Severity.WARNING if over else Severity.OK, text, hint)
    owners = sorted({name.split("-")[1] for name in dead})
    if owners:
        hint = "`telemetry drain` stores what they left and deletes them"
        yield Finding("dead segments", Severity.WARNING, f"of processes {', '.join(owners[:10])}", hint)
    path = os.path.join(directory, "format")
    if os.path.exists(path):
        with open(path, encoding="ascii", errors="replace") as file:
            found = file.read().strip()
        if found != str(FORMAT):
            yield Finding("spool format", Severity.PROBLEM, f"{found}, this version knows {FORMAT}", "upgrade")
    if os.path.isdir(directory) and not os.access(directory, os.W_OK):
        yield Finding("spool", Severity.PROBLEM, f"{directory} cannot be written", f"see chmod; {LOCK} is made there")


def _offsets(connection: sqlite3.Connection, directory: str) -> Iterator[Finding]:
    """Segments that are gone although the database says they were read only in part: those events are missing."""
    if not _has(connection, "_cursors"):
        return
    for name, offset in connection.execute("SELECT segment, offset FROM _cursors"):
        path = os.path.join(directory, name)
        if os.path.exists(path) and os.stat(path).st_size < offset:
            hint = "somebody has truncated a segment; what was in it and not committed is lost"
            yield Finding("segment", Severity.PROBLEM, f"{name} is shorter than what was read from it", hint)


def _kept(connection: sqlite3.Connection) -> Iterator[Finding]:
    if _has(connection, "_rejects"):
        rows = connection.execute("SELECT reason, count(*) FROM _rejects GROUP BY 1 ORDER BY 2 DESC LIMIT 3").fetchall()
        total = connection.execute("SELECT count(*) FROM _rejects").fetchone()[0]
        told = f"{total}: " + "; ".join(f"{count} × {reason}" for reason, count in rows) if total else "none"
        yield Finding("rejects", Severity.WARNING if total else Severity.OK, told, "see _rejects" if total else "")
    if _has(connection, "_drops"):
        total = connection.execute("SELECT coalesce(sum(count), 0) FROM _drops").fetchone()[0]
        if total:
            yield Finding("drops", Severity.WARNING, f"{total} events dropped by policy", "see _drops")


def _waiting(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Indexes that an import has put off and not made yet: it is still at work, or was killed."""
    if _has(connection, "_loads"):
        found = connection.execute(
            "SELECT count(*), group_concat(DISTINCT \"table\") FROM _loads WHERE statement <> ''"
        ).fetchone()
        if found[0]:
            hint = "when no import is running: import again, any file will do; it makes them at its end"
            yield Finding(
                "indexes", Severity.WARNING, f"{found[0]} wait for the end of an import into {found[1]}", hint
            )


def _has(connection: sqlite3.Connection, table: str) -> bool:
    with closing(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,))) as found:
        return found.fetchone() is not None

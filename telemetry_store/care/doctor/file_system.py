"""D102: on a network file system SQLite's locks and its shared memory do not work; put the database on a local disk.

D103: the database, its folder and the spool must be writable by whoever drains.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from telemetry_store.drain import LOCK
from telemetry_store.finding import Finding, Look, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"})


def check(look: Look) -> Iterator[Finding]:
    """Where the files are, and whether they can be written."""
    kind = file_system(look.settings.database, look.mounts)
    if kind in _NETWORK:
        hint = "put the database on a local disk: SQLite's locks and WAL do not work across a network"
        yield Finding("D102", "file system", Severity.PROBLEM, f"{kind}, a network file system", hint, {"type": kind})
    else:
        yield Finding("D102", "file system", Severity.OK, kind or "unknown", evidence={"type": kind})
    yield from _permissions(look)


def file_system(path: str, mounts: str = "/proc/mounts") -> str:
    """The type of the file system that holds a path, or an empty string where the system does not tell."""
    best, kind = "", ""
    path = os.path.realpath(path)
    if os.path.exists(mounts):
        with open(mounts, encoding="utf-8", errors="replace") as file:
            for line in file:
                _, point, type_, *_ = line.split(" ")
                inside = path == point or path.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
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

"""D204: the write-ahead log.

The drain brings it into the database above 64 MiB; where it is far larger, a reader that stays open keeps it from being
cut back, or nothing drains.

D205: programs that hold a read transaction all the time. As long as one does, the log only grows.

D206: a program that holds the write lock all the time: events wait in the spool until it lets go.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from telemetry_store.finding import Finding, Remedy, Severity
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader
    from telemetry_store.finding import Look

#: Bytes of the shared-memory file that SQLite locks to read and to write (sqlite.org/walformat.html, 2.3.1).
_SPANS = {"READ": range(123, 128), "WRITE": range(120, 121)}
#: How often the locks are looked at.
_TIMES = 4
#: Where the system lists locks.
_LOCKS = "/proc/locks"


def check(look: Look, reader: Reader) -> Iterator[Finding]:
    """The size of the log, and who keeps it."""
    log = reader.sizes().log
    large = log > look.large_log
    hint = "a reader that stays open for long keeps it from being cut back, see D205" if large else ""
    severity, fix = (Severity.WARNING, Remedy.DRAIN) if large else (Severity.OK, None)
    yield Finding("D204", "wal size", severity, size(log), hint, {"bytes": log}, fix)
    locks, long = _held_all_the_time(look), Severity.WARNING if large else Severity.NOTE
    for code, name, mode, severity, lock, hint in (
        ("D205", "long readers", "READ", long, "a read transaction", "let it finish its statement, or stop it"),
        ("D206", "long writer", "WRITE", Severity.WARNING, "the write lock", "let it commit, or stop it"),
    ):
        pids = sorted(pid for held, pid in locks if held == mode)
        if pids:
            who = ", ".join(f"{pid} ({_command(pid)})" for pid in pids)
            message = f"{who} held {lock} for at least {look.patience:g} s"
            yield Finding(code, name, severity, message, hint, {"pids": pids})
        else:
            yield Finding(code, name, Severity.OK, "none", evidence={"pids": []})


def _held_all_the_time(look: Look) -> set[tuple[str, int]]:
    """The locks that were there whenever we looked."""
    locks = _locks(look.settings.database)
    for _ in range(_TIMES - 1):
        if locks:
            time.sleep(look.patience / (_TIMES - 1))
            locks &= _locks(look.settings.database)
    return locks


def _locks(database: str) -> set[tuple[str, int]]:
    """SQLite's locks now: "READ" or "WRITE", as the system calls them, and the process; none where it does not tell."""
    shared, locks = database + "-shm", set[tuple[str, int]]()
    if not (os.path.exists(shared) and os.path.exists(_LOCKS)):
        return locks
    stat = os.stat(shared)
    wanted = f"{os.major(stat.st_dev):02x}:{os.minor(stat.st_dev):02x}:{stat.st_ino}"
    with open(_LOCKS, encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if len(words) < 8 or words[1] != "POSIX" or words[5] != wanted or int(words[4]) in (-1, os.getpid()):
                continue
            mode, first, last = words[3], int(words[6]), 1 << 62 if words[7] == "EOF" else int(words[7])
            span = _SPANS.get(mode, range(0))
            if first < span.stop and last >= span.start:
                locks.add((mode, int(words[4])))
    return locks


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read(300).replace(b"\0", b" ").decode(errors="replace").strip()[:80] or "?"
    except OSError:
        return "?"

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

#: Bytes of the shared-memory file that SQLite locks (sqlite.org/walformat.html, 2.3.1): to write, and to read.
_WRITE = range(120, 121)
_READ = range(123, 128)
#: How often the locks are looked at.
_TIMES = 4
#: Where the system lists locks.
_LOCKS = "/proc/locks"


def check(look: Look, reader: Reader, database: str) -> Iterator[Finding]:
    """The size of the log, and who keeps it."""
    log = reader.sizes().log
    large = log > look.large_log
    hint = "a reader that stays open for long keeps it from being cut back, see D205" if large else ""
    severity = Severity.WARNING if large else Severity.OK
    fix = Remedy.DRAIN if large else None
    yield Finding("D204", "wal size", severity, size(log), hint, {"bytes": log}, fix)
    readers, writers = _held_all_the_time(database, look.patience)
    for name, code, pids, kind, hint in (
        ("long readers", "D205", readers, "a read transaction", "let it finish its statement, or stop it"),
        ("long writer", "D206", writers, "the write lock", "let it commit, or stop it"),
    ):
        who = [f"{pid} ({_command(pid)})" for pid in sorted(pids)]
        severity = Severity.OK if not who else Severity.WARNING if large or code == "D206" else Severity.NOTE
        message = f"{', '.join(who)} held {kind} for at least {look.patience:g} s" if who else "none"
        yield Finding(code, name, severity, message, hint if who else "", {"pids": sorted(pids)})


def _held_all_the_time(database: str, patience: float) -> tuple[set[int], set[int]]:
    """The processes that held a lock for reading, and the one for writing, whenever we looked."""
    readers, writers = _holders(database)
    for _ in range(_TIMES - 1):
        if not readers and not writers:
            break
        time.sleep(patience / (_TIMES - 1))
        again_readers, again_writers = _holders(database)
        readers &= again_readers
        writers &= again_writers
    return readers, writers


def _holders(database: str) -> tuple[set[int], set[int]]:
    """The processes that hold locks now; empty where the system does not tell."""
    shared = database + "-shm"
    readers: set[int] = set()
    writers: set[int] = set()
    if not (os.path.exists(shared) and os.path.exists(_LOCKS)):
        return readers, writers
    stat = os.stat(shared)
    wanted = f"{os.major(stat.st_dev):02x}:{os.minor(stat.st_dev):02x}:{stat.st_ino}"
    with open(_LOCKS, encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if len(words) < 8 or words[1] != "POSIX" or words[5] != wanted or int(words[4]) in (-1, os.getpid()):
                continue
            first, last = int(words[6]), 1 << 62 if words[7] == "EOF" else int(words[7])
            if words[3] == "READ" and first < _READ.stop and last >= _READ.start:
                readers.add(int(words[4]))
            if words[3] == "WRITE" and first <= _WRITE.start <= last:
                writers.add(int(words[4]))
    return readers, writers


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read(300).replace(b"\0", b" ").decode(errors="replace").strip()[:80] or "?"
    except OSError:
        return "?"

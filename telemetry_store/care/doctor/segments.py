"""D301: events that wait in the spool: how much space the segments take, and how old the oldest event is.

Normally an event waits for a quarter of a second. Where it waits for longer, nothing drains, or the database is locked.

D302: segments of dead processes. Whoever drains next stores what they left and deletes them.

D303: segments that cannot be read, or are shorter than what was read from them: somebody has truncated them, and what
was in them and not committed is lost.

D304: a spool of a newer format; this version leaves it alone.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from telemetry_store.event import decode_line
from telemetry_store.finding import Finding, Look, Remedy, Severity
from telemetry_store.recovery import SegmentReader, segment_names
from telemetry_store.spool import FORMAT, backlog
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(look: Look) -> Iterator[Finding]:
    """What waits, the segments, and their format."""
    names = segment_names(look.settings.spool)
    yield _backlog(look, names)
    yield from _segments(look, names)
    yield from _format(look.settings.spool)


def _backlog(look: Look, names: list[str]) -> Finding:
    used, limit = backlog(look.settings.spool), look.settings.backlog_limit
    times = list(_oldest_times(look, names))
    age = max(look.now - min(times), 0.0) if times else None
    message = f"{size(used)} in {len(names)} segments"
    message += ", nothing waits" if age is None else f", {len(times)} with events that wait, the oldest for {age:.1f} s"
    evidence = {"bytes": used, "limit_bytes": limit, "segments": len(names), "oldest_age_seconds": age}
    over, late = used > limit * 0.8, age is not None and age > look.stale
    severity = Severity.PROBLEM if used >= limit else Severity.WARNING if over or late else Severity.OK
    if severity is Severity.OK:
        return Finding("D301", "backlog", severity, message, evidence=evidence)
    hint = "is anything draining? run `telemetry drain`, and see D206 for who holds the lock"
    return Finding("D301", "backlog", severity, message, hint, evidence, Remedy.DRAIN)


def _oldest_times(look: Look, names: list[str]) -> Iterator[float]:
    """Of segments with events that are not committed: when the first was recorded, in seconds since 1970."""
    for name in names:
        with contextlib.suppress(OSError), SegmentReader(look.settings.spool, name) as reader:
            piece = next(reader.pieces(look.cursors.get(name, 0)), None)
            if piece is not None and piece.data:
                with contextlib.suppress(ValueError, RecursionError):
                    yield decode_line(piece.data[: piece.data.index(b"\n") + 1])[1] / 1e9


def _segments(look: Look, names: list[str]) -> Iterator[Finding]:
    living, dead, damaged = 0, [], []
    for name in names:
        try:
            with SegmentReader(look.settings.spool, name) as reader:
                if reader.finished:
                    dead.append(name)
                else:
                    living += 1
        except FileNotFoundError:
            continue  # drained just now
        except OSError as error:
            damaged.append(f"{name}: {error.strerror}")
    for name, offset in look.cursors.items():
        path = os.path.join(look.settings.spool, name)
        if os.path.exists(path) and os.stat(path).st_size < offset:
            damaged.append(f"{name} is shorter than what was read from it")
    evidence = {"living": living, "dead": len(dead)}
    owners = sorted({name.split("-")[1] for name in dead})
    if owners:
        hint = "`telemetry drain` stores what they left and deletes them"
        message = f"{len(dead)} of processes {', '.join(owners[:10])}"
        yield Finding("D302", "dead segments", Severity.WARNING, message, hint, evidence, Remedy.DRAIN)
    else:
        yield Finding("D302", "dead segments", Severity.OK, f"none; {living} of living processes", evidence=evidence)
    for message in damaged:
        hint = "check permissions and the disk; what was in it and not committed is lost"
        yield Finding("D303", "segment", Severity.PROBLEM, message, hint)


def _format(directory: str) -> Iterator[Finding]:
    path = os.path.join(directory, "format")
    if os.path.exists(path):
        with open(path, encoding="ascii", errors="replace") as file:
            version = file.read().strip()
        if version != str(FORMAT):
            message = f"{version}, this version knows {FORMAT}"
            yield Finding("D304", "spool format", Severity.PROBLEM, message, "upgrade telemetry-store")

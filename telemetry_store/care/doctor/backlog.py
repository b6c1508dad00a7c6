"""D301: events that wait in the spool: how much space the segments take, and how old the oldest event is.

Normally an event waits for a quarter of a second. Where it waits for longer, nothing drains, or the database is locked.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telemetry_store.event import decode_line
from telemetry_store.finding import Finding, Look, Remedy, Severity
from telemetry_store.recovery import SegmentReader, segment_names
from telemetry_store.spool import backlog
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(look: Look) -> Iterator[Finding]:
    """Size and age of what waits."""
    used, limit = backlog(look.settings.spool), look.settings.backlog_limit
    segments = segment_names(look.settings.spool)
    first, count = _oldest_waiting(look, segments)
    age = None if first is None else max(look.now - first, 0.0)
    message = f"{size(used)} in {len(segments)} segments"
    message += f", {count} with events that wait, the oldest for {age:.1f} s" if age is not None else ", nothing waits"
    evidence = {"bytes": used, "limit_bytes": limit, "segments": len(segments), "oldest_age_seconds": age}
    over, late = used > limit * 0.8, age is not None and age > look.stale
    severity = Severity.PROBLEM if used >= limit else Severity.WARNING if over or late else Severity.OK
    if severity is Severity.OK:
        yield Finding("D301", "backlog", severity, message, evidence=evidence)
    else:
        hint = "is anything draining? run `telemetry drain`, and see D206 for who holds the lock"
        yield Finding("D301", "backlog", severity, message, hint, evidence, Remedy.DRAIN)


def _oldest_waiting(look: Look, segments: list[str]) -> tuple[float | None, int]:
    """When the oldest event was recorded that is not committed (seconds since 1970), and segments with such events."""
    times = []
    for name in segments:
        with contextlib.suppress(OSError), SegmentReader(look.settings.spool, name) as reader:
            piece = next(reader.pieces(look.cursors.get(name, 0)), None)
            if piece is not None and piece.data:
                with contextlib.suppress(ValueError, RecursionError):
                    times.append(decode_line(piece.data[: piece.data.index(b"\n") + 1])[1] / 1e9)
    return min(times, default=None), len(times)

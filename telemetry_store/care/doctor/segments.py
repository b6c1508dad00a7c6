"""D302: segments of dead processes. Whoever drains next stores what they left and deletes them.

D303: segments that cannot be read, or are shorter than what was read from them: somebody has truncated them, and what
was in them and not committed is lost.

D304: a spool of a newer format; this version leaves it alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from telemetry_store.finding import Finding, Look, Remedy, Severity
from telemetry_store.recovery import SegmentReader, segment_names
from telemetry_store.spool import FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(look: Look) -> Iterator[Finding]:
    """Each segment, and the format."""
    living, dead, damaged = 0, [], []
    for name in segment_names(look.settings.spool):
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
    damaged += _truncated(look)
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
    yield from _format(look.settings.spool)


def _truncated(look: Look) -> Iterator[str]:
    for name, offset in look.cursors.items():
        path = os.path.join(look.settings.spool, name)
        if os.path.exists(path) and os.stat(path).st_size < offset:
            yield f"{name} is shorter than what was read from it"


def _format(directory: str) -> Iterator[Finding]:
    path = os.path.join(directory, "format")
    if os.path.exists(path):
        with open(path, encoding="ascii", errors="replace") as file:
            given = file.read().strip()
        if given != str(FORMAT):
            message = f"{given}, this version knows {FORMAT}"
            yield Finding("D304", "spool format", Severity.PROBLEM, message, "upgrade telemetry-store")

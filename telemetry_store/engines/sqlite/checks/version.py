"""D101: SQLite 3.7.0 to 3.51.2 can damage a database when a checkpoint races a writer (sqlite.org/wal.html).

This store never has two writers, so it is safe. Other programs that write and checkpoint the same file are not.
"""

from __future__ import annotations

from telemetry_store.finding import Finding, Severity

_BROKEN, _SOUND = (3, 7, 0), (3, 51, 3)


def judged(version: tuple[int, ...]) -> Finding:
    """What there is to say about a version."""
    text = ".".join(map(str, version))
    if _BROKEN <= version < _SOUND:
        hint = "this store is safe (one writer at a time); other programs that write and checkpoint at once are not"
        message = f"{text} has the WAL-reset bug, fixed in 3.51.3"
        return Finding("D101", "sqlite", Severity.WARNING, message, hint, {"version": text})
    return Finding("D101", "sqlite", Severity.OK, text, evidence={"version": text})

"""D101: SQLite 3.7.0 to 3.51.2 can damage a database when a checkpoint races a writer (sqlite.org/wal.html).

This store never has two writers, so it is safe. Other programs that write and checkpoint the same file are not.

D202: SQLite's own check of the file. Up to 512 MiB the quick one is always run; `--full` runs the thorough one.

D203: the database is in WAL mode, so that readers and the drain do not wait for each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.finding import Finding, Remedy, Severity
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader
    from telemetry_store.finding import Look

#: Above this it takes too long to be done each time, in bytes.
_LARGE = 512 << 20
#: The versions of D101: the first, and the first that is sound again.
_BROKEN, _SOUND = (3, 7, 0), (3, 51, 3)


def judged(version: tuple[int, ...]) -> Finding:
    """What there is to say about a version."""
    text = ".".join(map(str, version))
    if _BROKEN <= version < _SOUND:
        hint = "this store is safe (one writer at a time); other programs that write and checkpoint at once are not"
        message = f"{text} has the WAL-reset bug, fixed in 3.51.3"
        return Finding("D101", "sqlite", Severity.WARNING, message, hint, {"version": text})
    return Finding("D101", "sqlite", Severity.OK, text, evidence={"version": text})


def check(look: Look, reader: Reader) -> Iterator[Finding]:
    """Whether the file is sound, and its journal mode."""
    used = reader.value("PRAGMA page_count") * reader.value("PRAGMA page_size")
    kind = "integrity_check" if look.full else "quick_check"
    if used > _LARGE and not look.full:
        message, hint = f"not checked, {size(used)}", "`telemetry doctor --full` checks it"
        yield Finding("D202", "integrity", Severity.OK, message, hint, {"checked": False})
    elif (lines := [line for (line,) in reader.rows(f"PRAGMA {kind}")]) == ["ok"]:
        yield Finding("D202", "integrity", Severity.OK, kind, evidence={"checked": True})
    else:
        hint = "stop writing and restore a backup; segments that are kept will be replayed"
        yield Finding("D202", "integrity", Severity.PROBLEM, "; ".join(lines[:5]), hint, {"lines": lines[:20]})
    mode = reader.value("PRAGMA journal_mode")
    if mode == "wal":
        yield Finding("D203", "journal mode", Severity.OK, mode)
    else:
        hint = "the next drain with events switches it to wal"
        yield Finding("D203", "journal mode", Severity.WARNING, mode, hint, {"mode": mode}, Remedy.LOG)

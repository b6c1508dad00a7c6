"""Is everything well? One file for each kind of check; what each finding means stands at the head of its file.

What only the engine can tell, `engines/` has the checks for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telemetry_store.engines import checks_for, is_there, sink_for
from telemetry_store.errors import TelemetryError
from telemetry_store.finding import Finding, Look, Severity

from . import overflow, place, pruning, rejects, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader
    from telemetry_store.settings import Settings

__all__ = ["Finding", "Look", "Severity", "examine", "look_at"]

#: How long the database is waited for, in seconds.
_TIMEOUT = 5.0


def examine(settings: Settings, *, full: bool = False) -> list[Finding]:
    """Run all checks on a database and its spool, changing neither.

    Args:
        settings: which.
        full: check every index entry as well, however long it takes.
    """
    return look_at(Look(settings, full=full))


def look_at(look: Look) -> list[Finding]:
    """The same by these measures; findings in the order of their codes."""
    findings = [checks_for(look.settings).version(), *place.check(look), *_database(look)]
    return sorted(findings, key=lambda finding: finding.code)


def _database(look: Look) -> list[Finding]:
    database = look.settings.database
    if not is_there(look.settings):
        hint = "it is made when the first events are drained; or use --db"
        missing = Finding("D201", "database", Severity.WARNING, f"{database} does not exist", hint)
        return [missing, *segments.check(look)]
    try:
        with sink_for(look.settings).reader(_TIMEOUT) as reader:
            return list(_inside(look, reader))
    except TelemetryError as error:
        hint = "restore a backup, or move the file away: what is in the spool goes into a new one"
        message = f"cannot be read: {error.__cause__ or error}"  # the engine's own words, where there are any
        return [Finding("D201", "database", Severity.PROBLEM, message, hint)]


def _inside(look: Look, reader: Reader) -> Iterator[Finding]:
    checks = checks_for(look.settings)
    if "_cursors" in reader.catalogue.system:
        look = replace(look, cursors=dict(reader.rows("SELECT segment, offset FROM _cursors")))
    yield from checks.check(look, reader)
    yield from segments.check(look)
    yield place.space(look, reader, checks.space(reader))
    yield from rejects.check(reader)
    yield from overflow.check(reader)
    yield from pruning.check(look, reader)

"""Is everything well? One file for each kind of check; what each finding means stands at the head of its file."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.query import read_only
from telemetry_store.errors import TelemetryError

from . import (
    backlog,
    disk,
    drift,
    file_system,
    indexes,
    integrity,
    log,
    lost,
    pruning,
    rejects,
    segments,
    sqlite_version,
)
from .finding import Finding, Fix, Look, Severity

if TYPE_CHECKING:
    from telemetry_store.settings import Settings

__all__ = ["Finding", "Fix", "Look", "Severity", "examine", "look_at"]

#: The checks that need no database, and those that do.
_OUTSIDE = (sqlite_version, file_system)
_SPOOL = (segments, backlog)
_INSIDE = (integrity, log, segments, backlog, disk, rejects, lost, drift, indexes, pruning)


def examine(settings: Settings, *, full: bool = False) -> list[Finding]:
    """Run all checks on a database and its spool, changing neither.

    Args:
        settings: which.
        full: check every index entry as well (integrity_check instead of quick_check).
    """
    return look_at(Look(settings, full=full))


def look_at(look: Look) -> list[Finding]:
    """The same by given measures."""
    found = [each for module in _OUTSIDE for each in module.check(look)]
    database = look.settings.database
    if not os.path.exists(database):
        hint = "it is made when the first events are drained; or use --db"
        found.append(Finding("D201", "database", Severity.WARNING, f"{database} does not exist", hint))
        return found + [each for module in _SPOOL for each in module.check(look)]
    try:
        with read_only(database, 5.0, guarded=False) as connection:
            inside = replace(look, connection=connection)
            found += [each for module in _INSIDE for each in module.check(inside)]
    except (sqlite3.Error, TelemetryError) as error:
        hint = "restore a backup, or move the file away: what is in the spool goes into a new one"
        found.append(Finding("D201", "database", Severity.PROBLEM, f"cannot be read: {error}", hint))
    return found

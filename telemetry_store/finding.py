"""What the doctor finds, and by which measures it looks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telemetry_store.settings import Settings


class Severity(StrEnum):
    """How bad a finding is, in ascending order: well, worth knowing, will be bad, is bad."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


class Remedy(Enum):
    """Something safe that `telemetry doctor --fix` does about a finding."""

    #: Drain the spool, delete dead segments, cut back the log.
    DRAIN = auto()
    #: Go on with a prune that was broken off.
    RESUME = auto()
    #: Bring back the way in which the engine logs changes.
    LOG = auto()
    #: Count statistics for the engine's planner.
    STATISTICS = auto()


@dataclass(frozen=True, slots=True)
class MissingIndex:
    """The remedy that makes an index of a table on these columns."""

    table: str
    columns: tuple[str, ...]


Fix: TypeAlias = Remedy | MissingIndex


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        code: which check, for ever the same; see docs/doctor.md.
        check: its name.
        severity: how bad it is.
        message: what was found, in words.
        hint: what to do.
        evidence: figures and names; times in seconds, sizes in bytes.
        fix: what `--fix` would do.
    """

    code: str
    check: str
    severity: Severity
    message: str
    hint: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    fix: Fix | None = None


def or_well(findings: Iterable[Finding], code: str, check: str, message: str = "none") -> list[Finding]:
    """The findings of a check; where there are none, one that says so."""
    return list(findings) or [Finding(code, check, Severity.OK, message)]


@dataclass(frozen=True, slots=True)
class Look:
    """One examination: of what, and by which measures.

    Attributes:
        settings: of which database.
        cursors: segment → bytes of it that are committed; none where there is no database.
        full: check every index entry, whatever the size.
        now: seconds since 1970.
        patience: how long somebody has to be seen at it before it counts as long, in seconds.
        mounts: where the system lists file systems.
        large_log: bytes above which the log is a warning.
        stale: seconds that an event may wait in the spool.
    """

    settings: Settings
    cursors: Mapping[str, int] = field(default_factory=dict)
    full: bool = False
    now: float = field(default_factory=time.time)
    patience: float = 0.5
    mounts: str = "/proc/mounts"
    large_log: int = 128 << 20
    stale: float = 60.0

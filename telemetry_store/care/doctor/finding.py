"""What a check gives, and what it may look at."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite.catalogue import load_tables
from telemetry_store.engines.sqlite.names import exists
from telemetry_store.recovery import segment_names

if TYPE_CHECKING:
    import sqlite3

    from telemetry_store.schema import Table
    from telemetry_store.settings import Settings


class Severity(StrEnum):
    """How bad a finding is, in ascending order: well; worth knowing; will be bad; is bad."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Fix:
    """Something safe that `telemetry doctor --fix` does about a finding.

    Attributes:
        kind: a name that `mend.py` knows.
        table, columns: of an index.
    """

    kind: str
    table: str = ""
    columns: tuple[str, ...] = ()


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


@dataclass
class Look:
    """One examination: what the checks look at, and by which measures.

    Attributes:
        settings: of which database.
        connection: reads it; None for the checks that need none.
        full: check every index entry, whatever the size.
        now: seconds since 1970.
        patience: how long somebody has to be seen at it before it counts as long, in seconds.
        locks: where the system lists locks.
        mounts: where the system lists file systems.
        large_log: bytes above which the write-ahead log is a warning.
        stale: seconds that an event may wait in the spool.
    """

    settings: Settings
    connection: sqlite3.Connection | None = None
    full: bool = False
    now: float = field(default_factory=time.time)
    patience: float = 0.5
    locks: str = "/proc/locks"
    mounts: str = "/proc/mounts"
    large_log: int = 128 << 20
    stale: float = 60.0

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for checks that are only run with one."""
        if self.connection is None:
            raise ValueError("this check needs a database")
        return self.connection

    def has(self, table: str) -> bool:
        """Tell whether a table is there."""
        return exists(self.db, table)

    def one(self, sql: str, *parameters: Any) -> Any:
        """The first value of the first row, or None."""
        row = self.db.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    @cached_property
    def segments(self) -> list[str]:
        """The segments in the spool."""
        return segment_names(self.settings.spool)

    @cached_property
    def tables(self) -> dict[str, Table]:
        """The event tables: those that this store has made or written to."""
        if not self.has("_tables"):
            return {}
        written = {name for (name,) in self.db.execute('SELECT "table" FROM _tables WHERE "column" = \'\'')}
        known, _ = load_tables(self.db)
        return {name: table for name, table in known.items() if name in written}

    @cached_property
    def own(self) -> set[str]:
        """Those that this store has made."""
        made = self.db.execute("SELECT \"table\" FROM _tables WHERE \"column\" = '' AND origin = 'created'")
        return {name for (name,) in made} & self.tables.keys() if self.has("_tables") else set()

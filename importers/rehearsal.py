"""What an import would do, found out by doing it to a copy of the tables without their rows."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from telemetry_store import Settings, TelemetryStore
from telemetry_store.engines.sqlite.outline import copy_outline

from .imports import import_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from telemetry_store import Progress, Reader

    from .import_plan import Plan
    from .summary import FileSummary


class Presence(StrEnum):
    """Whether a table is there before an import; the value says it to people."""

    NEW = "new"
    THERE = "there already"


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """What would become of a table.

    Attributes:
        rows: how many would be added, before a dedupe key compares them with rows that are there.
        columns: name → type of those that would be added.
    """

    table: str
    status: Presence
    rows: int
    columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What an import would do.

    Attributes:
        tables: those that would get rows.
        rejects: reason → how many lines, and where the first one is, as PATH:OFFSET.
    """

    files: list[FileSummary]
    tables: list[PlannedTable]
    rejects: dict[str, tuple[int, str]]

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return {
            "files": [summary.as_dict() for summary in self.files],
            "tables": [asdict(table) for table in self.tables],
            "rejects": [
                {"reason": reason, "lines": lines, "first": first} for reason, (lines, first) in self.rejects.items()
            ],
        }


def rehearse(
    database: str,
    paths: Iterable[Path | str] = (),
    *,
    plan: Plan | None = None,
    table: str | None = None,
    encoding: str = "",
    sample: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Rehearsal:
    """Import into a temporary database with the same tables, and tell what came of it.

    The real one is only read, and need not exist; everything else is as for `import_paths`.
    """
    with tempfile.TemporaryDirectory(prefix="telemetry-dry-run-") as folder:
        copy = os.path.join(folder, "copy.db")
        if os.path.exists(database):
            copy_outline(database, copy)
        with TelemetryStore(settings=Settings(database=copy, drain_interval=0)) as store:
            before = _columns(store) if os.path.exists(copy) else {}
            files = import_paths(
                store, paths, plan=plan, table=table, encoding=encoding, sample=sample, progress=progress
            )
            with store.reader() as reader:
                return Rehearsal(files, _planned(reader, before), _rejects(reader))


def _columns(store: TelemetryStore) -> dict[str, set[str]]:
    with store.reader() as reader:
        return {name: set(table.columns) for name, table in reader.catalogue.tables.items()}


def _planned(reader: Reader, before: dict[str, set[str]]) -> list[PlannedTable]:
    planned: list[PlannedTable] = []
    for name, table in reader.catalogue.tables.items():
        if rows := reader.catalogue.count(name):
            known = before.get(name, set())
            columns = {column: str(kind) for column, kind in table.columns.items() if column not in known}
            planned.append(PlannedTable(name, Presence.THERE if known else Presence.NEW, rows, columns))
    return planned


def _rejects(reader: Reader) -> dict[str, tuple[int, str]]:
    reasons = reader.rows(
        "SELECT reason, count(*), source || ':' || offset, min(id) FROM _rejects GROUP BY reason ORDER BY 2 DESC"
    )
    return {reason: (lines, first) for reason, lines, first, _ in reasons}

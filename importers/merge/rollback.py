"""Undoes a merge: what it made is dropped in one transaction, and everything else stays, later events included."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry_store import UsageError
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.all_events import rebuild_all_events
from telemetry_store.engines.sqlite.foreign import copy_database
from telemetry_store.engines.sqlite.shape import read_schema

from .comparison import content_hash
from .describe import forget_table
from .journal import MergedKind, alone, forget_record, records_of
from .remove import restore
from .target import TIMEOUT, writing

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection

    from .journal import MergeRecord

#: The database as it was, in the folder of the merge's backups.
_ASIDE = "before-rollback.db"


class RollbackStatus(StrEnum):
    """How a rollback ended."""

    ROLLED_BACK = "rolled back"
    NOTHING = "nothing to roll back"


@dataclass(slots=True)
class RolledBack:
    """What a rollback did.

    Attributes:
        status: whether there was anything to undo.
        merged_at: when the merge was that is undone.
        tables: what was dropped.
        changed: of them, those that had changed since the merge.
        aside: where the whole database was kept as it was, because some had changed; else empty.
        notes: what people should know.
    """

    status: RollbackStatus
    merged_at: str = ""
    tables: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    aside: str = ""
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self)


def rollback(database: str, *, timeout: float = TIMEOUT) -> RolledBack:
    """Undo the last merge that is in force.

    What was recorded since stays. Where merged tables have changed since, the whole database is first copied into the
    folder of the merge's backups, so nothing is lost.

    Args:
        database: path of the database.
        timeout: seconds to wait for others that write to it.

    Raises:
        UsageError: there is no such database.
        MergeFailed: a merged file is gone and has no backup, so its tables are nowhere else.
        DatabaseError: by cause; nothing was undone.
    """
    if not os.path.exists(database):
        raise UsageError(f"there is no database at {database}", "use --db")
    database = os.path.abspath(database)
    with alone(database):
        in_force = records_of(database)
        if not in_force:
            return RolledBack(RollbackStatus.NOTHING)
        return _undo(database, in_force[-1], timeout)


def _undo(database: str, record: MergeRecord, timeout: float) -> RolledBack:
    outcome = RolledBack(RollbackStatus.ROLLED_BACK, record.merged_at, [table.name for table in record.tables])
    outcome.notes = [note for file in record.sources if (note := restore(file))]
    with writing(database, timeout) as connection:
        connection.execute("BEGIN IMMEDIATE")
        outcome.changed = _changed(connection, record)
        if outcome.changed:
            outcome.aside = _set_aside(database, record.folder)
        _drop_all(connection, record)
        rebuild_all_events(connection)
        connection.execute("COMMIT")
    return outcome


def _set_aside(database: str, folder: str) -> str:
    path = Path(folder, _ASIDE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    copy_database(database, str(path))
    return str(path)


def _changed(connection: Connection, record: MergeRecord) -> list[str]:
    """The merged tables whose rows or columns are not what they were."""
    shapes = read_schema(connection).shapes
    tables = [table for table in record.tables if table.kind is MergedKind.TABLE and table.name in shapes]
    return [table.name for table in tables if content_hash(connection, shapes[table.name]) != table.hash]


def _drop_all(connection: Connection, record: MergeRecord) -> None:
    connection.execute("DROP VIEW IF EXISTS all_events")
    for trigger in record.triggers:
        connection.execute(f"DROP TRIGGER IF EXISTS {quoted(trigger)}")
    kinds: dict[str, str] = dict(connection.execute("SELECT name, type FROM sqlite_master"))
    for table in reversed(record.tables):
        kind = "VIEW" if table.is_view else "TABLE"
        if kinds.get(table.name, "").upper() == kind:
            connection.execute(f"DROP {kind} {quoted(table.name)}")
        forget_table(connection, table.name)
    forget_record(connection, record)

"""Undoes a merge: what it made is dropped in one transaction, and everything else stays, later events included."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telemetry_store import DatabaseBusy, UsageError
from telemetry_store.drain import Drain
from telemetry_store.engines.sqlite.all_events import rebuild_all_events
from telemetry_store.engines.sqlite.catalogue import load_tables
from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.engines.sqlite.open import translated
from telemetry_store.engines.sqlite.sink import SqliteSink

from .content import content_hash
from .describe import forget_table
from .journal import Folders, forget_record, records
from .remove import restore
from .shape import read_schema
from .source import copy, reading, uri

if TYPE_CHECKING:
    from .journal import Record

_WAIT = 60.0
_ASIDE = "before-rollback.db"


@dataclass(slots=True)
class RolledBack:
    """What a rollback did.

    Attributes:
        status: rolled back, or nothing to roll back.
        merged_at: when the merge was that is undone.
        tables: what was dropped.
        changed: of them, those that had changed since the merge.
        aside: where the whole database was kept as it was, because some had changed; else empty.
        notes: what people should know.
    """

    status: str
    merged_at: str = ""
    tables: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    aside: str = ""
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return {name: getattr(self, name) for name in ("status", "merged_at", "tables", "changed", "aside", "notes")}


def rollback(database: str, *, wait: float = _WAIT) -> RolledBack:
    """Undo the last merge that is in force.

    What was recorded since stays. Where merged tables have changed since, the whole database is first copied into the
    folder of the merge's backups, so nothing is lost.

    Args:
        database: path of the database.
        wait: seconds to wait for others that write to it.

    Raises:
        UsageError: there is no such database.
        MergeFailed: a merged file is gone and has no backup, so its tables are nowhere else.
        DatabaseError: by cause; nothing was undone.
    """
    if not os.path.exists(database):
        raise UsageError(f"there is no database at {database}", "use --db")
    database = os.path.abspath(database)
    folders = Folders(database)
    with folders.alone():
        with reading(database) as connection:
            in_force = records(connection)
        if not in_force:
            return RolledBack("nothing to roll back")
        return _undo(database, in_force[-1], wait)


def _undo(database: str, record: Record, wait: float) -> RolledBack:
    done = RolledBack("rolled back", record.merged_at, [each.name for each in record.tables])
    done.notes += [note for each in record.sources if (note := restore(each))]
    drain = Drain(database + "-spool", SqliteSink(database))
    try:
        drain.run(wait, tidy=True)
        with drain.exclusive(wait) as mine:
            if not mine:
                raise DatabaseBusy("another process is writing to the database", "try again")
            _drop(database, record, done, wait)
            drain.sink.settle(force=True)
    finally:
        drain.close()
    return done


def _drop(database: str, record: Record, done: RolledBack, wait: float) -> None:
    connection = sqlite3.connect(uri(database, "mode=rw"), uri=True, isolation_level=None, timeout=wait)
    try:
        connection.execute("PRAGMA foreign_keys = 0")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("BEGIN IMMEDIATE")
        done.changed = _changed(connection, record)
        if done.changed:
            done.aside = os.path.join(record.folder, _ASIDE)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(done.aside)
            os.makedirs(record.folder, exist_ok=True)
            copy(database, done.aside)
        _drop_all(connection, record)
        rebuild_all_events(connection, load_tables(connection)[0].values())
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise translated(error, database) from error
    finally:
        connection.close()


def _changed(connection: sqlite3.Connection, record: Record) -> list[str]:
    """The merged tables whose rows or columns are not what they were."""
    shapes = read_schema(connection).shapes
    return [
        each.name
        for each in record.tables
        if each.kind == "table" and each.name in shapes and content_hash(connection, shapes[each.name]) != each.hash
    ]


def _drop_all(connection: sqlite3.Connection, record: Record) -> None:
    connection.execute("DROP VIEW IF EXISTS all_events")
    for trigger in record.triggers:
        connection.execute(f"DROP TRIGGER IF EXISTS {quoted(trigger)}")
    kinds: dict[str, str] = dict(connection.execute("SELECT name, type FROM sqlite_master"))
    for each in reversed(record.tables):
        kind = "VIEW" if each.kind in ("view", "alias") else "TABLE"
        if kinds.get(each.name, "").upper() == kind:
            connection.execute(f"DROP {kind} {quoted(each.name)}")
        forget_table(connection, each.name)
    forget_record(connection, record)

"""What is known of merges: the table `_merges`, written in the merge's own transaction, and the folders of backups.

A merge is in force exactly when its row is committed; a folder without a row is what a merge that was killed left.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from telemetry_store import DatabaseBusy
from telemetry_store.engines.sqlite.foreign import moment_of
from telemetry_store.engines.sqlite.open import Connection, Error
from telemetry_store.engines.sqlite.statements import exists, sql
from telemetry_store.segment import locked_file

from .merge_plan import Action
from .old_database import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator


#: Stands in a folder until its merge is committed.
_UNFINISHED = "unfinished"
_REHEARSAL = "rehearsal.db"
#: What the names of copies end with whose text was made UTF-8; no backup's name ends so.
RECODED = ".utf8"
#: The file beside the folders that a merge or rollback locks.
_LOCK = "lock"


class MergedKind(StrEnum):
    """What a merge has made."""

    TABLE = "table"
    VIRTUAL = "virtual"
    VIEW = "view"
    #: A view under the old name of a table.
    ALIAS = "alias"


@dataclass(frozen=True, slots=True)
class MergedTable:
    """A table or view that a merge has made.

    Attributes:
        path, old: the file it comes from, and its name there.
        rows: how many it had; 0 for views.
        hash: of its content; empty for views, and before the content is in the database.
        doc: what it means.
        joined: further files whose tables became one with it.
    """

    name: str
    kind: MergedKind
    path: str
    old: str
    rows: int = 0
    hash: str = ""
    doc: str = ""
    joined: tuple[str, ...] = ()

    @property
    def is_view(self) -> bool:
        """Whether it has no rows of its own."""
        return self.kind in (MergedKind.VIEW, MergedKind.ALIAS)


@dataclass(frozen=True, slots=True)
class MergedFile:
    """A file that was merged or is deleted, with the path of its backup, and its size in bytes."""

    path: str
    action: Action
    backup: str
    size: int


@dataclass(frozen=True, slots=True)
class MergeRecord:
    """All that is needed to undo a merge.

    Attributes:
        sources: the files, with their backups.
        tables: what was made.
        indexes, triggers: likewise, by name.
        number: of the row in `_merges`; 0 before it is there.
        merged_at: when, UTC.
        folder: where the backups are.
    """

    sources: tuple[MergedFile, ...] = ()
    tables: tuple[MergedTable, ...] = ()
    indexes: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    number: int = 0
    merged_at: str = ""
    folder: str = ""

    @property
    def rehearsal(self) -> str:
        """The copy of the database that everything is merged into first."""
        return os.path.join(self.folder, _REHEARSAL)

    @classmethod
    def from_json(cls, text: str, number: int, merged_at: str, folder: str) -> MergeRecord:
        """A record as it stands in `_merges`."""
        values = orjson.loads(text)
        for file in values["sources"]:
            file["action"] = Action(file["action"])
        for table in values["tables"]:
            table.update(kind=MergedKind(table["kind"]), joined=tuple(table["joined"]))
        files = tuple(MergedFile(**file) for file in values["sources"])
        tables = tuple(MergedTable(**table) for table in values["tables"])
        return cls(files, tables, tuple(values["indexes"]), tuple(values["triggers"]), number, merged_at, folder)


def save(connection: Connection, record: MergeRecord) -> None:
    """Write the record into the transaction that is under way."""
    connection.execute(sql("merges.sql"))
    text = orjson.dumps(record).decode()
    connection.execute("INSERT INTO _merges (folder, record) VALUES (?, ?)", (record.folder, text))


def records(connection: Connection) -> list[MergeRecord]:
    """The merges in force, oldest first."""
    if not exists(connection, "_merges"):
        return []
    rows = connection.execute("SELECT record, id, merged_at, folder FROM _merges ORDER BY id").fetchall()
    return [MergeRecord.from_json(*row) for row in rows]


def records_of(database: str) -> list[MergeRecord]:
    """The same of a database that need not exist."""
    if not os.path.exists(database):
        return []
    with moment_of(database) as connection:
        return records(connection)


def forget_record(connection: Connection, record: MergeRecord) -> None:
    """Take a record out again; the table goes with its last row."""
    connection.execute("DELETE FROM _merges WHERE id = ?", (record.number,))
    if not records(connection):
        connection.execute("DROP TABLE _merges")


@contextlib.contextmanager
def alone(database: str) -> Iterator[Path]:
    """Keep other merges and rollbacks of a database out; gives the folder that holds a folder of backups for each.

    What a merge has left that was killed, or that fails in the block, is removed.

    Raises:
        DatabaseBusy: one is under way.
    """
    root = Path(os.path.abspath(database) + FOLDER)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked_file(str(root / _LOCK)) as locked:
        if not locked:
            raise DatabaseBusy("another merge of this database is under way", "wait for its end")
        _clear(root, database)
        try:
            yield root
        finally:
            with contextlib.suppress(Error, OSError):  # what made the block fail is what should be told
                _clear(root, database)


def _clear(root: Path, database: str) -> None:
    in_force = {os.path.realpath(record.folder) for record in records_of(database)}
    for mark in root.glob(f"*/{_UNFINISHED}"):
        if os.path.realpath(mark.parent) in in_force:
            finish(mark.parent)
        else:
            shutil.rmtree(mark.parent)


def new_folder(root: Path) -> Path:
    """A folder for a merge; it counts as unfinished until finish()."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = next(path for number in count(1) if not (path := root / f"{stamp}-{number}").exists())
    folder.mkdir(mode=0o700)
    (folder / _UNFINISHED).touch()
    return folder


def finish(folder: Path) -> None:
    """The merge is committed: its backups stay, its rehearsal goes."""
    for path in (folder / _REHEARSAL, *folder.glob(f"*{RECODED}"), folder / _UNFINISHED):
        path.unlink(missing_ok=True)

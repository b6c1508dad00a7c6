"""What is known of merges: the table `_merges`, written in the merge's own transaction, and the folders of backups.

A merge is in force exactly when its row is committed; a folder without a row is what a merge that was killed left.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from telemetry_store import DatabaseBusy
from telemetry_store.engines.sqlite.names import exists
from telemetry_store.segment import try_lock

from .source import FOLDER, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view that a merge made.

    Attributes:
        name, kind: see `rehearse.Made`.
        path, old: the file it comes from, and its name there.
        rows: how many it had.
        hash: of its content; empty for views.
        doc: what it means.
        joined: further files whose tables became one with it.
    """

    name: str
    kind: str
    path: str
    old: str
    rows: int = 0
    hash: str = ""
    doc: str = ""
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a merge took part of.

    Attributes:
        path: of it.
        action: merge or delete.
        backup: its copy.
        size: bytes.
    """

    path: str
    action: str
    backup: str
    size: int


@dataclass(frozen=True, slots=True)
class Record:
    """All that is needed to undo a merge.

    Attributes:
        sources: the files, with their backups.
        tables: what was made.
        indexes, triggers: likewise, by name.
        number: of the row in `_merges`; 0 before it is there.
        merged_at: when, UTC.
        folder: where the backups are.
    """

    sources: tuple[Source, ...] = ()
    tables: tuple[Table, ...] = ()
    indexes: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    number: int = 0
    merged_at: str = ""
    folder: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self)

    @classmethod
    def from_json(cls, text: str, number: int, merged_at: str, folder: str) -> Record:
        """A record as it stands in `_merges`."""
        values = orjson.loads(text)
        return cls(
            tuple(Source(**each) for each in values["sources"]),
            tuple(Table(**{**each, "joined": tuple(each["joined"])}) for each in values["tables"]),
            tuple(values["indexes"]),
            tuple(values["triggers"]),
            number,
            merged_at,
            folder,
        )


def save(connection: sqlite3.Connection, record: Record) -> None:
    """Write the record into the transaction that is under way."""
    connection.execute(files(__package__).joinpath("merges.sql").read_text(encoding="utf-8"))
    text = orjson.dumps(record.as_dict()).decode()
    connection.execute("INSERT INTO _merges (folder, record) VALUES (?, ?)", (record.folder, text))


def records(connection: sqlite3.Connection) -> list[Record]:
    """The merges in force, oldest first."""
    if not exists(connection, "_merges"):
        return []
    rows = connection.execute("SELECT record, id, merged_at, folder FROM _merges ORDER BY id").fetchall()
    return [Record.from_json(*row) for row in rows]


def forget_record(connection: sqlite3.Connection, record: Record) -> None:
    """Take a record out again; the table goes with its last row."""
    connection.execute("DELETE FROM _merges WHERE id = ?", (record.number,))
    if not records(connection):
        connection.execute("DROP TABLE _merges")


@dataclass(slots=True)
class Folders:
    """The folders of backups beside a database, one for each merge.

    Args:
        database: path of the database.
    """

    database: str
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root = Path(os.path.abspath(self.database) + FOLDER)

    @contextlib.contextmanager
    def alone(self) -> Iterator[Path]:
        """Keep other merges and rollbacks of this database out; gives the folder of the folders.

        What a merge has left that was killed, or that fails in the block, is removed.

        Raises:
            DatabaseBusy: one is under way.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not try_lock(descriptor):
                raise DatabaseBusy("another merge of this database is under way", "wait for its end")
            self._clear()
            try:
                yield self.root
            finally:
                with contextlib.suppress(sqlite3.Error, OSError):  # what made the block fail is what should be told
                    self._clear()
        finally:
            os.close(descriptor)

    def _clear(self) -> None:
        in_force = set()
        if os.path.exists(self.database):
            with reading(self.database) as connection:
                in_force = {os.path.realpath(each.folder) for each in records(connection)}
        for each in self.root.iterdir():
            if (each / UNFINISHED).exists():
                if os.path.realpath(each) in in_force:
                    finish(each)
                else:
                    shutil.rmtree(each)


def new_folder(root: Path) -> Path:
    """A folder for a merge; it counts as unfinished until finish()."""
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = next(each for number in range(1, 1 << 20) if not (each := root / f"{name}-{number}").exists())
    folder.mkdir(mode=0o700)
    (folder / UNFINISHED).touch()
    return folder


def finish(folder: Path) -> None:
    """The merge is committed: its backups stay, its rehearsal goes."""
    for each in (folder / REHEARSAL, *folder.glob(f"*{RECODED}"), folder / UNFINISHED):
        each.unlink(missing_ok=True)


#: Stands in a folder until its merge is committed.
UNFINISHED = "unfinished"
REHEARSAL = "rehearsal.db"
#: What the names of copies end with whose text was made UTF-8.
RECODED = "-utf8.db"

"""The ledger `_pruned`: what pruning took out of the tables, and which file of an archive it is in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telemetry_store.engines.base import Reader


class State(StrEnum):
    """How far a portion is: its file is not complete; its file counts; its rows are deleted."""

    WRITING = "writing"
    SEALED = "sealed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Entry:
    """A portion of old rows.

    Attributes:
        number: of the entry.
        table: where the rows were.
        folder: of the archive; empty where the rows were deleted for good, and so is `file`.
        file: its path in the folder.
        state: how far it is.
        rows: in the file.
        content_hash: SHA-256 of them.
        kept: the table has some of them in another form, and those count.
    """

    number: int
    table: str
    folder: str
    file: str
    state: State
    rows: int
    content_hash: str
    kept: bool


def entries(reader: Reader) -> list[Entry]:
    """The whole ledger; none where nothing was ever pruned."""
    if "_pruned" not in reader.catalogue.system:
        return []
    select = "SELECT id, \"table\", folder, file, state, rows, content_hash, kept <> '[]' FROM _pruned ORDER BY id"
    return [
        Entry(number, table, folder, file, State(state), count, content_hash, bool(kept))
        for number, table, folder, file, state, count, content_hash, kept in reader.rows(select)
    ]


def lineage(reader: Reader) -> str:
    """Which database this is, as its files in an archive begin; copies of it say the same. Empty before any prune."""
    return str(reader.value("SELECT id FROM _identity")) if "_identity" in reader.catalogue.system else ""

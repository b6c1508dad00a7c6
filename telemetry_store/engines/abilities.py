"""What an engine may offer beyond the contracts of `base.py`.

Where an engine has none of it, `engines/__init__.py` raises a UsageError that says what to use instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telemetry_store.engines.base import Reader, Transaction
    from telemetry_store.finding import Finding, Fix, Look
    from telemetry_store.schema import Table


@dataclass(frozen=True, slots=True)
class Contents:
    """What is counted in a database to compare it with its copy.

    Attributes:
        rows: table → rows, of all tables.
        cursors: segment → bytes of it that are committed.
        orphans: rows whose foreign key leads nowhere.
    """

    rows: dict[str, int]
    cursors: dict[str, int]
    orphans: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy, by what is written in it.

    Attributes:
        path: the file.
        taken_at: when, in the canonical form.
        database: host and path of what was copied.
        rows: table → rows, of all tables but the one that says this.
        carried: events that went from the spool straight into the copy, since the database could not be written.
        size_bytes: of the file.
    """

    path: str
    taken_at: str
    database: str
    rows: dict[str, int]
    carried: int
    size_bytes: int


class Copies(Protocol):
    """Copies a database that is one file; a copy is a database too, and complete in itself.

    Every method raises DatabaseError by cause; BackupFailed where a file is not sound, or not what it should be.
    """

    def copy(self, source: str, target: str) -> Contents:
        """Copy a database as one transaction sees it, into an empty file, while others write; gives what it sees."""

    def check(self, path: str, expected: Contents | None = None) -> Contents:
        """Check that a copy is sound, and holds what the database held; gives what it holds."""

    def check_version(self, path: str) -> None:
        """Raise DatabaseNewer for a copy that a later version of this package has made."""

    def seal(self, path: str, taken_at: str, database: str, carried: int) -> Backup:
        """Write into a copy what it is."""

    def label(self, path: str) -> Backup | None:
        """What a file says of itself; None when it is no copy."""

    def can_overwrite(self, database: str, file: str) -> bool:
        """Whether a database can be opened, and be overwritten with a copy without being replaced."""

    def overwrite(self, database: str, file: str, expected: Contents, timeout: float) -> None:
        """Overwrite a database in one transaction; whoever is reading it goes on seeing the old one until then."""

    def move(self, database: str, aside: str) -> None:
        """Give another name to what is left of a database that cannot be opened, if anything is."""


#: A row as ageing gives it: its number, and then the columns of its table in their order.
NumberedRow = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Aged:
    """A table, and how many of its rows are old; it has a time."""

    table: Table
    rows: int


class Ageing(Protocol):
    """Finds rows that are older than a cutoff, which has the canonical form, as have the times of all that it finds.

    Of a table of others, whose numbers the engine might give out again, the row with the highest number stays.
    """

    def prepare(self) -> None:
        """Do what the first turn would need time for while nobody else can write."""

    def table(self, name: str) -> Table:
        """One event table; raises UsageError when there is none, or its rows have no time or no number."""

    def aged(self, cutoff: str, name: str | None) -> list[Aged]:
        """Tables with rows before the cutoff: of this name, see table(), or with None all that this store made."""

    def oldest(self, table: Table, cutoff: str) -> str | None:
        """The time of the oldest row before the cutoff."""

    def rows(self, table: Table, span: tuple[str, str], limit: int, portion: int) -> Iterator[list[NumberedRow]]:
        """The oldest rows of a span of time, its end excluded, in portions."""

    def turn(self, transaction: Transaction) -> Turn:
        """What a transaction of the engine's sink does to old rows."""


class Turn(Protocol):
    """What is done to old rows in one small transaction, with the ledger `_pruned` of it."""

    def begin(self, table: str, cutoff: str, folder: str = "", file: str = "") -> int:
        """Write an entry of the ledger; gives its number. Without a file the rows are deleted for good."""

    def seal(self, entry: int, rows: int, content_hash: str) -> None:
        """Say that a file is complete: from here on its rows are the archive's."""

    def end(self, entry: int) -> None:
        """Say that all rows of an entry that may go are gone from the table."""

    def forget(self, entry: int) -> None:
        """Remove an entry whose file was never complete."""

    def oldest(self, table: Table, cutoff: str, limit: int) -> list[int]:
        """The numbers of the oldest rows before the cutoff."""

    def rows(self, table: Table, numbers: Sequence[int]) -> list[NumberedRow]:
        """Those of the rows that are still there."""

    def delete(self, table: Table, entry: int, numbers: Sequence[int], kept: Sequence[int] = ()) -> None:
        """Delete the rows with these numbers, and count them in the entry.

        Those of `kept` a file has in another form: in the table they stay, and there they count.
        """


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of a database that hold something, and those that take up what comes next."""

    used: int
    free: int


class Checks(Protocol):
    """What only the engine can tell the doctor; nothing of it changes anything, but for mend()."""

    def version(self) -> Finding:
        """Whether the version of the engine is a good one; needs no database."""

    def check(self, look: Look, reader: Reader) -> Iterator[Finding]:
        """Whether a database is sound and its tables are as declared, who keeps others waiting, what makes it slow."""

    def space(self, reader: Reader) -> Space:
        """What the database takes up."""

    def mend(self, transaction: Transaction, fix: Fix) -> str:
        """Do what such a finding offers in a transaction of the engine's sink, and say so in words."""

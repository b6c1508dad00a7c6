"""What every engine guarantees, in three contracts: Sink takes rows, Ledger keeps accounts, Reader answers.

* A transaction is all or nothing: rows, rejects, cursors and sources commit together or not at all.
* Offsets are read from the database inside the transaction, so replaying a source is harmless: what was committed is
  not read again, and what was lost is.
* `durable_cursors` tells only what a reader that starts afresh would see, and what a loss of power leaves.
* An error says by its `retry` whether the same call may succeed later; after any error the transaction is undone.
* A reader changes nothing, and neither does a statement that somebody gives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from telemetry_store.selection import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from telemetry_store.batch import Block, ExtentT, Inserted, Reject
    from telemetry_store.result import Result
    from telemetry_store.schema import Table
    from telemetry_store.selection import StoredEvent, Window


@dataclass(frozen=True, slots=True)
class Source:
    """One imported file, as the ledger `_sources` keeps it.

    Attributes:
        path: where it was when it was first read, absolute.
        table: the table it went to.
        device, inode: of the file, when it was last read.
        size: bytes it had then.
        prefix_hash: SHA-256 of its first `offset` bytes.
        offset: bytes that are imported.
        read, imported, duplicate, rejected, blank: lines; read = imported + duplicate + rejected + blank.
        time_origin: where times of events without a time field came from.
        duplicate_of: the path of the file with the same content that was imported instead, or an empty string.
        generation: how many other files were imported from that path before it, as rotation brings them.
        place: where it was found later, when it was moved, rotated or packed; an empty string while it is at `path`.
        recent: marks of its last lines, 8 bytes for each: the offset of its end (modulo 2^32) and the first 4 bytes of
            the SHA-256 of all before it, big-endian. A copy that a rotation cut short is known by them.
    """

    path: str
    table: str
    device: int
    inode: int
    size: int
    prefix_hash: str
    offset: int = 0
    read: int = 0
    imported: int = 0
    duplicate: int = 0
    rejected: int = 0
    blank: int = 0
    time_origin: str = ""
    duplicate_of: str = ""
    generation: int = 0
    place: str = ""
    recent: bytes = b""


class Ledger(Protocol):
    """What was imported, and what could not be stored; part of a transaction."""

    def sources(self) -> list[Source]:
        """Every imported file, in the order of import, without the marks of its last lines."""

    def source(self, path: str, generation: int) -> Source | None:
        """One imported file with the marks of its last lines; None when there is none."""

    def save_source(self, source: Source) -> None:
        """Insert or replace the entry of this path and generation."""

    def reject(self, rejects: Iterable[Reject]) -> None:
        """Keep what could not be stored."""

    def take_rejects(self, ids: Sequence[int] | None) -> list[tuple[int, Reject]]:
        """Give these rejects with their ids, or all of them, and forget them; some ids may be gone."""


class Transaction(Protocol):
    """One transaction; it commits when its `with` block ends, and is undone when the block raises."""

    @property
    def ledger(self) -> Ledger:
        """The accounts, as this transaction sees and changes them."""

    def cursors(self) -> dict[str, int]:
        """Segment name → bytes of it that are committed."""

    def insert(self, blocks: Iterable[Block[ExtentT]]) -> Inserted[ExtentT]:
        """Store the records of the blocks, making tables and columns as they need them, and say what became of them.

        What a table refuses goes to the ledger's rejects, as do the rejects of the blocks' extents; nothing else is
        refused. The blocks may be read by another thread, a little ahead.

        Returns:
            Counts of all of it, and the extents of the blocks that were taken, in order.
        """

    def advance(self, cursors: Mapping[str, int]) -> None:
        """Set the offsets of segments."""

    def forget(self, names: Iterable[str]) -> None:
        """Delete the cursors of segments that are no longer there."""

    def begin_load(self, table: str) -> bool:
        """Put off what is cheaper once many rows are in, such as indexes; False where nothing is put off.

        The waiting is kept in the database, so it is in force for every process and outlives this one.
        """

    def go_on_loading(self) -> str | None:
        """Do one part of what was put off, and give its table; None when nothing is left."""

    def make_search_index(self, table: str, columns: tuple[str, ...]) -> None:
        """Make an empty index of these texts of a table in place of the one that there may be; later rows enter it."""

    def enter_texts(self, table: str) -> tuple[int, int]:
        """Bring the next rows that are there into the search index; gives how many, and how many are left."""

    def drop_search_index(self, table: str) -> None:
        """Remove a table's search index, if there is one."""


class Sink(Protocol):
    """A place for rows."""

    def transaction(self, timeout: float) -> AbstractContextManager[Transaction]:
        """Begin a transaction, waiting up to `timeout` seconds for the write lock; raises DatabaseError by cause."""

    def settle(self, *, force: bool) -> bool:
        """Bring what is committed to its final place, if there is much of it or `force`; False if others prevent it."""

    def durable_cursors(self) -> dict[str, int]:
        """The cursors as a fresh connection sees them."""

    def reader(self, timeout: float) -> AbstractContextManager[Reader]:
        """A reader of what is committed, closed at the end of the block; waits up to `timeout` seconds for locks.

        Raises:
            DatabaseMissing: nothing was ever committed.
            DatabaseError: by cause.
        """

    def close(self) -> None:
        """Let go of every connection; the next call opens a new one."""

    def interrupt(self) -> None:
        """Break off what another thread is doing, so that a fork need not wait; it is undone and tried again."""

    def abandon(self) -> None:
        """Let go of connections without closing them, as the child of a fork must."""


class Catalogue(Protocol):
    """What is known of the tables; each fact is read when it is first asked for, and kept as long as the reader."""

    @property
    def version(self) -> int:
        """A number that changes whenever a table, a column or an index does."""

    @property
    def tables(self) -> Mapping[str, Table]:
        """Every event table by name; none in a database that this store has never written to."""

    @property
    def names(self) -> Sequence[str]:
        """Every table but the store's own, whoever made it."""

    @property
    def own(self) -> frozenset[str]:
        """Those that this store has made."""

    @property
    def written(self) -> frozenset[str]:
        """Those that this store has made or written to."""

    @property
    def system(self) -> frozenset[str]:
        """The store's own tables that are there; their names begin with an underscore."""

    @property
    def notes(self) -> Mapping[tuple[str, str], Note]:
        """What was noted of a table (column "") or of a column, by both names."""

    def indexes(self, table: str) -> Mapping[str, tuple[str, ...]]:
        """Index → its columns, in the order in which the engine lists them."""

    def leading(self, table: str) -> frozenset[str]:
        """The columns that an index of all rows begins with."""

    def key(self, table: str) -> tuple[str, ...]:
        """The columns of its dedupe key; none where it has none."""

    def searched(self) -> Mapping[str, tuple[str, ...]]:
        """The tables that have a search index, and the columns that are in it."""

    def count(self, table: str) -> int:
        """How many rows it has."""

    def number(self, table: str) -> str | None:
        """What its row number is called, by which rows are in the order in which they were stored; None without one."""

    def newest_number(self, table: str) -> int:
        """Its largest row number, which is about how many rows it has; their count where they have no numbers."""


@dataclass(frozen=True, slots=True)
class Note:
    """What `_tables` says of a table or a column.

    Attributes:
        origin: "created" by this store, "adopted" as it was, or "merged".
        doc: what it means, in a sentence.
        first_seen, last_written: when, in the canonical form; empty where it is not known.
        declaration: the EventTable's JSON text, or an empty string.
    """

    origin: str = "adopted"
    doc: str = ""
    first_seen: str = ""
    last_written: str = ""
    declaration: str = ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a database, and of its log of changes that are not in their place yet."""

    database: int
    log: int


class Reader(Protocol):
    """Reads one database; for one thread at a time.

    Every method raises DatabaseBusy, NotADatabase or another DatabaseError by cause, and QueryError for SQL that is
    wrong.
    """

    @property
    def catalogue(self) -> Catalogue:
        """What is known of the tables."""

    def query(self, sql: str, parameters: Any = (), timeout: float = 30.0) -> Result:
        """The rows of one statement that somebody wrote: contained, so it cannot change anything.

        Args:
            sql: the statement.
            parameters: a sequence or a mapping.
            timeout: seconds after which it is stopped.

        Raises:
            QueryError: the SQL is wrong, is more than one statement, or would change something.
            QueryStopped: it took too long, or its result is too large.
        """

    def stream(self, sql: str, parameters: Any = (), timeout: float = 30.0) -> Generator[Any]:
        """The same for results of any size: first the columns' names, then lists of rows."""

    def trusted(self, sql: str, parameters: Any = (), timeout: float = 30.0) -> Result:
        """The same for a statement of this package."""

    def rows(self, sql: str, parameters: Any = ()) -> Iterator[Any]:
        """The rows of one statement of this package, as they come."""

    def value(self, sql: str, *parameters: Any) -> Any:
        """The first value of the first row, or None."""

    def events(
        self, table: Table, window: Window = EVERYTHING, *, after: int | None = None, only: int | None = None
    ) -> Iterator[StoredEvent]:
        """The events of a table in the order in which they were stored.

        Args:
            table: which table.
            window: which of its events.
            after: only those with a larger row number.
            only: only the one with this row number.
        """

    def by_time(
        self, tables: Iterable[Table], window: Window = EVERYTHING, limit: int = -1, *, newest_first: bool = True
    ) -> Iterator[StoredEvent]:
        """The events of several tables in the order of their times; reads no more of any than is taken.

        Args:
            tables: which tables; those without a time are left out.
            window: which of their events.
            limit: at most so many; -1 for all.
            newest_first: else the oldest.
        """

    def table_rows(self, table: Table, window: Window = EVERYTHING) -> tuple[list[str], Iterator[Sequence[Any]]]:
        """The columns of a table as they are, and its rows."""

    def sizes(self) -> Sizes:
        """What the database takes up now."""

    def matches(self, table: Table, words: Sequence[str]) -> Iterator[int]:
        """The numbers of rows that hold all of these words, the newest first; the table has a search index.

        A word is as it is written; `word*` is a beginning. Capitals and accents make no difference.
        """

    def moment(self) -> AbstractContextManager[None]:
        """Statements within the block see one state of the database, whatever others store meanwhile."""

"""What every sink guarantees.

* A transaction is all or nothing: rows, rejects, cursors and sources commit together or not at all.
* Offsets are read from the database inside the transaction, so replaying a source is harmless: what was committed is
  not read again, and what was lost is.
* `durable_cursors` tells only what a reader that starts afresh would see, and what a loss of power leaves.
* An error says by its `retry` whether the same call may succeed later; after any error the transaction is undone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from telemetry_store.batch import Block, ExtentT, Inserted, Reject
    from telemetry_store.result import Result


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


class Transaction(ABC):
    """One transaction; it commits when its `with` block ends, and is undone when the block raises."""

    @abstractmethod
    def cursors(self) -> dict[str, int]:
        """Segment name → bytes of it that are committed."""

    @abstractmethod
    def insert(self, blocks: Iterable[Block[ExtentT]]) -> Inserted[ExtentT]:
        """Store the records of the blocks, making tables and columns as they need them, and say what became of them.

        What a table refuses goes to `_rejects`, as do the rejects of the blocks' extents; nothing else is refused. The
        blocks may be read by another thread, a little ahead.

        Returns:
            Counts of all of it, and the extents of the blocks that were taken, in order.
        """

    @abstractmethod
    def advance(self, cursors: Mapping[str, int]) -> None:
        """Set the offsets of segments."""

    @abstractmethod
    def forget(self, names: Iterable[str]) -> None:
        """Delete the cursors of segments that are no longer there."""

    @abstractmethod
    def take_rejects(self, ids: Sequence[int] | None) -> list[tuple[int, Reject]]:
        """Give these rejects with their ids, or all of them, and forget them; some ids may be gone."""

    @abstractmethod
    def sources(self) -> list[Source]:
        """Every imported file, in the order of import, without the marks of its last lines."""

    @abstractmethod
    def source(self, path: str, generation: int) -> Source | None:
        """One imported file with the marks of its last lines; None when there is none."""

    @abstractmethod
    def save_source(self, source: Source) -> None:
        """Insert or replace the ledger's entry of this path and generation."""

    def begin_load(self, table: str) -> bool:  # noqa: ARG002 - not every sink gains by it
        """Let the indexes of a table wait while many rows come; False where it has rows already, or cannot wait.

        The waiting is kept in the database, so it is in force for every process and outlives this one.
        """
        return False

    def build_index(self) -> str | None:
        """Make one index that waits, and give its table; None when none waits any more."""
        return None


class Sink(ABC):
    """A place for rows."""

    @abstractmethod
    def transaction(self, wait: float) -> AbstractContextManager[Transaction]:
        """Begin a transaction, waiting up to `wait` seconds for the write lock.

        Raises:
            DatabaseError: by cause; see `retry`.
        """

    @abstractmethod
    def settle(self, *, force: bool) -> bool:
        """Bring what is committed to its final place, if there is much of it or `force`; False if others prevent it."""

    @abstractmethod
    def durable_cursors(self) -> dict[str, int]:
        """The cursors as a fresh connection sees them."""

    @abstractmethod
    def query(self, sql: str, parameters: Any, wait: float) -> Result:
        """Run one read-only statement; it is stopped after `wait` seconds.

        Raises:
            QueryError: the SQL is wrong or would change something.
            QueryStopped: it took too long, or its result is too large.
            DatabaseError: by cause.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of every connection; the next call opens a new one."""

    @abstractmethod
    def interrupt(self) -> None:
        """Break off what another thread is doing, so that a fork need not wait; it is undone and tried again."""

    @abstractmethod
    def abandon(self) -> None:
        """Let go of connections without closing them, as the child of a fork must."""

"""The one loop from the spool into a sink.

Whoever holds `drain.lock` drains the segments of every process, dead ones included; all others do nothing. Rows and
offsets commit together, and offsets are read from the database inside the transaction, never from memory. So whatever
the database loses it loses together with its offset, and the next cycle replays it. For that, a segment stays until
its last offset is committed, checkpointed, and seen by a fresh connection.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telemetry_store.batch import Block, Counts, Extent, Origin, RecordChunk, Reject, chunks_of
from telemetry_store.errors import DatabaseError, DatabaseFull
from telemetry_store.event import decode, decode_line
from telemetry_store.recovery import SegmentReader, remove_unborn, segment_names
from telemetry_store.segment import try_lock, unlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Sink
    from telemetry_store.event import Record
    from telemetry_store.recovery import Piece

LOCK = "drain.lock"
#: Bytes of lines in one transaction: large enough for synchronous=FULL to cost nothing, small enough for others.
_BATCH = 6 << 20
_SMALLEST_BATCH = 64 << 10
#: Seconds between two looks at a lock that somebody holds.
_POLL = 0.005


@dataclass(frozen=True, slots=True)
class Drained:
    """What drain cycles have done.

    Attributes:
        bytes: of lines that were read.
        gaps: places where a loss of power had left NULs among the lines.
        deleted: segments that were no longer needed.
        complete: False where the cycle stopped because another process was draining.
    """

    counts: Counts = field(default_factory=Counts)
    bytes: int = 0
    gaps: int = 0
    deleted: int = 0
    complete: bool = True

    def __add__(self, other: Drained) -> Drained:
        return Drained(
            self.counts + other.counts,
            self.bytes + other.bytes,
            self.gaps + other.gaps,
            self.deleted + other.deleted,
            self.complete and other.complete,
        )


@dataclass(frozen=True, slots=True)
class SegmentExtent(Extent):
    """A part of a segment.

    Attributes:
        gap: bytes of it that cannot be read because a loss of power left NULs among the lines.
        last: nothing follows it, and never will: the segment's process is gone.
    """

    gap: int = 0
    last: bool = False

    @property
    def size(self) -> int:
        """Bytes of lines."""
        return self.end - self.start - self.gap


class Drain:
    """Moves the events of one spool directory into one sink.

    Attributes:
        totals: what this object has drained since it was made.
    """

    def __init__(self, directory: str, sink: Sink) -> None:
        self.directory = directory
        self.sink = sink
        self._lock_file = -1
        self._begin()

    def _begin(self) -> None:
        # flock belongs to the open file and does not keep two threads apart, so there is a thread lock as well
        self._thread_lock = threading.Lock()
        self._holder = 0
        self._crossed = False
        self._batch = _BATCH
        self.totals = Drained()

    @contextlib.contextmanager
    def exclusive(self, timeout: float) -> Iterator[bool]:
        """Hold the thread lock and `drain.lock`; gives False when they were not to be had in `timeout` seconds.

        A thread that holds them already, such as a signal handler's, is told False at once.
        """
        deadline = time.monotonic() + timeout
        if self._holder == threading.get_ident() or not self._thread_lock.acquire(timeout=max(timeout, 0)):
            yield False
            return
        try:
            self._holder = threading.get_ident()
            locked = self._lock_process(deadline)
            try:
                yield locked
            finally:
                if locked:
                    unlock(self._lock_file)
        finally:
            self._holder = 0
            self._thread_lock.release()

    def _lock_process(self, deadline: float) -> bool:
        if self._lock_file < 0:
            os.makedirs(self.directory, exist_ok=True)
            self._lock_file = os.open(os.path.join(self.directory, LOCK), os.O_RDWR | os.O_CREAT, 0o644)
        while not try_lock(self._lock_file):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL)
        return True

    def run(self, timeout: float, *, tidy: bool = False) -> Drained:
        """Drain everything there is.

        Args:
            timeout: seconds to wait for another process that is draining, and for the database's write lock.
            tidy: also bring the write-ahead log into the database and delete every segment that is no longer needed.

        Raises:
            DatabaseError: by cause; events stay in the spool.
        """
        deadline = time.monotonic() + timeout
        with self.exclusive(timeout) as mine:
            return self._run(deadline, tidy=tidy) if mine else Drained(complete=False)

    def _run(self, deadline: float, *, tidy: bool) -> Drained:
        drained, more = Drained(), True
        finished: dict[str, int] = {}
        try:
            while more:
                cycle = self._cycle(max(deadline - time.monotonic(), 0))
                drained += cycle.drained
                finished.update(cycle.finished)
                if more := cycle.more:
                    drained += self._settle(finished, force=self._batch < _BATCH)
        except DatabaseFull:
            self._batch = _SMALLEST_BATCH  # its log may find a place once that of the large one is gone
            with contextlib.suppress(DatabaseError):
                self.sink.settle(force=True)
            raise
        self._batch = _BATCH
        return drained + self._settle(finished, force=tidy)

    def replay(self, timeout: float) -> Drained:
        """Bring everything there is into the sink and delete no segment; the caller keeps other drains out.

        Each transaction waits `timeout` seconds for the database's write lock.

        Raises:
            DatabaseError: by cause.
        """
        drained, more = Drained(), True
        while more:
            cycle = self._cycle(timeout)
            drained, more = drained + cycle.drained, cycle.more
        return drained

    def _cycle(self, timeout: float) -> _Cycle:
        """One transaction."""
        names = segment_names(self.directory)
        if not names:
            return _Cycle()
        limit = self._batch
        with self.sink.transaction(timeout) as transaction:
            cursors = transaction.cursors()
            inserted = transaction.insert(_blocks(self.directory, names, cursors, limit))
            ends = {extent.source: extent.end for extent in inserted.extents}
            transaction.advance({name: end for name, end in ends.items() if end > cursors.get(name, 0)})
            transaction.forget(cursors.keys() - set(names))
        size = sum(extent.size for extent in inserted.extents)
        drained = Drained(inserted.counts, size, sum(extent.gap > 0 for extent in inserted.extents))
        self.totals += drained
        return _Cycle(drained, {extent.source: extent.end for extent in inserted.extents if extent.last}, size >= limit)

    def _settle(self, finished: dict[str, int], *, force: bool) -> Drained:
        """Checkpoint, and delete the segments whose last offset is in the database for good."""
        if not self.sink.settle(force=force) or not finished:
            return Drained()
        remove_unborn(self.directory)
        durable = self.sink.durable_cursors()
        deleted = [name for name, end in finished.items() if durable.get(name, 0) >= end]
        for name in deleted:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.directory, name))
            del finished[name]
        drained = Drained(deleted=len(deleted))
        self.totals += drained
        return drained

    def before_fork(self, patience: float = 1.0) -> None:
        """Wait until no drain is under way and close the connection: none must cross a fork.

        A drain that takes longer than `patience` seconds is interrupted; it is undone and tried again.
        """
        self._crossed = self._holder == threading.get_ident()  # a signal handler forks within this thread's own drain
        while not self._crossed and not self._thread_lock.acquire(timeout=patience):
            self.sink.interrupt()
        if not self._crossed:
            self.sink.close()

    def after_fork_in_parent(self) -> None:
        """Go on as before."""
        if not self._crossed:
            self._thread_lock.release()

    def after_fork_in_child(self) -> None:
        """Drop what belongs to the parent; the lock file's descriptor shares the parent's lock."""
        self.sink.abandon()
        self._close_lock_file()
        self._begin()

    def _close_lock_file(self) -> None:
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    def close(self, timeout: float = 1.0) -> None:
        """Close the connection under the lock, as every writer must."""
        with self.exclusive(timeout):
            self.sink.close()
        self._close_lock_file()


@dataclass(frozen=True, slots=True)
class _Cycle:
    """What one transaction did.

    Attributes:
        finished: segments that will not grow any more, and where they end.
        more: it was full, so there may be more to read.
    """

    drained: Drained = field(default_factory=Drained)
    finished: dict[str, int] = field(default_factory=dict)
    more: bool = False


def _blocks(directory: str, names: list[str], cursors: dict[str, int], limit: int) -> Iterator[Block[SegmentExtent]]:
    """What follows the cursors in these segments, until there are so many bytes of lines."""
    size = 0
    for name in names:
        with contextlib.suppress(FileNotFoundError), SegmentReader(directory, name) as reader:
            for block in _of_segment(reader, cursors.get(name, 0)):
                yield block
                size += block.extent.size
                if size >= limit:
                    return


def _of_segment(reader: SegmentReader, offset: int) -> Iterator[Block[SegmentExtent]]:
    for piece in reader.pieces(offset):
        yield _lines(reader.name, piece) if piece.data else _gap(reader.name, piece)
        offset = piece.end
    if reader.finished:
        yield Block(SegmentExtent(reader.name, offset, offset, last=True))


def _gap(name: str, piece: Piece) -> Block[SegmentExtent]:
    reason = f"{piece.gap} bytes unreadable: NULs among the lines, as a loss of power leaves them"
    reject = Reject(name, piece.start, "", reason, b"")
    return Block(SegmentExtent(name, piece.start, piece.end, (reject,), piece.gap))


def _lines(name: str, piece: Piece) -> Block[SegmentExtent]:
    try:
        records, exact = decode(piece.data)
    except (ValueError, TypeError):
        return _line_by_line(name, piece)

    def raw(index: int) -> tuple[int, bytes]:
        lines = piece.data.splitlines(keepends=True)
        return piece.start + sum(map(len, lines[:index])), lines[index]

    origin = Origin(name, raw)
    chunks = (RecordChunk(origin, records),) if exact else chunks_of(origin, records)
    return Block(SegmentExtent(name, piece.start, piece.end), chunks)


def _line_by_line(name: str, piece: Piece) -> Block[SegmentExtent]:
    records: list[Record] = []
    places: list[tuple[int, bytes]] = []
    rejects: list[Reject] = []
    offset = piece.start
    for line in piece.data.splitlines(keepends=True):
        try:
            records.append(decode_line(line))
            places.append((offset, line))
        except (ValueError, RecursionError) as error:
            rejects.append(Reject(name, offset, "", f"not a record: {error}", line))
        offset += len(line)
    extent = SegmentExtent(name, piece.start, piece.end, tuple(rejects))
    return Block(extent, (RecordChunk(Origin(name, places.__getitem__), records),))

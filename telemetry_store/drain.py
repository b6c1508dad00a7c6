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

from telemetry_store.batch import Chunk, Counts, Reject
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
_POLL = 0.005


@dataclass(slots=True)
class Drained:
    """What drain cycles have done.

    Attributes:
        counts: of records.
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


class Drain:
    """Moves the events of one spool directory into one sink.

    Args:
        directory: the spool directory.
        sink: where they go.
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
        self._totals = Drained()

    @property
    def totals(self) -> Drained:
        """What this object has drained since it was made."""
        return self._totals

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
        drained = Drained()
        deadline = time.monotonic() + timeout
        with self.exclusive(timeout) as mine:
            if not mine:
                drained.complete = False
                return drained
            finished: dict[str, int] = {}
            try:
                while self._cycle(drained, finished, max(deadline - time.monotonic(), 0)):
                    self._settle(drained, finished, force=self._batch < _BATCH)
            except DatabaseFull:
                self._batch = _SMALLEST_BATCH  # its log may find a place once that of the large one is gone
                with contextlib.suppress(DatabaseError):
                    self.sink.settle(force=True)
                raise
            self._batch = _BATCH
            self._settle(drained, finished, force=tidy)
        return drained

    def replay(self, timeout: float) -> Drained:
        """Bring everything there is into the sink and delete no segment; the caller keeps other drains out.

        Args:
            timeout: seconds to wait for the database's write lock.

        Raises:
            DatabaseError: by cause.
        """
        drained = Drained()
        while self._cycle(drained, {}, timeout):
            pass
        return drained

    def _cycle(self, drained: Drained, finished: dict[str, int], timeout: float) -> bool:
        """One transaction; True when there may be more to read."""
        names = segment_names(self.directory)
        if not names:
            return False
        with contextlib.ExitStack() as stack:
            transaction = stack.enter_context(self.sink.transaction(timeout))
            batch = _Batch(self.directory, names, transaction.cursors(), self._batch)
            counts = transaction.insert(batch.chunks())
            transaction.ledger.reject(batch.rejects)
            counts.rejected += len(batch.rejects)
            transaction.advance(batch.offsets)
            gone = batch.known.keys() - set(names)
            transaction.forget(gone)
            if not (batch.offsets or batch.rejects or gone):
                finished.update(batch.finished)
                return False
        finished.update(batch.finished)
        for total in (drained, self._totals):
            total.counts += counts
            total.bytes += batch.bytes
            total.gaps += batch.gaps
        return batch.full

    def _settle(self, drained: Drained, finished: dict[str, int], *, force: bool) -> None:
        """Checkpoint, and delete the segments whose last offset is in the database for good."""
        if not self.sink.settle(force=force) or not finished:
            return
        remove_unborn(self.directory)
        durable = self.sink.durable_cursors()
        for name, end in list(finished.items()):
            if durable.get(name, 0) >= end:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self.directory, name))
                del finished[name]
                drained.deleted += 1
                self._totals.deleted += 1

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


class _Batch:
    """What one transaction reads from the segments."""

    def __init__(self, directory: str, names: list[str], known: dict[str, int], limit: int) -> None:
        self._directory = directory
        self._names = names
        self._limit = limit
        self.known = known
        self.offsets: dict[str, int] = {}
        #: Segments that will not grow any more, and where they end.
        self.finished: dict[str, int] = {}
        self.rejects: list[Reject] = []
        self.bytes = 0
        self.gaps = 0
        self.full = False

    def chunks(self) -> Iterator[Chunk]:
        for name in self._names:
            if self.full:
                return
            with contextlib.suppress(FileNotFoundError), SegmentReader(self._directory, name) as reader:
                yield from self._of_segment(reader)

    def _of_segment(self, reader: SegmentReader) -> Iterator[Chunk]:
        offset = self.known.get(reader.name, 0)
        for piece in reader.pieces(offset):
            if piece.data:
                yield self._chunk(reader.name, piece)
            else:
                self.gaps += 1
                reason = f"{piece.gap} bytes unreadable: NULs among the lines, as a loss of power leaves them"
                self.rejects.append(Reject(reader.name, piece.start, "", reason, b""))
            offset = self.offsets[reader.name] = piece.end
            self.bytes += len(piece.data)
            if self.bytes >= self._limit:
                self.full = True
                return
        if reader.finished:
            self.finished[reader.name] = offset

    def _chunk(self, name: str, piece: Piece) -> Chunk:
        data = piece.data
        try:
            records, exact = decode(data)
        except (ValueError, TypeError):
            return self._line_by_line(name, piece)

        def raw(index: int) -> tuple[int, bytes]:
            lines = data.splitlines(keepends=True)
            return piece.start + sum(map(len, lines[:index])), lines[index]

        return Chunk(name, records, raw, exact)

    def _line_by_line(self, name: str, piece: Piece) -> Chunk:
        records: list[Record] = []
        places: list[tuple[int, bytes]] = []
        offset = piece.start
        for line in piece.data.splitlines(keepends=True):
            try:
                records.append(decode_line(line))
                places.append((offset, line))
            except (ValueError, RecursionError) as error:
                self.rejects.append(Reject(name, offset, "", f"not a record: {error}", line))
            offset += len(line)
        return Chunk(name, records, places.__getitem__, exact=True)

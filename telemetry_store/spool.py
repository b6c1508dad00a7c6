"""The spool of this process: events become lines in a mapped segment, with no system call on the way.

A line that was appended survives the death of the process. Rotation, synchronisation and forks are here too;
segments of other processes are in `recovery.py`.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Literal, TypeVar

from telemetry_store.errors import SpoolFull, SpoolNewer, SpoolUnwritable
from telemetry_store.segment import Segment, is_full_disk

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry_store.segment import Bytes

_T = TypeVar("_T")
#: What record() does when there is no place: see Settings.backlog_policy.
Policy = Literal["block", "drop", "raise"]

#: The version of the segment format; a spool that says a higher one is not touched.
FORMAT = 1
#: The sizes of segments, in bytes; a line that is longer gets one of its own.
SMALLEST, LARGEST = 256 << 10, 16 << 20
#: What a segment's name ends with.
SUFFIX = ".jsonl"
#: How long "drop" takes a spool that was full for full, in seconds.
_RETRY_SECONDS = 0.05


def writer_name() -> str:
    """A name for one writer, never used before or again: start time, process id and a random part, all sortable."""
    return f"{time.time_ns():016x}-{os.getpid()}-{os.urandom(4).hex()}"


def prepare(directory: str) -> None:
    """Make the spool directory, or check that this version can use the one that is there.

    Raises:
        SpoolUnwritable: the directory cannot be made or written.
        SpoolNewer: it was written by a newer version.
    """
    path = os.path.join(directory, "format")
    try:
        os.makedirs(directory, exist_ok=True)
        if not os.path.exists(path):
            fresh = f"{path}.{os.getpid()}"
            _with_file(fresh, os.O_WRONLY | os.O_CREAT, lambda file: os.write(file, b"%d\n" % FORMAT))
            os.replace(fresh, path)
        version = _with_file(path, os.O_RDONLY, lambda file: os.read(file, 64)).decode(errors="replace").strip()
    except OSError as error:
        if is_full_disk(error):
            raise SpoolFull(f"no space for the spool {directory}: {error.strerror}", "free some disk space") from error
        hint = "give the process write permission there, or choose another database path"
        raise SpoolUnwritable(f"cannot use the spool directory {directory}: {error.strerror}", hint) from error
    if not version.isdigit() or int(version) > FORMAT:
        hint = "upgrade telemetry-store; nothing was written"
        raise SpoolNewer(f"the spool {directory} has format {version!r}, this version knows up to {FORMAT}", hint)


def _with_file(path: str, flags: int, use: Callable[[int], _T]) -> _T:
    """Use a file without open(), which is gone when destructors record at the end of the interpreter."""
    descriptor = os.open(path, flags, 0o644)
    try:
        return use(descriptor)
    finally:
        os.close(descriptor)


def backlog(directory: str) -> int:
    """Bytes that the segments of all processes take up in a spool directory."""
    total = 0
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                with contextlib.suppress(FileNotFoundError):
                    total += entry.stat().st_size
    return total


class Spool:
    """Appends lines to this process's own segments.

    Args:
        directory: the spool directory; made at the first append.
        limit: how many bytes the segments of all processes may take up.
        policy: what to do beyond the limit or on a full disk; see `Settings.backlog_policy`.
        relieve: called when space is wanted, with the seconds that it may take; drains, and returns when it has tried.
        patience: how long "block" waits before it raises SpoolFull, in seconds.
        notice: makes the line that tells readers how many events were dropped, from a cause and a count.
    """

    _bytes: Bytes

    def __init__(
        self,
        directory: str,
        *,
        limit: int,
        policy: Policy,
        relieve: Callable[[float], None],
        notice: Callable[[str, int], bytes],
        patience: float = 30.0,
    ) -> None:
        self.directory = directory
        self._limit = limit
        self._policy = policy
        self._relieve = relieve
        self._patience = patience
        self._notice = notice
        self._begin()

    def _begin(self) -> None:
        """Start with no segment, as a new process does."""
        self._lock = threading.RLock()
        self._sync_lock = threading.Lock()
        self._segment: Segment | None = None
        self._retired: list[Segment] = []
        self._capacity = 0
        self._position = 0
        self._appending = False
        self._parked: list[bytes] = []
        self._size = SMALLEST // 2
        self._writer = ""
        self._number = 0
        self._full_until = 0.0  # "drop" asks the disk again only after this moment
        self._full_cause = ""
        self.dropped: dict[str, int] = {}
        self._unreported: dict[str, int] = {}

    def append(self, line: bytes) -> None:
        """Append one line, ending in a newline; on return it survives the death of the process.

        A call from a signal handler or a destructor that interrupts another append parks its line, and the
        interrupted call appends it.

        Raises:
            SpoolFull: there is no place, by the policy or within the patience; the line is not stored.
            SpoolUnwritable, SpoolNewer: the spool directory cannot be used.
        """
        with self._lock:
            if self._appending:
                self._parked.append(line)
                return
            self._appending = True
            try:
                end = self._position + len(line)
                if end > self._capacity:
                    if not self._make_room(len(line)):
                        return
                    end = self._position + len(line)
                # No call stands between these two lines, so no signal and no thread switch can come between them.
                self._bytes[self._position : end] = line
                self._position = end
                if self._parked:
                    self._append_parked()
            finally:
                self._appending = False

    def _append_parked(self) -> None:
        """Append what interrupting calls have left; an interruption here neither loses nor doubles a line."""
        while self._parked:
            end = self._position + len(self._parked[0])
            if end > self._capacity:
                if not self._make_room(len(self._parked[0])):
                    del self._parked[0]
                    continue
                end = self._position + len(self._parked[0])
            self._bytes[self._position : end] = self._parked[0]
            self._position = end
            del self._parked[0]

    def _make_room(self, need: int) -> bool:
        """Open a segment with space for `need` bytes; False when the line is dropped by policy."""
        deadline = time.monotonic() + (self._patience if self._policy == "block" else 0.0)
        while True:
            cause = self._rotate(need)
            if not cause:
                return True
            if self._policy == "drop":
                for counts in (self.dropped, self._unreported):
                    counts[cause] = counts.get(cause, 0) + 1
                return False
            left = deadline - time.monotonic()
            if self._policy == "raise" or left <= 0:
                hint = "see `telemetry doctor`; free disk space, or raise the limit"
                raise SpoolFull(f"no place in the spool {self.directory}: {cause}", hint)
            with contextlib.suppress(OSError):
                self._release_retired()
            self._relieve(min(left, 1.0))
            time.sleep(min(0.02, max(left, 0.0)))

    def _rotate(self, need: int) -> str:
        """Go over to a new segment; returns why that is not possible, or an empty string."""
        if self._policy == "drop" and time.monotonic() < self._full_until:
            return self._full_cause
        cause = self._open_next(need)
        if cause:
            self._full_cause, self._full_until = cause, time.monotonic() + _RETRY_SECONDS
            self._retire()
        return cause

    def _open_next(self, need: int) -> str:
        if not self._writer:
            prepare(self.directory)
            self._writer = writer_name()
        if backlog(self.directory) + need > self._limit:
            return "backlog limit"
        wanted = max(min(self._size * 2, LARGEST), need)
        smallest = max(SMALLEST, need)
        for size in dict.fromkeys((wanted, smallest)):
            path = os.path.join(self.directory, f"{self._writer}-{self._number:08d}{SUFFIX}")
            self._number += 1  # also when this attempt is broken off: a name is used once
            try:
                segment = Segment(path, size)
            except OSError as error:
                if is_full_disk(error):
                    continue
                raise SpoolUnwritable(f"cannot make the segment {path}: {error.strerror}") from error
            self._adopt(segment)
            return ""
        self._size = SMALLEST // 2  # begin small again, and leave the database some of the space that comes back
        return "disk full"

    def _adopt(self, segment: Segment) -> None:
        self._retire()
        # One statement each and no calls: a signal cannot leave the new map with the old position.
        self._bytes = segment.bytes
        self._position = 0
        self._capacity = segment.size
        self._segment = segment
        self._size = min(segment.size, LARGEST)
        for cause, count in self._unreported.items():  # there is space again: say in the spool what was dropped
            self._parked.append(self._notice(cause, count))
        self._unreported.clear()

    def _retire(self) -> None:
        """Let go of the current segment; its lock is released once it is on the disk, in sync()."""
        old = self._segment
        self._capacity = self._position = 0
        self._segment = None
        if old is not None:
            self._retired.append(old)
            old.bytes.close()

    def sync(self) -> None:
        """Bring everything that was appended onto the disk; record() is not held up meanwhile."""
        with self._sync_lock:
            with self._lock:
                if self._parked and not self._appending:
                    self._appending = True
                    try:
                        self._append_parked()
                    finally:
                        self._appending = False
                current = self._segment
            self._release_retired()
            if current is not None:
                # rotation leaves the descriptor open until a later sync(), which waits for this one
                current.sync()

    def _release_retired(self) -> None:
        """Sync and close full segments, so that whoever drains can delete them."""
        while self._retired:
            segment = self._retired[0]
            segment.sync()
            with self._lock:
                if segment in self._retired:
                    self._retired.remove(segment)
                    segment.close()

    def own_segment(self) -> tuple[str, int]:
        """The name of the current segment and the bytes used in it; an empty name before the first append."""
        segment = self._segment
        return (os.path.basename(segment.path), self._position) if segment is not None else ("", 0)

    def close(self) -> None:
        """Let go of all segments, so that whoever drains can delete them; a later append starts a new one."""
        self.sync()
        with self._sync_lock, self._lock:
            self._retire()
            for segment in self._retired:
                segment.close()
            self._retired.clear()

    def before_fork(self) -> None:
        """Wait until no append and no synchronisation is under way."""
        self._sync_lock.acquire()
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on as before."""
        self._lock.release()
        self._sync_lock.release()

    def after_fork_in_child(self) -> None:
        """Drop the parent's segments: a shared lock would keep them alive, and a segment has one writer."""
        for segment in (*self._retired, self._segment):
            if segment is not None:
                with contextlib.suppress(ValueError):
                    segment.close()
        self._begin()

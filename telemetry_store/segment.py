"""One spool segment: a preallocated, memory-mapped JSONL file, and all that differs between operating systems.

A segment has one writer. Its bytes go from NUL to final exactly once, and JSON text holds no NUL byte, so the valid
prefix of a segment is everything up to the last newline before the first NUL: no header, no checksum, no barrier.
The writer holds an advisory lock on the open file for as long as it lives; whoever can take that lock knows that
nothing will be appended any more.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import struct
import sys
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":  # pragma: no cover - not run on Linux
    import msvcrt
else:
    import fcntl

#: What a segment's name ends with until it is locked and has its full size.
NEW = ".new"
#: Windows locks byte ranges; no data will ever reach this one.
_LOCK_BYTE = 1 << 62
#: First byte and length of SQLite's shared lock (os.h, SHARED_FIRST).
_SHARED_RANGE = (0x40000002, 510)
_FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_PREALLOCATION = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file without waiting; False when another open file has it."""
    try:
        if sys.platform == "win32":  # pragma: no cover - not run on Linux
            os.lseek(descriptor, _LOCK_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True


def unlock(descriptor: int) -> None:
    """Release the lock that try_lock took."""
    if sys.platform == "win32":  # pragma: no cover - not run on Linux
        os.lseek(descriptor, _LOCK_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextlib.contextmanager
def locked_file(path: str) -> Iterator[bool]:
    """Whether this process has the lock of a file, which is made if need be, for the length of the block."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield try_lock(descriptor)
    finally:
        os.close(descriptor)


def pread(descriptor: int, size: int, offset: int) -> bytes:
    """Read up to `size` bytes at `offset`."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # pragma: no cover - not run on Linux
    return os.read(descriptor, size)  # pragma: no cover - not run on Linux


def is_full_disk(error: OSError) -> bool:
    """Tell whether the error means that the disk or the quota is used up."""
    return error.errno in _FULL_DISK


def hold_shared(path: str) -> None:
    """Hold SQLite's shared lock on a database with locks that nobody in this process can drop by accident.

    SQLite's POSIX locks go when any descriptor of the file is closed, so a plain open() and close() of the database
    lets another process believe that it is the last one, and delete the log under us. Open-file-description locks on
    SQLite's own descriptors stay until SQLite closes them. Linux only; elsewhere this does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    wanted = os.stat(path)
    lock = struct.pack("hhqqi", fcntl.F_RDLCK, os.SEEK_SET, *_SHARED_RANGE, 0)
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(int(name)), wanted):
                fcntl.fcntl(int(name), fcntl.F_OFD_SETLK, lock)


def sync_file(path: str) -> None:
    """Bring a file that nobody has open onto the disk."""
    _sync(path, os.O_RDWR)


def sync_directory(path: str) -> None:
    """Make the names in a directory survive a loss of power; Windows does this with the file itself."""
    if sys.platform != "win32":
        _sync(path, os.O_RDONLY)


def _sync(path: str, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _preallocate(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    block = bytes(1 << 16)  # macOS and Windows: only written bytes are sure to have a place on the disk
    for start in range(0, size, len(block)):
        os.write(descriptor, block[: size - start])
    os.lseek(descriptor, 0, os.SEEK_SET)


class Bytes(Protocol):
    """What a segment is written through: a memory map, or something with the same slice assignment."""

    def __setitem__(self, where: slice, data: bytes, /) -> None:
        """Put the data at the place."""

    def close(self) -> None:
        """Let go of the memory."""


class _Written:
    """The same slice assignment through one write per record, for file systems that cannot preallocate."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __setitem__(self, where: slice, data: bytes, /) -> None:
        offset = where.start
        while data:
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            count = os.write(self._descriptor, data)
            data, offset = data[count:], offset + count

    def close(self) -> None:
        """Nothing to let go of: the segment closes the descriptor."""


def _create(path: str) -> int:
    """Open a new file and lock it, whatever a cleaner does that takes it for the remains of a dead process."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for _ in range(1000):
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, flags, 0o644)
            if try_lock(descriptor) and os.fstat(descriptor).st_nlink == 1:
                return descriptor
            os.close(descriptor)
        time.sleep(0.001)
    raise FileExistsError(errno.EEXIST, "another process keeps taking this name", path)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # it may have its final name already
        os.unlink(path)


class Segment:
    """One open segment of this process.

    Args:
        path: the final name; the file appears under it once it is locked and has its full size.
        size: its size in bytes.

    Raises:
        OSError: ENOSPC when the disk cannot hold it; nothing is left behind.
    """

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self.size = size
        self.descriptor = -1
        self.unsynced_name = True
        fresh = path + NEW
        with contextlib.ExitStack() as undo:
            self.descriptor = _create(fresh)
            undo.callback(self._release)
            undo.callback(_unlink, fresh)
            self.bytes: Bytes = self._map()
            os.rename(fresh, path)
            undo.pop_all()

    def _map(self) -> Bytes:
        try:
            _preallocate(self.descriptor, self.size)
        except OSError as error:
            if error.errno not in _NO_PREALLOCATION:
                raise
            return _Written(self.descriptor)
        return mmap.mmap(self.descriptor, self.size)

    def sync(self) -> None:
        """Bring the bytes, and once the name, onto the disk; does nothing once it is closed."""
        if self.descriptor < 0:
            return
        if isinstance(self.bytes, mmap.mmap) and not hasattr(os, "fdatasync"):  # pragma: no cover - not run on Linux
            self.bytes.flush()
            os.fsync(self.descriptor)
        else:
            os.fdatasync(self.descriptor)
        if self.unsynced_name:
            sync_directory(os.path.dirname(self.path))
            self.unsynced_name = False

    def close(self) -> None:
        """Unmap and close; this releases the lock, and so says that nothing more will come."""
        self.bytes.close()
        self._release()

    def _release(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self._release()  # its making was broken off by an exception from a signal handler

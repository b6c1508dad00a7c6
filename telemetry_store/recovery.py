"""The segments in a spool directory, of living and dead processes alike, and what can be read from them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry_store.segment import NEW, pread, try_lock
from telemetry_store.spool import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How much is read at once: of lines, and of what lies between them, in bytes.
_CHUNK, _WINDOW = 256 << 10, 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of one segment.

    Attributes:
        start: offset of the first byte, in bytes from the start of the segment.
        data: the lines, each with its newline; empty for a gap.
        gap: bytes before `end` that cannot be read because a loss of power left NULs among them.
    """

    start: int
    data: bytes
    gap: int = 0

    @property
    def end(self) -> int:
        """Offset of the first byte after this piece."""
        return self.start + len(self.data) + self.gap


class SegmentReader:
    """Reads the valid prefix of a segment; raises FileNotFoundError where somebody else has drained and deleted it."""

    def __init__(self, directory: str, name: str) -> None:
        self.name = name
        self._descriptor = os.open(os.path.join(directory, name), os.O_RDWR | getattr(os, "O_BINARY", 0))
        #: True when no process has the segment any more: what is there now is all that will ever be there.
        self.finished = try_lock(self._descriptor)
        self.size = os.fstat(self._descriptor).st_size

    def __enter__(self) -> SegmentReader:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def pieces(self, offset: int) -> Iterator[Piece]:
        """Yield whole lines from the offset on, and the gaps of a finished segment, up to the end of what is valid."""
        want = _CHUNK
        while data := pread(self._descriptor, want, offset):
            hole = data.find(0)
            whole = data.rfind(b"\n", 0, hole if hole >= 0 else len(data)) + 1
            if whole:
                yield Piece(offset, data[:whole])
                offset += whole
                want = _CHUNK
            elif hole < 0 and len(data) == want:
                want *= 2  # one line longer than this
            elif self.finished and hole >= 0:
                end = self._after_gap(offset + hole)
                if end < 0:
                    return
                yield Piece(offset, b"", gap=end - offset)
                offset = end
            else:
                return

    def _after_gap(self, hole: int) -> int:
        """Where lines go on after the NULs at `hole`; -1 when none does.

        What a process was copying when it was killed may have a hole too, since the bytes of a copy have no order;
        it was never acknowledged, and nothing follows it.
        """
        rest = self._skip(hole, nul=True)
        newline = self._skip(rest, nul=False) if rest >= 0 else -1
        return newline + 1 if newline >= 0 and self._skip(newline + 1, nul=True) >= 0 else -1

    def _skip(self, offset: int, *, nul: bool) -> int:
        """The offset of the next byte that is no NUL, or of the next newline; -1 when there is none."""
        while data := pread(self._descriptor, _WINDOW, offset):
            place = len(data) - len(data.lstrip(b"\0")) if nul else data.find(b"\n")
            if 0 <= place < len(data):
                return offset + place
            offset += len(data)
        return -1


def segment_names(directory: str) -> list[str]:
    """The segments in a spool directory, oldest writer first and in order within each writer."""
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        return sorted(entry.name for entry in entries if entry.name.endswith(SUFFIX))
    return []


def remove_unborn(directory: str) -> None:
    """Delete segments whose maker died before they had their name; a living maker's lock keeps its own."""
    for entry in os.listdir(directory):
        if entry.endswith(NEW):
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(os.path.join(directory, entry), os.O_RDWR)
                try:
                    if try_lock(descriptor):
                        os.unlink(os.path.join(directory, entry))
                finally:
                    os.close(descriptor)

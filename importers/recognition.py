"""What a file is to the ledger: by device and inode *and* by a hash of its growing prefix, never by one of them alone.

`recognise` asks four questions, and the first that has an answer decides:

1. Does it begin like a file that is imported? Then it is that file, or a copy of it, or the file it was a copy of.
2. Was it found to be a copy before, and is it still what it was? Then it is that copy.
3. Did a rotation cut it off an imported file, before the last lines were read from there? Then it is a copy, too.
4. Else it is new; did an imported file stand in its place?
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from .discover import identity_of, stem, unrotated
from .prefix import Prefix, hash_of, last_line_end, prefix_hashes
from .summary import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from importers.jsonl import LineExtent
    from importers.source_file import SourceFile
    from telemetry_store import Source

#: How many ends of lines `Source.recent` keeps, and the bytes of each: of the offset and of the hash.
_RECENT, _OFFSET, _HASH = 1024, 4, 4
_MARK = _OFFSET + _HASH


@dataclass(frozen=True, slots=True)
class New:
    """Nothing of the file is imported.

    Attributes:
        outcome: IMPORTED or REWRITTEN.
        generation: how many files were imported from its path before.
        prefix: its beginning, of no bytes.
        size: bytes of its whole content, decompressed.
    """

    outcome: Outcome
    generation: int
    prefix: Prefix
    size: int


@dataclass(frozen=True, slots=True)
class Known:
    """The file goes on behind what is imported of it.

    Attributes:
        outcome: CONTINUED, ALREADY_IMPORTED or MOVED.
        source: the ledger's entry of it, as the ledger has it.
        entry: the same, as it goes on.
        prefix: the part that is imported.
        size: see `New`.
    """

    outcome: Outcome
    source: Source
    entry: Source
    prefix: Prefix
    size: int


@dataclass(frozen=True, slots=True)
class Copy:
    """All of the file stands in an imported one, too.

    Attributes:
        source: the ledger's entry of that one, or of this as a copy of it.
        digest: the SHA-256 of the file, in hexadecimal digits.
        size: see `New`.
    """

    source: Source
    digest: str
    size: int


Recognition: TypeAlias = "New | Known | Copy"


def recognise(file: SourceFile, path: Path, sources: list[Source], recent: Callable[[Source], bytes]) -> Recognition:
    """Find out whether a file, or its beginning, has been imported before.

    Args:
        file: its content.
        path: absolute; the name that the file had when it was written to.
        sources: the entries of the ledger.
        recent: gives the marks of the last lines of an entry.
    """
    stranger = _Stranger(file, path, sources)
    return stranger.as_imported() or stranger.as_copy() or stranger.as_cut_off(recent) or stranger.as_new()


class _Standing(Enum):
    """Where an imported file is, seen from a file that begins with the same bytes."""

    HERE = "it is this file, or this one stands in its place"
    MOVED = "it was there, and this is it now"
    ELSEWHERE = "it still is where it was, and this is another file"


class _Stranger:
    """A file of which it is not known yet which of the ledger's entries is its own."""

    def __init__(self, file: SourceFile, path: Path, sources: list[Source]) -> None:
        self._file, self._path, self._size = file, path, file.length()
        self._generation = max((source.generation + 1 for source in sources if source.path == str(path)), default=0)
        self._imported = [source for source in sources if source.offset > 0 and not source.duplicate_of]
        copies = [source for source in sources if source.duplicate_of and source.offset == self._size]
        self._copies = [source for source in copies if (source.device, source.inode) == identity_of(file.fileno())]
        offsets = {source.offset for source in self._imported + self._copies if source.offset <= self._size}
        self._hashes = prefix_hashes(file, offsets)

    def as_imported(self) -> Known | Copy | None:
        """Ask those that it begins like: first those that are nowhere else, then the longest."""
        alike = [(source, self._standing(source)) for source in filter(self._begins_like, self._imported)]
        alike.sort(key=lambda pair: (pair[1] is not _Standing.ELSEWHERE, pair[0].offset))
        answers = (self._beside(source, standing) for source, standing in reversed(alike))
        return next((answer for answer in answers if answer is not None), None)

    def as_copy(self) -> Copy | None:
        """Ask the entries of its inode that say that it is a copy."""
        return next((self._copy_of(source) for source in self._copies if self._begins_like(source)), None)

    def as_cut_off(self, recent: Callable[[Source], bytes]) -> Copy | None:
        """Ask those of whose name rotation or a person made this one, whether they begin with it, or once did."""
        return next((self._copy_of(source) for source in self._imported if self._is_cut_off(source, recent)), None)

    def as_new(self) -> New:
        path = str(self._path)
        before = [source for source in self._imported if place_of(source) == path]
        replaced = any(_whereabouts(source) in ("", path) for source in before)
        outcome = Outcome.REWRITTEN if replaced else Outcome.IMPORTED
        return New(outcome, self._generation, Prefix.empty(), self._size)

    def _begins_like(self, source: Source) -> bool:
        digest = self._hashes.get(source.offset)
        return digest is not None and digest.hexdigest() == source.prefix_hash

    def _beside(self, source: Source, standing: _Standing) -> Known | Copy | None:
        """What it is beside an imported file that it begins like."""
        if standing is _Standing.MOVED:
            return self._known(Outcome.MOVED, source, moved(source, self._file))
        if standing is _Standing.HERE:
            outcome = Outcome.ALREADY_IMPORTED if source.offset == self._size else Outcome.CONTINUED
            return self._known(outcome, source, _stayed(source, self._file))
        if source.offset == self._size:
            return self._copy_of(source)
        if self._begins_with(source, self._size, self._digits):
            if not self._is_same_log(source) and self._length_now(source) > self._size:
                return None  # the beginning of another file, which a person or a program wrote anew
            return self._known(Outcome.CONTINUED, source, source)  # a copy ahead of the import; the file itself goes on
        if self._is_same_log(source) and (self._is_original_of(source) or not self._is_there(source)):
            return self._known(Outcome.MOVED, source, moved(source, self._file))
        return None  # it began as a copy, and now has lines of its own

    def _known(self, outcome: Outcome, source: Source, entry: Source) -> Known:
        prefix = Prefix.of(self._file, source.offset, self._hashes[source.offset])
        return Known(outcome, source, entry, prefix, self._size)

    def _copy_of(self, source: Source) -> Copy:
        return Copy(source, self._digits, self._size)

    @cached_property
    def _digits(self) -> str:
        """The SHA-256 of all of it."""
        digest = self._hashes.get(self._size)  # of one reading with the others, where it is among them
        return digest.hexdigest() if digest is not None else hash_of(self._file, self._size)

    def _is_same_log(self, source: Source) -> bool:
        """Tell whether it stands beside an imported file under a name that rotation gives."""
        folder, name = os.path.split(place_of(source))
        return folder == str(self._file.path.parent) and stem(name) == stem(self._file.path.name)

    def _is_original_of(self, source: Source) -> bool:
        """Tell whether the imported one was a copy of it all along: read before it, under a name of its own."""
        return source.path != str(self._path) and self._length_now(source) == source.offset

    def _is_cut_off(self, source: Source, recent: Callable[[Source], bytes]) -> bool:
        """Tell whether it holds the first lines of an imported file, and was kept of it by a rotation or a person."""
        name = os.path.basename(place_of(source))
        kept = self._is_same_log(source) and unrotated(name) == name != self._file.path.name
        if source.offset <= self._size or not kept or not (end := last_line_end(self._file, self._size)):
            return False
        digits = hash_of(self._file, end)
        begins = self._begins_with(source, end, digits)
        if self._is_there(source):  # asked after that, as it may be cut at any moment
            return begins
        marks = recent(source)
        return _mark(end, bytes.fromhex(digits)) in {marks[at : at + _MARK] for at in range(0, len(marks), _MARK)}

    def _standing(self, source: Source) -> _Standing:
        place, where = place_of(source), _whereabouts(source)
        if identity_of(where or place) == identity_of(self._file.fileno()):
            return _Standing.HERE if where in ("", place) else _Standing.MOVED
        return _Standing.ELSEWHERE if self._is_there(source) else _Standing.MOVED

    def _is_there(self, source: Source) -> bool:
        """Tell whether an imported file still stands somewhere with the same content."""
        return self._begins_with(source, source.offset, source.prefix_hash)

    def _begins_with(self, source: Source, length: int, digits: str) -> bool:
        """Tell whether an imported file, as it is now, begins with so many bytes of that SHA-256."""
        try:
            with self._file.another(_whereabouts(source)) as file:
                return bool(digits) and hash_of(file, length) == digits
        except OSError:
            return False

    def _length_now(self, source: Source) -> int:
        """Bytes of an imported file's content as it is now; -1 when it is gone or cannot be read."""
        try:
            with self._file.another(_whereabouts(source)) as file:
                return file.length()
        except OSError:
            return -1


def place_of(source: Source) -> str:
    """Where a file was last found."""
    return source.place or source.path


def _whereabouts(source: Source) -> str:
    """Where the inode of an imported file is: where it was last found, or renamed in that folder; else empty."""
    inode = (source.device, source.inode)
    return next((path for path in _places(source) if identity_of(path) == inode), "")


def _places(source: Source) -> Iterator[str]:
    yield (place := place_of(source))
    folder, wanted = os.path.dirname(place), stem(os.path.basename(source.path))
    with contextlib.suppress(OSError):
        yield from (os.path.join(folder, name) for name in os.listdir(folder) if stem(name) == wanted)


def _stayed(source: Source, file: SourceFile) -> Source:
    """The ledger's entry of a file that was found where it was."""
    status = os.fstat(file.fileno())
    return replace(source, device=status.st_dev, inode=status.st_ino)


def moved(source: Source, file: SourceFile) -> Source:
    """The ledger's entry of a file that was found under another name."""
    place = os.path.realpath(file.path)
    return replace(_stayed(source, file), place="" if place == source.path else place, recent=b"")


def line_marks(recent: bytes, prefix: Prefix, extents: Sequence[LineExtent]) -> bytes:
    """What `Source.recent` is after the lines that follow a prefix, as far as they were read in this process."""
    befores = [prefix, *(extent.prefix for extent in extents)]
    pieces = [(before, extent.data) for before, extent in zip(befores, extents, strict=False) if extent.data]
    first, lines = len(pieces), 0
    while first and lines < _RECENT:
        first -= 1
        lines += pieces[first][1].count(b"\n")
    marks = bytearray(recent)
    for before, data in pieces[first:]:
        digest, ends = before.hash.copy(), [match.end() for match in re.finditer(rb"\n", data)][-_RECENT - 1 :]
        for start, end in pairwise([0, *ends]):
            digest.update(data[start:end])
            marks += _mark(before.offset + end, digest.digest())
    return bytes(marks[-_RECENT * _MARK :])


def _mark(offset: int, digest: bytes) -> bytes:
    return (offset & 0xFFFFFFFF).to_bytes(_OFFSET, "big") + digest[:_HASH]

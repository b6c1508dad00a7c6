"""What a file is to the ledger: by device and inode *and* by a hash of its growing prefix, never by one of them alone.

`recognise` asks four questions, and the first that has an answer decides:

1. Does it begin like a file that is imported? Then it is that file, or a copy of it, or the file it was a copy of.
2. Was it found to be a copy before, and is it still what it was? Then it is that copy.
3. Did a rotation cut it off an imported file, before the last lines were read from there? Then it is a copy, too.
4. Else it is new; did an imported file stand in its place?
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from . import ledger
from .discover import stem, unrotated
from .ledger import Standing, place_of
from .prefix import Prefix
from .summary import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importers.source_file import SourceFile
    from telemetry_store import Source


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
        sources: the ledger.
        recent: gives the marks of the last lines of an entry.
    """
    stranger = _Stranger(file, path, sources)
    return stranger.as_imported() or stranger.as_copy() or stranger.as_cut_off(recent) or stranger.as_new()


class _Stranger:
    """A file of which it is not known yet which of the ledger's entries is its own."""

    def __init__(self, file: SourceFile, path: Path, sources: list[Source]) -> None:
        self._file, self._path, self._size = file, path, file.length()
        self._generation = max((source.generation + 1 for source in sources if source.path == str(path)), default=0)
        self._imported = [source for source in sources if source.offset > 0 and not source.duplicate_of]
        copies = [source for source in sources if source.duplicate_of and source.offset == self._size]
        self._copies = [source for source in copies if ledger.has_inode(source, file)]
        offsets = {source.offset for source in self._imported + self._copies if source.offset <= self._size}
        self._hashes = ledger.prefix_hashes(file, offsets)

    def as_imported(self) -> Known | Copy | None:
        """Ask those that it begins like: first those that are nowhere else, then the longest."""
        alike = [(source, ledger.standing(source, self._file)) for source in filter(self._begins_like, self._imported)]
        alike.sort(key=lambda pair: (pair[1] is not Standing.ELSEWHERE, pair[0].offset))
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
        replaced = any(ledger.whereabouts(source) in ("", path) for source in before)
        outcome = Outcome.REWRITTEN if replaced else Outcome.IMPORTED
        return New(outcome, self._generation, Prefix.empty(), self._size)

    def _begins_like(self, source: Source) -> bool:
        digest = self._hashes.get(source.offset)
        return digest is not None and digest.hexdigest() == source.prefix_hash

    def _beside(self, source: Source, standing: Standing) -> Known | Copy | None:
        """What it is beside an imported file that it begins like."""
        if standing is Standing.MOVED:
            return self._known(Outcome.MOVED, source, ledger.moved(source, self._file))
        if standing is Standing.HERE:
            outcome = Outcome.ALREADY_IMPORTED if source.offset == self._size else Outcome.CONTINUED
            return self._known(outcome, source, ledger.stayed(source, self._file))
        if source.offset == self._size:
            return self._copy_of(source)
        if ledger.begins_with(source, self._file, self._size, self._digits):
            if not self._is_same_log(source) and ledger.length_now(source, self._file) > self._size:
                return None  # the beginning of another file, which a person or a program wrote anew
            return self._known(Outcome.CONTINUED, source, source)  # a copy ahead of the import; the file itself goes on
        if self._is_same_log(source) and (self._is_original_of(source) or not ledger.is_there(source, self._file)):
            return self._known(Outcome.MOVED, source, ledger.moved(source, self._file))
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
        return digest.hexdigest() if digest is not None else ledger.hash_of(self._file, self._size)

    def _is_same_log(self, source: Source) -> bool:
        """Tell whether it stands beside an imported file under a name that rotation gives."""
        folder, name = os.path.split(place_of(source))
        return folder == str(self._file.path.parent) and stem(name) == stem(self._file.path.name)

    def _is_original_of(self, source: Source) -> bool:
        """Tell whether the imported one was a copy of it all along: read before it, under a name of its own."""
        return source.path != str(self._path) and ledger.length_now(source, self._file) == source.offset

    def _is_cut_off(self, source: Source, recent: Callable[[Source], bytes]) -> bool:
        """Tell whether it holds the first lines of an imported file, and was kept of it by a rotation or a person."""
        name = os.path.basename(place_of(source))
        kept = self._is_same_log(source) and unrotated(name) == name != self._file.path.name
        if source.offset <= self._size or not kept or not (end := ledger.last_line_end(self._file, self._size)):
            return False
        digits = ledger.hash_of(self._file, end)
        begins = ledger.begins_with(source, self._file, end, digits)
        if ledger.is_there(source, self._file):  # asked after that, as it may be cut at any moment
            return begins
        return ledger.is_marked(recent(source), end, bytes.fromhex(digits))

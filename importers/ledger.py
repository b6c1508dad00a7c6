"""Which file is which: by device and inode *and* by a hash of its growing prefix, never by one of them alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .discover import stem, unrotated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importers.source_file import SourceFile
    from telemetry_store.engines.base import Source

_BLOCK = 1 << 20
#: How many ends of lines `Source.recent` keeps, and the bytes of each: of the offset and of the hash.
_RECENT, _OFFSET, _HASH = 1024, 4, 4
_MARK = _OFFSET + _HASH


@dataclass(slots=True)
class Match:
    """What the ledger says about a file.

    Attributes:
        status: "imported" for a new file, "continued", "already imported", "moved", "rewritten" or
            "duplicate of PATH".
        offset: where to go on.
        known: the ledger's entry that it continues, as the ledger has it, or None.
        entry: the same, as it goes on.
        hash: of the first `offset` bytes, to be continued.
        size: bytes of the whole content, decompressed.
        generation: how many files were imported from that path before, for one that is new or a duplicate.
    """

    status: str
    offset: int
    known: Source | None
    entry: Source | None
    hash: Any
    size: int
    generation: int = 0


def place_of(source: Source) -> str:
    """Where a file was last found."""
    return source.place or source.path


def prefix_hashes(file: SourceFile, offsets: set[int]) -> dict[int, Any]:
    """The running SHA-256 at each of these offsets, as far as the file goes; read once, in blocks."""
    digest, position = hashlib.sha256(), 0
    result: dict[int, Any] = {}
    file.seek(0)
    for offset in sorted(offsets):
        while position < offset:
            block = file.read(min(_BLOCK, offset - position))
            if not block:
                return result
            digest.update(block)
            position += len(block)
        result[offset] = digest.copy()
    return result


def line_marks(recent: bytes, digest: Any, offset: int, data: bytes) -> bytes:
    """What `Source.recent` is after further lines.

    Args:
        recent: what it was.
        digest: the SHA-256 of what stands before them.
        offset: where they begin.
        data: the lines.
    """
    ends = [match.end() for match in re.finditer(rb"\n", data)][-_RECENT - 1 :]
    digest, marks = digest.copy(), bytearray(recent)
    for start, end in pairwise([0, *ends]):
        digest.update(data[start:end])
        marks += _mark(offset + end, digest)
    return bytes(marks[-_RECENT * _MARK :])


def _mark(offset: int, digest: Any) -> bytes:
    """What is kept of the end of a line."""
    return (offset & 0xFFFFFFFF).to_bytes(_OFFSET, "big") + bytes(digest.digest()[:_HASH])


def identify(file: SourceFile, path: Path, sources: list[Source], recent: Callable[[Source], bytes]) -> Match:
    """Find out whether a file, or its beginning, has been imported before.

    Args:
        file: the content.
        path: absolute; the name that the file had when it was written to.
        sources: the ledger.
        recent: gives the marks of the last lines of an entry.
    """
    size = file.length()
    generation = max((each.generation + 1 for each in sources if each.path == str(path)), default=0)
    imported = [each for each in sources if each.offset > 0 and not each.duplicate_of]
    links = [each for each in sources if each.duplicate_of and each.offset == size and _is_file(file, each)]
    hashes = prefix_hashes(file, {each.offset for each in imported + links if each.offset <= size} | {0})
    same = [each for each in imported if each.offset in hashes and hashes[each.offset].hexdigest() == each.prefix_hash]
    found = [(_standing(file, each), each) for each in same]
    for standing, each in sorted(found, key=lambda pair: (pair[0] is not Standing.ELSEWHERE, pair[1].offset))[::-1]:
        match = Match("continued", each.offset, each, each, hashes[each.offset], size, generation)
        if standing is Standing.MOVED:
            match.status, match.entry = "moved", moved(each, file)
        elif standing is Standing.HERE:
            match.status = "already imported" if each.offset == size else "continued"
            match.entry = _found(each, file)
        elif each.offset == size:
            match.status = f"duplicate of {each.path}"
        elif prefix_hashes(file, {size})[size].hexdigest() == _prefix_of(file, each, size):
            if not _same_log(file, each) and _length(file, each) > size:
                continue  # the beginning of another file, which a person or a program wrote anew
        elif _same_log(file, each) and (_is_copy_of(file, path, each) or not _is_there(file, each)):
            match.status, match.entry = "moved", moved(each, file)
        else:
            continue  # it began as a copy, and now has lines of its own
        return match  # the last case: a copy that is ahead of the import; the file itself goes on where it is
    for each in links:
        if hashes[size].hexdigest() == each.prefix_hash:  # found to be one before, and not changed since
            return Match(f"duplicate of {each.duplicate_of}", size, each, each, hashes[size], size, generation)
    if shorter := next((each for each in imported if _is_shorter_copy(file, size, each, recent)), None):
        digest = prefix_hashes(file, {size})[size]
        return Match(f"duplicate of {shorter.path}", size, shorter, shorter, digest, size, generation)
    rewritten = any(place_of(each) == str(path) and _whereabouts(each) in ("", str(path)) for each in imported)
    status = "rewritten, imported as new" if rewritten else "imported"
    return Match(status, 0, None, None, hashes[0], size, generation)


def moved(source: Source, file: SourceFile) -> Source:
    """The ledger's entry of a file that was found under another name."""
    place = os.path.realpath(file.path)
    return replace(_found(source, file), place="" if place == source.path else place, recent=b"")


def _found(source: Source, file: SourceFile) -> Source:
    status = os.fstat(file.fileno())
    return replace(source, device=status.st_dev, inode=status.st_ino)


class Standing(Enum):
    """Where an imported file is, seen from a file that begins with the same bytes."""

    HERE = "it is this file, or this one stands in its place"
    MOVED = "it was there, and this is it now"
    ELSEWHERE = "it still is where it was, and this is another file"


def _standing(file: SourceFile, source: Source) -> Standing:
    place, where = place_of(source), _whereabouts(source)
    there, here = _stat(where or place), os.fstat(file.fileno())
    if there is not None and (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
        return Standing.HERE if where in ("", place) else Standing.MOVED
    return Standing.ELSEWHERE if _is_there(file, source) else Standing.MOVED


def _whereabouts(source: Source) -> str:
    """Where the inode of an imported file is: where it was last found, or renamed in that folder; else empty."""
    return next((path for path in _places(source) if _has(path, source)), "")


def _places(source: Source) -> Iterator[str]:
    yield (place := place_of(source))
    folder, wanted = os.path.dirname(place), stem(os.path.basename(source.path))
    with contextlib.suppress(OSError):
        yield from (os.path.join(folder, name) for name in os.listdir(folder) if stem(name) == wanted)


def _has(path: str, source: Source) -> bool:
    status = _stat(path)
    return status is not None and (status.st_dev, status.st_ino) == (source.device, source.inode)


def _is_file(file: SourceFile, source: Source) -> bool:
    status = os.fstat(file.fileno())
    return (source.device, source.inode) == (status.st_dev, status.st_ino)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _is_there(file: SourceFile, source: Source) -> bool:
    """Tell whether an imported file still stands somewhere with the same content."""
    return _prefix_of(file, source, source.offset) == source.prefix_hash


def _prefix_of(like: SourceFile, source: Source, length: int) -> str:
    """The hash of the beginning of an imported file as it is now; empty where it is gone, shorter or unreadable."""
    place = _whereabouts(source)
    if not place:
        return ""
    try:
        with like.another(place) as file:
            found = prefix_hashes(file, {length}).get(length)
    except OSError:
        return ""
    return found.hexdigest() if found is not None else ""


def _same_log(file: SourceFile, source: Source) -> bool:
    """Tell whether a file stands beside an imported one under a name that rotation gives."""
    folder, name = os.path.split(place_of(source))
    return folder == str(file.path.parent) and stem(name) == stem(file.path.name)


def _is_copy_of(file: SourceFile, path: Path, source: Source) -> bool:
    """Tell whether the imported one was a copy of this file all along: read before it, under a name of its own."""
    return source.path != str(path) and _length(file, source) == source.offset


def _length(like: SourceFile, source: Source) -> int:
    """Bytes of an imported file's content as it is now; -1 when it is gone or cannot be read."""
    try:
        with like.another(_whereabouts(source)) as file:
            return file.length()
    except OSError:
        return -1


def _is_shorter_copy(file: SourceFile, size: int, source: Source, recent: Callable[[Source], bytes]) -> bool:
    """Tell whether a file holds the first lines of an imported one, and was kept of it by a rotation or a person."""
    name = os.path.basename(place_of(source))
    if source.offset <= size or not _same_log(file, source) or unrotated(name) != name or file.path.name == name:
        return False
    end = _last_line(file, size)
    digest = prefix_hashes(file, {end}).get(end) if end else None
    if digest is None:
        return False
    if _is_there(file, source) and digest.hexdigest() == _prefix_of(file, source, end):
        return True
    if _is_there(file, source):  # it may have been cut just now
        return False
    marks = recent(source)
    return _mark(end, digest) in {marks[at : at + _MARK] for at in range(0, len(marks), _MARK)}


def _last_line(file: SourceFile, size: int) -> int:
    """Where the last whole line of a file ends."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        block = b""
        while len(block) < end - start and (piece := file.read(end - start - len(block))):
            block += piece
        if (cut := block.rfind(b"\n") + 1) > 0:
            return start + cut
        end = start
    return 0

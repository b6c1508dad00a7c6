"""Which file is which: by device and inode *and* by a hash of its growing prefix, never by one of them alone."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from importers.content import Content
    from telemetry_store.sinks.base import Source

_BLOCK = 1 << 20
#: How many ends of lines `Source.recent` keeps, and the bytes of each: offset and beginning of the hash.
_RECENT, _MARK = 256, 16
#: What rotation and people add to the name of a file when they keep a copy of it.
_ADDED = re.compile(
    r"(?:[._~-](?:\d[\dTZ:_.-]*|old|bak|backup|prev|copy|jsonl|ndjson|json|log|txt|gz|bz2|xz|zst))*~?", re.IGNORECASE
)


@dataclass(slots=True)
class Match:
    """What the ledger says about a file.

    Attributes:
        status: "imported" for a new file, "continued", "already imported", "moved", "rewritten" or
            "duplicate of PATH".
        offset: where to go on.
        known: the ledger's entry that it continues, or None.
        hash: of the first `offset` bytes, to be continued.
        size: bytes of the whole content, decompressed.
        generation: of a file that is new under its name.
    """

    status: str
    offset: int
    known: Source | None
    hash: Any
    size: int
    generation: int = 0


def place_of(source: Source) -> str:
    """Where a file was last found."""
    return source.place or source.path


def prefix_hashes(file: Content, offsets: set[int]) -> dict[int, Any]:
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


def line_marks(recent: bytes, digest: Any, offset: int, pieces: Iterable[bytes]) -> bytes:
    """What `Source.recent` is after further lines.

    Args:
        recent: what it was.
        digest: the SHA-256 of what stands before them.
        offset: where they begin.
        pieces: the lines.
    """
    data = b"".join(pieces)
    ends = [match.end() for match in re.finditer(rb"\n", data)][-_RECENT - 1 :]
    digest, marks = digest.copy(), bytearray(recent)
    for start, end in pairwise([0, *ends]):
        digest.update(data[start:end])
        marks += _mark(offset + end, digest)
    return bytes(marks[-_RECENT * _MARK :])


def _mark(offset: int, digest: Any) -> bytes:
    """What is kept of the end of a line."""
    return bytes(offset.to_bytes(8, "big") + digest.digest()[: _MARK - 8])


def identify(file: Content, path: Path, sources: list[Source]) -> Match:
    """Find out whether a file, or its beginning, has been imported before.

    Args:
        file: the content.
        path: absolute.
        sources: the ledger.
    """
    size = file.length()
    generation = max((each.generation + 1 for each in sources if each.path == str(path)), default=0)
    imported = [each for each in sources if each.offset > 0 and not each.duplicate_of]
    hashes = prefix_hashes(file, {each.offset for each in imported if each.offset <= size} | {0})
    same = [each for each in imported if each.offset in hashes and hashes[each.offset].hexdigest() == each.prefix_hash]
    for each in sorted(same, key=lambda each: (_at_home(file, each), each.offset), reverse=True):
        match = Match("continued", each.offset, each, hashes[each.offset], size, generation)
        if _at_home(file, each):
            match.status = "already imported" if each.offset == size else "continued"
        elif not _is_there(file, each):
            match.status = "moved"
        elif each.offset == size:
            match.status = f"duplicate of {each.path}"
        elif prefix_hashes(file, {size})[size].hexdigest() != _prefix_of(file, each, size):
            continue  # it began as a copy and has lines of its own
        return match
    if shorter := next((each for each in imported if _is_shorter_copy(file, path, size, each)), None):
        return Match(f"duplicate of {shorter.path}", size, shorter, prefix_hashes(file, {size})[size], size, generation)
    rewritten = any(place_of(each) == str(path) and not _aside(each) for each in imported)
    return Match("rewritten, imported as new" if rewritten else "imported", 0, None, hashes[0], size, generation)


def relocated(source: Source, match: Match, file: Content, path: Path) -> Source:
    """The ledger's entry of a file that goes on at `path`."""
    status = os.fstat(file.fileno())
    if match.status == "moved":
        place = os.path.realpath(path)
        place = "" if place == source.path else place
        return replace(source, device=status.st_dev, inode=status.st_ino, place=place, recent=b"")
    if _at_home(file, source):
        return replace(source, device=status.st_dev, inode=status.st_ino)
    return source  # a copy that is ahead of the import; the file itself goes on where it is


def _at_home(file: Content, source: Source) -> bool:
    """Tell whether a file is the one that stands at an entry's place, whatever its name."""
    there = _stat(place_of(source))
    here = os.fstat(file.fileno())
    if there is None or (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
        return False
    return (source.device, source.inode) == (here.st_dev, here.st_ino) or not _aside(source)


def _aside(source: Source) -> bool:
    """Tell whether an imported file was renamed within its folder."""
    place = place_of(source)
    folder, stem = os.path.dirname(place), os.path.basename(source.path).split(".")[0]
    try:
        names = [name for name in os.listdir(folder) if name.startswith(stem)]
    except OSError:
        return False
    others = [_stat(os.path.join(folder, name)) for name in names if name != os.path.basename(place)]
    return any(other and (other.st_dev, other.st_ino) == (source.device, source.inode) for other in others)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _is_there(file: Content, source: Source) -> bool:
    """Tell whether an imported file still stands, with the same content, where it was last found."""
    status = _stat(place_of(source))
    if status is None or (status.st_dev, status.st_ino) != (source.device, source.inode):
        return False
    return _prefix_of(file, source, source.offset) == source.prefix_hash


def _prefix_of(like: Content, source: Source, length: int) -> str:
    """The hash of the beginning of an imported file as it is now; empty where it is shorter or cannot be read."""
    try:
        with like.another(place_of(source)) as file:
            found = prefix_hashes(file, {length}).get(length)
    except OSError:
        return ""
    return found.hexdigest() if found is not None else ""


def _is_shorter_copy(file: Content, path: Path, size: int, source: Source) -> bool:
    """Tell whether a file holds the first lines of an imported one, and was kept of it by a rotation or a person."""
    name, stem = path.name, os.path.basename(source.path).split(".")[0]
    if source.place or not stem or source.offset <= size or os.path.dirname(source.path) != str(path.parent):
        return False
    if str(path) == source.path or not name.startswith(stem) or not _ADDED.fullmatch(name[len(stem) :]):
        return False
    end = _last_line(file, size)
    digest = prefix_hashes(file, {end}).get(end) if end else None
    if digest is None:
        return False
    if _is_there(file, source):
        return bool(digest.hexdigest() == _prefix_of(file, source, end))
    return _mark(end, digest) in {source.recent[at : at + _MARK] for at in range(0, len(source.recent), _MARK)}


def _last_line(file: Content, size: int) -> int:
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

"""The entries of imported files, compared with what is on the disk now."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import replace
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .discover import identity_of, stem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importers.jsonl import LineExtent
    from importers.prefix import Prefix
    from importers.source_file import SourceFile
    from telemetry_store import Source

_BLOCK = 1 << 20
#: How many ends of lines `Source.recent` keeps, and the bytes of each: of the offset and of the hash.
_RECENT, _OFFSET, _HASH = 1024, 4, 4
_MARK = _OFFSET + _HASH


def place_of(source: Source) -> str:
    """Where a file was last found."""
    return source.place or source.path


def prefix_hashes(file: SourceFile, offsets: set[int]) -> dict[int, Any]:
    """The running SHA-256 at each of these offsets, as far as the file goes; read once, in blocks."""
    digest, position = hashlib.sha256(), 0
    hashes: dict[int, Any] = {}
    file.seek(0)
    for offset in sorted(offsets):
        while position < offset:
            block = file.read(min(_BLOCK, offset - position))
            if not block:
                return hashes
            digest.update(block)
            position += len(block)
        hashes[offset] = digest.copy()
    return hashes


def hash_of(file: SourceFile, offset: int) -> str:
    """The SHA-256 of so many bytes in hexadecimal digits; empty where the file is shorter."""
    return next((digest.hexdigest() for digest in prefix_hashes(file, {offset}).values()), "")


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


def is_marked(recent: bytes, offset: int, digest: bytes) -> bool:
    """Tell whether a line of an imported file ended at an offset, with that SHA-256 of all before it."""
    return _mark(offset, digest) in {recent[at : at + _MARK] for at in range(0, len(recent), _MARK)}


def _mark(offset: int, digest: bytes) -> bytes:
    return (offset & 0xFFFFFFFF).to_bytes(_OFFSET, "big") + digest[:_HASH]


def stayed(source: Source, file: SourceFile) -> Source:
    """The ledger's entry of a file that was found where it was."""
    status = os.fstat(file.fileno())
    return replace(source, device=status.st_dev, inode=status.st_ino)


def moved(source: Source, file: SourceFile) -> Source:
    """The ledger's entry of a file that was found under another name."""
    place = os.path.realpath(file.path)
    return replace(stayed(source, file), place="" if place == source.path else place, recent=b"")


class Standing(Enum):
    """Where an imported file is, seen from a file that begins with the same bytes."""

    HERE = "it is this file, or this one stands in its place"
    MOVED = "it was there, and this is it now"
    ELSEWHERE = "it still is where it was, and this is another file"


def standing(source: Source, file: SourceFile) -> Standing:
    """Where an imported file is, seen from another one."""
    place, where = place_of(source), whereabouts(source)
    if identity_of(where or place) == identity_of(file.fileno()):
        return Standing.HERE if where in ("", place) else Standing.MOVED
    return Standing.ELSEWHERE if is_there(source, file) else Standing.MOVED


def whereabouts(source: Source) -> str:
    """Where the inode of an imported file is: where it was last found, or renamed in that folder; else empty."""
    inode = (source.device, source.inode)
    return next((path for path in _places(source) if identity_of(path) == inode), "")


def _places(source: Source) -> Iterator[str]:
    yield (place := place_of(source))
    folder, wanted = os.path.dirname(place), stem(os.path.basename(source.path))
    with contextlib.suppress(OSError):
        yield from (os.path.join(folder, name) for name in os.listdir(folder) if stem(name) == wanted)


def has_inode(source: Source, file: SourceFile) -> bool:
    """Tell whether an entry names the inode of a file."""
    return (source.device, source.inode) == identity_of(file.fileno())


def is_there(source: Source, like: SourceFile) -> bool:
    """Tell whether an imported file still stands somewhere with the same content."""
    return begins_with(source, like, source.offset, source.prefix_hash)


def begins_with(source: Source, like: SourceFile, length: int, digits: str) -> bool:
    """Tell whether an imported file, as it is now, begins with so many bytes of that SHA-256."""
    place = whereabouts(source)
    if not place or not digits:
        return False
    try:
        with like.another(place) as file:
            return hash_of(file, length) == digits
    except OSError:
        return False


def length_now(source: Source, like: SourceFile) -> int:
    """Bytes of an imported file's content as it is now; -1 when it is gone or cannot be read."""
    try:
        with like.another(whereabouts(source)) as file:
            return file.length()
    except OSError:
        return -1


def last_line_end(file: SourceFile, size: int) -> int:
    """Where the last whole line of a file of so many bytes ends; 0 where there is none."""
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

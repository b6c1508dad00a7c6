"""Which file is which: by device and inode *and* by a hash of its growing prefix, never by one of them alone."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from importers.content import Content
    from telemetry_store.sinks.base import Source

_BLOCK = 1 << 20


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
    """

    status: str
    offset: int
    known: Source | None
    hash: Any
    size: int


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


def identify(file: Content, path: Path, sources: list[Source]) -> Match:
    """Find out whether a file, or its beginning, has been imported before.

    Args:
        file: the content.
        path: absolute.
        sources: the ledger.
    """
    size = file.length()
    wanted = {each.offset for each in sources if 0 < each.offset <= size and not each.duplicate_of}
    hashes = prefix_hashes(file, wanted | {0})
    here = [each for each in sources if each.path == str(path)]
    same = [
        each
        for each in sources
        if not each.duplicate_of and each.offset in hashes and hashes[each.offset].hexdigest() == each.prefix_hash
    ]
    for each in sorted(same, key=lambda each: (each.path == str(path), each.offset), reverse=True):
        if each.offset == 0:
            continue
        moved = each.path != str(path)
        if moved and os.path.exists(each.path) and not _replaced(each):
            if each.offset == size:
                return Match(f"duplicate of {each.path}", each.offset, each, hashes[each.offset], size)
            continue
        done = each.offset == size
        word = "moved" if moved else "already imported" if done else "continued"
        return Match(word, each.offset, each, hashes[each.offset], size)
    rewritten = any(each.offset and not each.duplicate_of for each in here)
    return Match("rewritten, imported as new" if rewritten else "imported", 0, None, hashes[0], size)


def _replaced(source: Source) -> bool:
    """Tell whether another file stands where this one was, as after a rotation."""
    status = os.stat(source.path)
    return (status.st_dev, status.st_ino) != (source.device, source.inode)

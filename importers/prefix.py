"""The part of a file that is imported, and whether the file still begins with it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importers.source_file import SourceFile

_EDGE = 4 << 10
#: A prefix of up to so many bytes is hashed again each time; of a longer one the beginning and the end are compared.
_SHORT = 1 << 20


@dataclass(frozen=True, slots=True)
class KnownDigest:
    """A SHA-256 that somebody else has computed, in hexadecimal digits; it cannot be continued."""

    digits: str

    def hexdigest(self) -> str:
        """The digits."""
        return self.digits

    def digest(self) -> bytes:
        """The bytes."""
        return bytes.fromhex(self.digits)


@dataclass(slots=True)
class Prefix:
    """The first bytes of a file.

    Attributes:
        offset: how many.
        hash: their running SHA-256.
        head: the first of them.
        tail: the last of them.
    """

    offset: int
    hash: Any
    head: bytes
    tail: bytes

    @classmethod
    def of(cls, file: SourceFile, offset: int, digest: Any) -> Prefix:
        """The beginning of a file, whose hash is known."""
        start = max(0, offset - _EDGE)
        return cls(offset, digest, file.peek(0, min(_EDGE, offset)), file.peek(start, offset - start))

    def extended(self, pieces: Iterable[bytes]) -> Prefix:
        """It and what follows it."""
        longer = Prefix(self.offset, self.hash.copy(), self.head, self.tail)
        for data in pieces:
            longer.hash.update(data)
            longer.offset += len(data)
            longer.head += data[: _EDGE - len(longer.head)]
            longer.tail = (longer.tail + data[-_EDGE:])[-_EDGE:]
        return longer

    def stands(self, file: SourceFile) -> bool:
        """Tell whether the file still begins with it; a file that is not read as it is counts as unchanged.

        A file that is cut and written again grows past the old offset only when that is small, so a short prefix is
        compared to the byte, and a long one at its edges.
        """
        if not file.plain or not hasattr(os, "pread"):
            return True
        if file.peek(0, len(self.head)) != self.head:
            return False
        if file.peek(self.offset - len(self.tail), len(self.tail)) != self.tail:
            return False
        if self.offset > _SHORT:
            return True
        return bool(hashlib.sha256(file.peek(0, self.offset)).digest() == self.hash.digest())

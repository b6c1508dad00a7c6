"""The part of a file that is imported, and whether the file still begins with it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importers.source_file import SourceFile

#: Bytes that are kept of the beginning and of the end.
_EDGE = 4 << 10
#: A prefix of up to so many bytes is hashed again each time; of a longer one the beginning and the end are compared.
_SHORT = 1 << 20


@dataclass(frozen=True, slots=True)
class KnownDigest:
    """A SHA-256 that another process has computed, in hexadecimal digits; it cannot be continued."""

    digits: str

    def hexdigest(self) -> str:
        return self.digits

    def digest(self) -> bytes:
        return bytes.fromhex(self.digits)


@dataclass(frozen=True, slots=True)
class Prefix:
    """The first bytes of a file.

    Attributes:
        offset: how many.
        hash: their running SHA-256.
        head, tail: the first and the last of them, up to 4 KiB.
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

    @classmethod
    def empty(cls) -> Prefix:
        return cls(0, hashlib.sha256(), b"", b"")

    def extended(self, data: bytes) -> Prefix:
        """It and what follows it."""
        digest = self.hash.copy()
        digest.update(data)
        head, tail = self.head + data[: _EDGE - len(self.head)], (self.tail + data[-_EDGE:])[-_EDGE:]
        return Prefix(self.offset + len(data), digest, head, tail)

    def stands(self, file: SourceFile) -> bool:
        """Tell whether the file still begins with it; a file that is not read as it is counts as unchanged.

        A file that is cut and written again grows past the old offset only when that is small, so a short prefix is
        compared to the byte, and a long one at its edges.
        """
        if not file.plain or not hasattr(os, "pread"):
            return True
        start = self.offset - len(self.tail)
        if file.peek(0, len(self.head)) != self.head or file.peek(start, len(self.tail)) != self.tail:
            return False
        return self.offset > _SHORT or bool(hashlib.sha256(file.peek(0, self.offset)).digest() == self.hash.digest())

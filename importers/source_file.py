"""A file as a stream of UTF-8 lines, however it is compressed or encoded; its first bytes decide, not its name."""

from __future__ import annotations

import bz2
import codecs
import contextlib
import io
import json
import lzma
import os
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from telemetry_store import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BLOCK = 256 << 10
#: Compressed bytes that are unpacked at once: a small block of zstd can hold a great deal.
_PACKED_BLOCK = 8 << 10
#: How a compressed file begins, and what unpacks it.
_COMPRESSED: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lzma.LZMADecompressor,
    b"\x28\xb5\x2f\xfd": lambda: _ZstdFrame(),  # noqa: PLW0108 - it stands below
}
#: Byte order marks of what is not UTF-8; that of UTF-32 begins like that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
#: What reading a damaged compressed file raises.
_DAMAGE = (EOFError, OSError)
#: Bytes of a JSON array that are read at once; a larger one is taken for lines.
_LARGEST_ARRAY = 256 << 20


class _ZstdFrame:
    """One frame of zstd, with the errors that the archives of the standard library have."""

    def __init__(self) -> None:
        try:
            import zstandard
        except ImportError as error:
            raise UsageError("the file is compressed with zstd", "pip install 'telemetry-store[zstd]'") from error
        self._frame, self._error = zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError

    def decompress(self, data: bytes) -> bytes:
        try:
            return self._frame.decompress(data)
        except self._error as error:
            raise OSError(str(error)) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._frame, name)


class _Unpacked(io.RawIOBase):
    """The content of a compressed file, as far as it can be unpacked.

    Several archives may follow each other, which all begin with the same `magic`.
    """

    def __init__(self, file: BinaryIO, magic: bytes) -> None:
        super().__init__()
        self._file, self._magic = file, magic
        self._archive: Any = None
        self._packed, self._ready = b"", memoryview(b"")
        self._problem: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            if self._problem is not None:
                raise self._problem
            self._packed = self._packed or self._file.read(_PACKED_BLOCK)
            if self._archive is None:
                self._packed = self._packed.lstrip(b"\0")  # between archives, as on tapes
            if not self._packed and self._archive is not None:
                raise EOFError("it ends before its end mark")
            if not self._packed:
                return 0
            self._ready = memoryview(self._unpack())
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _unpack(self) -> bytes:
        if self._archive is None:
            self._packed += self._file.read(len(self._magic))
            if not self._packed.startswith(self._magic):
                raise EOFError("something else follows its end mark")
            self._archive = _COMPRESSED[self._magic]()
        before = self._archive.copy() if hasattr(self._archive, "copy") else None
        packed, self._packed = self._packed, b""
        try:
            data: bytes = self._archive.decompress(packed)
        except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
            self._problem = EOFError(str(error))
            return _before_damage(before, packed) if before is not None else b""
        if self._archive.eof:
            self._packed, self._archive = self._archive.unused_data, None
        return data


def _before_damage(archive: Any, packed: bytes) -> bytes:
    """What a block holds before the place where it is damaged."""
    data = b""
    with contextlib.suppress(zlib.error):
        for place in range(len(packed)):
            data += archive.decompress(packed[place : place + 1])
    return data


class SourceFile(io.RawIOBase):
    """The decompressed UTF-8 bytes of a file; offsets count these.

    Args:
        encoding: what its text is in, where that is not UTF-8 and no byte order mark says so.

    Attributes:
        damage: why a compressed file cannot be read to its end; empty when it can.

    Raises:
        UsageError: the encoding is unknown, or a package for the compression is missing.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path, encoding: str = "") -> None:
        super().__init__()
        self.encoding = _known(encoding)
        self.path = path
        self.file: BinaryIO = path.open("rb", buffering=0)  # nothing that was read before a file was rewritten is kept
        self.damage = ""
        self._array: bytes | None = None
        self._compressed = False
        self._open()
        self._array = self._elements()
        self._open()

    @property
    def plain(self) -> bool:
        """Whether the file is read as it is."""
        return self._stream is self.file

    @property
    def grows(self) -> bool:
        """Whether it is a file that lines are appended to: neither compressed nor an array."""
        return self._array is None and not self._compressed

    def _open(self) -> None:
        """Begin at the start."""
        self._position = 0
        if self._array is not None:
            self._stream: Any = io.BytesIO(self._array)
            self._read: Callable[[int], bytes] = self._stream.read
            return
        self.file.seek(0)
        head = self.file.read(8)
        self.file.seek(0)
        magic = next((magic for magic in _COMPRESSED if head.startswith(magic)), b"")
        self._compressed = bool(magic)
        stream: Any = io.BufferedReader(_Unpacked(self.file, magic), _PACKED_BLOCK) if magic else self.file
        try:
            start = stream.peek(4)[:4] if magic else head
        except _DAMAGE as error:
            start, self.damage = b"", f"damaged at its beginning: {error}"
        encoding = self.encoding or next((name for mark, name in _MARKS.items() if start.startswith(mark)), "")
        self._stream = stream
        self._read = stream.read1 if magic else stream.read  # at most what there is, so damage behind it takes nothing
        if encoding:
            self._stream = _Recoded(self._read, encoding)
            self._read = self._stream.read

    def peek(self, offset: int, size: int) -> bytes:
        """Up to so many bytes at an offset of the file, as they are on the disk now."""
        return os.pread(self.file.fileno(), size, offset) if self.plain and hasattr(os, "pread") else b""

    def another(self, path: str) -> SourceFile:
        """Another file, read in the same way."""
        return SourceFile(type(self.path)(path), self.encoding)

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes; none at the end, or where a compressed file is damaged."""
        try:
            data = self._read(size)
        except _DAMAGE as error:
            if self.plain:
                raise
            self.damage = f"damaged after {self._position} bytes: {error}"
            return b""
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset from the start, the only kind there is; backwards it begins again."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the start")
        if self.plain:
            self._position = self._stream.seek(offset)
            return self._position
        if offset < self._position:
            self._open()
        while self._position < offset and self.read(min(_BLOCK, offset - self._position)):
            pass
        return self._position

    def length(self) -> int:
        """How many bytes there are in all; reads to the end where the file is not plain."""
        if self.plain:
            return os.fstat(self.file.fileno()).st_size
        while self.read(_BLOCK):
            pass
        return self._position

    def _elements(self) -> bytes | None:
        """The elements of a file that is one JSON array of objects, a line each; None when it is something else."""
        start = self.read(_BLOCK).removeprefix(codecs.BOM_UTF8).lstrip()
        if not start.startswith(b"[") or start[1:].lstrip()[:1] not in (b"{", b"]"):
            return None
        self.seek(0)
        data = self.read(_LARGEST_ARRAY + 1)
        try:
            values = json.loads(data.removeprefix(codecs.BOM_UTF8)) if len(data) <= _LARGEST_ARRAY else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            return None
        return b"".join(json.dumps(value).encode() + b"\n" for value in values)

    def fileno(self) -> int:
        """The descriptor of the file itself."""
        return self.file.fileno()

    def close(self) -> None:
        self.file.close()
        super().close()


def _known(encoding: str) -> str:
    """The codec's name; empty for UTF-8, which is read as it is."""
    if not encoding:
        return ""
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise UsageError(f"no encoding is called {encoding!r}", "use latin-1, utf-16, cp1252, …") from error
    return "" if name == "utf-8" else name


class _Recoded:
    """Bytes of another encoding as UTF-8; what does not decode becomes U+FFFD."""

    def __init__(self, source: Callable[[int], bytes], encoding: str) -> None:
        self._source, self._decoder = source, codecs.getincrementaldecoder(encoding)("replace")
        self._rest, self._begun = b"", False

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            block = self._source(_BLOCK)
            text = self._decoder.decode(block, final=not block)
            if text and not self._begun:
                text, self._begun = text.removeprefix("\ufeff"), True
            self._rest += text.encode("utf-8", "replace")
            if not block:
                break
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

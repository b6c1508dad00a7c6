"""What a traced file holds, judged from its bytes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from typing import TYPE_CHECKING

import orjson

from audit.trace.trace import Content

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 8 * 1024 * 1024
"""Bytes of a file that are looked at."""
_PACKED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
_KEYS = 32


def judge(path: Path, offset: int, *, lines: bool) -> Content:
    """Say what a file holds from an offset to its end.

    Args:
        path: The file; one that is not there, or may not be read, holds nothing.
        offset: Where to begin, in bytes; from the start when the file is shorter by now.
        lines: Whether one object on one line is a record and not a document: where it was appended, or by the name.

    Returns:
        The verdict, from at most 8 MiB.
    """
    try:
        size = os.stat(path).st_size
        offset = offset if 0 <= offset <= size else 0
        raw = _bytes(path, offset)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return Content("nothing")
    if not raw.strip():
        return Content("nothing", size - offset)
    return _verdict(raw, size - offset, lines_expected=lines)


def _bytes(path: Path, offset: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        head = file.read(65536)
        for magic, opener in _PACKED:
            if head.startswith(magic):
                file.seek(offset)
                with opener(file, "rb") as unpacked:
                    return bytes(unpacked.read(LARGEST))
        # a large file of numbers or pictures is known by its beginning
        return head if b"\0" in head else head + file.read(LARGEST - len(head))


def _verdict(raw: bytes, size: int, *, lines_expected: bool) -> Content:
    whole = len(raw) < LARGEST
    lines = [line for line in raw.split(b"\n") if line.strip()]
    if not whole and len(lines) > 1:
        lines.pop()
    if b"\0" in raw or not _is_text(raw[:65536]):
        return Content("binary", size)
    found = [value for value in map(_value, lines) if isinstance(value, dict)]
    keys = tuple(dict.fromkeys(key for value in found[:20] for key in value))[:_KEYS]
    if len(lines) == 1 and found:
        kind = "json-lines" if lines_expected and raw.endswith(b"\n") else "json"
    elif len(found) * 2 >= len(lines):
        kind = "json-lines"
    elif whole and len(raw) <= LARGEST and _value(raw) is not None:
        kind = "json"
    else:
        kind = "text"
    return Content(kind, size, len(lines), len(found), keys)


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _value(raw: bytes) -> object:
    try:
        return orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None

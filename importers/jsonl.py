"""Reads whole lines of a JSONL file from an offset, and says of each what it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from telemetry_store.batch import Chunk, Reject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from telemetry_store.event import Record

_BLOCK = 256 << 10
_BOM = b"\xef\xbb\xbf"
_LONG_INTEGER = re.compile(rb"\d{20}")
_NONFINITE = {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity"}


@dataclass(slots=True)
class Lines:
    """What was read from a file at once.

    Attributes:
        chunk: the lines that are JSON objects.
        rejects: the others, with the reason.
        blank: lines with nothing on them.
        data: all bytes that were read.
    """

    chunk: Chunk
    data: bytes
    rejects: list[Reject] = field(default_factory=list)
    blank: int = 0


class LineReader:
    """Reads a file for one table.

    Args:
        file: opened for reading bytes.
        source: what rejects call it.
        table: where its events go.
        fallback: nanoseconds since 1970 for events without a time field.
        growing: the file may still grow, so an incomplete last line is left for later.
    """

    def __init__(self, file: BinaryIO, source: str, table: str, fallback: int, *, growing: bool) -> None:
        self._file, self._source, self._table, self._fallback = file, source, table, fallback
        self._growing = growing
        #: Bytes of an incomplete last line that were left.
        self.pending = 0

    def read(self, offset: int) -> Iterator[Lines]:
        """Yield whole lines from an offset to the end of the file."""
        self._file.seek(offset)
        rest = b""
        while True:
            block = self._file.read(_BLOCK)
            data = rest + block
            cut = data.rfind(b"\n") + 1
            if not block:
                cut = len(data) if self._is_whole(data) else cut
                self.pending = len(data) - cut
            rest = data[cut:]
            if cut:
                yield self._lines(data[:cut], offset)
                offset += cut
            if not block:
                return

    def _is_whole(self, tail: bytes) -> bool:
        """Tell whether a last line without a newline is to be read now."""
        if not self._growing:
            return True
        try:
            return isinstance(orjson.loads(tail), dict)
        except ValueError:
            return False

    def _lines(self, data: bytes, offset: int) -> Lines:
        records: list[Record] = []
        places: list[tuple[int, bytes]] = []
        found = Lines(Chunk(self._source, records, places.__getitem__, exact=_needs_care(data)), data)
        exact = found.chunk.exact
        for line in data.split(b"\n")[: data.count(b"\n") + (not data.endswith(b"\n"))]:
            text = line.strip(b" \t\r\0")
            if offset == 0 and text.startswith(_BOM):
                text = text[len(_BOM) :]
            if text:
                event, reason, careful = parse(text)
                exact = exact or careful
                if event is None:
                    found.rejects.append(Reject(self._source, offset, self._table, reason, line))
                else:
                    records.append((self._table, self._fallback, event))
                    places.append((offset, line))
            else:
                found.blank += 1
            offset += len(line) + 1
        if exact and not found.chunk.exact:
            found.chunk = Chunk(self._source, records, places.__getitem__, exact=True)
        return found


def _needs_care(data: bytes) -> bool:
    return b"\\u0000" in data or b"\\ud" in data or b"\\uD" in data


def parse(text: bytes) -> tuple[dict[str, Any] | None, str, bool]:
    """Parse one line.

    Returns:
        The event or None; why it is none; and whether its values need a second look before they go into columns.
        NaN and infinities become their names, as in `event.py`; integers keep all their digits.
    """
    careful = _LONG_INTEGER.search(text) is not None
    try:
        value = json.loads(text, parse_constant=_NONFINITE.get) if careful else orjson.loads(text)
    except (ValueError, RecursionError):
        careful = True
        try:
            value = json.loads(text, parse_constant=_NONFINITE.get)
        except UnicodeDecodeError as error:
            return None, f"not UTF-8: {error.reason}", True
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            return None, f"not JSON: {reason}", True
    if not isinstance(value, dict):
        return None, f"JSON, but {_KINDS.get(type(value), 'not an object')} instead of an object", True
    return value, "", careful


_KINDS = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}

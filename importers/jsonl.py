"""Reads whole lines of a JSONL file from an offset, and says of each what it is."""

from __future__ import annotations

import json
import math
import re
import secrets
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from telemetry_store import USUAL_TIME, Block, ColumnChunk, Columns, Extent, Origin, RecordChunk, Reject, decode_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from importers.prefix import Prefix
    from importers.route import Route
    from importers.source_file import SourceFile
    from telemetry_store import Chunk, Record

#: The event or None; why it is none; whether its values need a second look before they go into columns.
Parsed: TypeAlias = "tuple[dict[str, Any] | None, str, bool]"
#: The lines that are JSON objects; the others, with the reason; how many are blank; whether each line is one event.
_Lines: TypeAlias = "tuple[Chunk, tuple[Reject, ...], int, bool]"
#: Bytes that are read at once.
_BLOCK = 256 << 10
_BOM = b"\xef\xbb\xbf"
#: What may stand around an object; NULs are what a crash leaves.
_SPACE = b" \t\r\0"
_LONG_INTEGER = re.compile(rb"\d{19}")
#: Stands between lines that are parsed at once; no file can know it.
_MARK = secrets.token_hex(8)
_BETWEEN = f',"{_MARK}",'.encode()


class Tail(Enum):
    """What becomes of a last line without a newline: of a file that may grow, it may be half written."""

    WAIT = "it is left until its newline is there"
    OBJECT = "it is read when it is a whole JSON object"
    TAKE = "it is read as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineExtent(Extent):
    """A part of a file.

    Attributes:
        blank: lines with nothing on them.
        prefix: of the file up to its end.
        data: its bytes; empty where another process has read them.
        regular: each line is one event.
    """

    blank: int
    prefix: Prefix
    data: bytes = b""
    regular: bool = False


class LineReader:
    """Reads a file for one table.

    Args:
        file: its content.
        route: where it goes, and in what form.
        table: where its events go.
        fallback: nanoseconds since 1970 for events without a time field.
        tail: what becomes of a last line without a newline.

    Attributes:
        pending: bytes of an incomplete last line that were left.
    """

    def __init__(self, file: SourceFile, route: Route, table: str, fallback: int, tail: Tail) -> None:
        self._source, self._shape, self._times = str(route.path), route.shaping(), route.plan.times()
        self._file, self._table, self._fallback, self._tail = file, table, fallback, tail
        self.pending = 0
        self._documents = segment_records if is_segment(file) else self._events

    def read(self, prefix: Prefix, end: int | None = None) -> Generator[Block[LineExtent]]:
        """Yield the whole lines that follow a prefix, to the end of the file, or to an earlier end."""
        self._file.seek(prefix.offset)
        rest: list[bytes] = []  # of a line that is longer than a block
        while True:
            left = _BLOCK if end is None else min(_BLOCK, end - self._file.tell())
            block = self._file.read(left) if left > 0 else b""
            cut = block.rfind(b"\n") + 1
            if block and not cut:
                rest.append(block)
                continue
            data = b"".join([*rest, block[:cut]])
            if not block:
                self.pending = 0 if self._is_taken(data) else len(data)
                data = data if not self.pending else b""
            rest = [block[cut:]]
            if data:
                lines = self._block(data, prefix, self._lines(data, prefix.offset))
                prefix = lines.extent.prefix
                yield lines
            if not block:
                return

    def _block(self, data: bytes, prefix: Prefix, lines: _Lines) -> Block[LineExtent]:
        chunk, rejects, blank, regular = lines
        after = prefix.extended(data)
        extent = LineExtent(self._source, prefix.offset, after.offset, rejects,
                            blank=blank, prefix=after, data=data, regular=regular)  # fmt: skip
        return Block(extent, (chunk,))

    def _is_taken(self, data: bytes) -> bool:
        """Tell whether a last line without a newline is to be read now."""
        if self._tail is not Tail.OBJECT:
            return self._tail is Tail.TAKE
        try:
            return isinstance(orjson.loads(data), dict)
        except ValueError:
            return False

    def _lines(self, data: bytes, offset: int) -> _Lines:
        events = regular_events(data) if self._documents == self._events else None
        if events is None:
            return self._line_by_line(data, offset)
        if self._shape is not None:
            events = list(map(self._shape, events))
        columns = Columns.of(self._table, (self._fallback,) * len(events), events)
        if columns.may_be_rounded():  # while it was parsed
            return self._line_by_line(data, offset)
        chunk: Chunk
        origin = origin_of_lines(self._source, offset, lambda: data)
        if self._times is USUAL_TIME and columns.is_timed():
            chunk = ColumnChunk(origin, columns, columns.records)
        else:
            chunk = RecordChunk(origin, [(self._table, self._fallback, event) for event in events], self._times)
        return chunk, (), 0, True

    def _line_by_line(self, data: bytes, offset: int) -> _Lines:
        records: list[Record] = []
        places: list[tuple[int, bytes]] = []
        rejects: list[Reject] = []
        blank, at, exact = 0, offset, _needs_care(data)
        for line in data.split(b"\n")[: data.count(b"\n") + (not data.endswith(b"\n"))]:
            text = line.strip(_SPACE)
            if text.startswith(_BOM):  # also where files were put together
                text = text[len(_BOM) :].strip(_SPACE)
            if text:
                for record, reason, careful in self._documents(text):
                    exact = exact or careful
                    if record is None:
                        rejects.append(Reject(self._source, at, self._table, reason, line))
                    else:
                        records.append(record)
                        places.append((at, line))
            else:
                blank += 1
            at += len(line) + 1
        chunk = RecordChunk(Origin(self._source, places.__getitem__), records, self._times)
        return chunk if exact else self._simplest(chunk), tuple(rejects), blank, False

    def _simplest(self, chunk: RecordChunk) -> Chunk:
        return chunk.apart(self._table)

    def _events(self, text: bytes) -> Iterator[tuple[Record | None, str, bool]]:
        for event, reason, careful in documents(text):
            if event is not None and self._shape is not None:
                event = self._shape(event)  # noqa: PLW2901 - the same event in its table's form
            yield None if event is None else (self._table, self._fallback, event), reason, careful


class LineByLine(LineReader):
    """The same, but each line is parsed for itself: slower, and a check of the other."""

    def _lines(self, data: bytes, offset: int) -> _Lines:
        return self._line_by_line(data, offset)

    def _simplest(self, chunk: RecordChunk) -> Chunk:
        return chunk


def records_of(block: Block[LineExtent]) -> Sequence[Record]:
    """The events of some lines, whichever way they were parsed."""
    (chunk,) = block.chunks
    return chunk.records if isinstance(chunk, RecordChunk) else chunk.records()


def regular_events(data: bytes) -> list[dict[str, Any]] | None:
    """The events of whole lines, each of which is one object, without lone surrogates and NULs; else None.

    All lines are parsed as one array with marks between them. Where a mark comes back between every two objects, each
    of them is a line of its own: a line that is not whole would have swallowed one.
    """
    if b"\\" in data and _needs_care(data):
        return None
    lines = data.removesuffix(b"\n")
    marked = lines.replace(b"\n", _BETWEEN)
    try:
        values = orjson.loads(b"[" + marked + b"]")
    except ValueError:
        return None
    events, marks = values[::2], values[1::2]
    count = (len(marked) - len(lines)) // (len(_BETWEEN) - 1)  # of newlines
    whole = marks.count(_MARK) == len(marks) == len(events) - 1 == count
    return events if whole and {*map(type, events)} == {dict} else None


def is_segment(file: SourceFile) -> bool:
    """Tell whether a file is a segment of a spool, such as one that was saved from a dead machine."""
    file.seek(0)
    first = file.read(_BLOCK).partition(b"\n")[0]
    try:
        return first.startswith(b'["') and bool(decode_line(first))
    except (ValueError, RecursionError):
        return False


def segment_records(text: bytes) -> list[tuple[Record | None, str, bool]]:
    """Parse a line of a segment; it names its table itself."""
    try:
        return [(decode_line(text), "", True)]
    except (ValueError, RecursionError) as error:
        return [(None, f"not a record: {error}", True)]


def documents(text: bytes) -> list[Parsed]:
    """Parse a line: one document, or several that stand on it without a newline between them."""
    whole = parse(text)
    if whole[0] is not None:
        return [whole]
    events, at = list[Parsed](), 0
    try:
        line = _decoded(text)
        while at < len(line):
            value, end = _DECODER.raw_decode(line, at)
            if not isinstance(value, dict):
                return [whole]
            events.append((value, "", True))
            blanks = _BLANKS.match(line, end)
            at = blanks.end() if blanks else end
    except (ValueError, RecursionError):
        return [whole]
    return events


def _needs_care(data: bytes) -> bool:
    """Tell whether there may be NULs or lone surrogates in the texts."""
    return b"\\u0000" in data or b"\\ud" in data or b"\\uD" in data


def parse(text: bytes) -> Parsed:
    """Parse one line.

    Returns:
        The event or None; why it is none; and whether its values need a second look before they go into columns.
        NaN and infinities become their names, as in `event.py`; integers keep all their digits, and a fraction that
        is beyond a double becomes its text.
    """
    careful = _LONG_INTEGER.search(text) is not None
    try:
        value = _exactly(text) if careful else orjson.loads(text)
    except (ValueError, RecursionError):
        careful = True
        try:
            value = _exactly(text)
        except UnicodeDecodeError as error:
            return None, f"not UTF-8: {error.reason}", True
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            return None, f"not JSON: {reason}", True
    if not isinstance(value, dict):
        return None, f"JSON, but {_KINDS.get(type(value), 'not an object')} instead of an object", True
    return value, "", careful


def _exactly(text: bytes) -> Any:
    return _DECODER.decode(_decoded(text))


def _decoded(text: bytes) -> str:
    """The text of a line; a surrogate that somebody has written as if it were a character is one."""
    return text.decode("utf-8", "surrogatepass")


def _fraction(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_constant=str, parse_float=_fraction)
_KINDS = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}


def origin_of_lines(source: str, offset: int, data: Callable[[], bytes]) -> Origin:
    """Where lines stand that are one record each; their bytes are asked for when the first of them is rejected."""
    places: list[tuple[int, bytes]] = []

    def raw(index: int) -> tuple[int, bytes]:
        if not places:
            lines = data().split(b"\n")
            places.extend(zip(accumulate((len(line) + 1 for line in lines), initial=offset), lines, strict=False))
        return places[index]

    return Origin(source, raw)

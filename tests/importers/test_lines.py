"""Lines that are parsed at once give what they give one by one."""

from __future__ import annotations

import hashlib
import json
import marshal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers import parser
from importers.jsonl import LineByLine, LineExtent, LineReader, Tail, regular_events
from importers.prefix import Prefix
from importers.route import route_of
from importers.source_file import SourceFile
from telemetry_store.batch import Block, Normaliser, Reject, Rows
from telemetry_store.frames import encoded
from telemetry_store.schema import METADATA, Change, Create

FRAGMENTS = st.sampled_from(
    [b'{"a":1}', b'{"a":"x"}', b'{"a":[1', b"2]}", b'{"a":[[1', b"2]]}", b'{"b":1},{"c":2}', b'{"b":1}],[{"c":2}', b"",
     b" ", b"\r", b"[1]", b"1", b'"x"', b"null", b"NaN", b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"a":"\\u0000"}', b"\0\0",
     b'{"a":12345678901234567890}', b'{"a":-9223372036854775809}', b'{"a":1,"a":2}', b'{"a":1}{"a":2}', b"\xef\xbb\xbf",
     b'{"a":"\xff"}', b'{"a":{"b":[1,{"c":null}]}}', b'{"a":1e400}', b'{"a":18446744073709551616}', b",", b"{}", b'{"timestamp":"2026-01-01T00:00:00.000000+00:00","m":{"a":[1]}}',
     b'{"timestamp":"2026-01-01T00:00:00.000000+00:00","m":{"m":[{"m":{"x":1.5e19}}]}}', b'{"ts":"2026-01-01","a":"2"}',
     b'{"timestamp":"2026-01-01T00:00:00.000000+00:00","m":null,"a":2}', b'{"m":[{"m":1},{"m":2}]}', b'{"a":1e18}']
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("lines")


@pytest.fixture
def reader(folder: Path):
    path = folder / "one.jsonl"
    path.write_bytes(b'{"a":1}\n')
    with SourceFile(path) as file:
        yield LineReader(file, route_of(path, None), "t", 0, Tail.TAKE)


def rows(block: Block) -> tuple[list[dict], list[Reject], dict]:
    """What a table would get of the lines: rows, rejects, and the columns that it then has."""
    made, refused, tables = [], [], {}
    for operation in Normaliser({}, {}).operations(block):
        match operation:
            case Rows(_, _, columns, values, _):
                made += [dict(zip(columns, row, strict=True)) for row in values]
            case Reject():
                refused.append(operation)
            case Create(table, columns):
                tables[table] = dict(columns)
            case Change(table, column, kind, _):
                tables[table][column] = kind
    full = [{key: value for key, value in row.items() if value is not None} for row in made]
    for row in full:  # as a value: the order of its keys is no fact
        row[METADATA] = json.loads(row.get(METADATA, "{}"))
    return full, refused, tables


def same(one: Block[LineExtent], other: Block[LineExtent]) -> None:
    """Both give the same rows, rejects and counts, end at the same place, and find the same bytes again."""
    assert rows(one) == rows(other)
    for name in ("source", "start", "end", "rejects", "blank"):
        assert getattr(one.extent, name) == getattr(other.extent, name)
    assert one.extent.prefix.hash.hexdigest() == other.extent.prefix.hash.hexdigest()
    for index in range(len(rows(one)[0])):
        ((mine,), (theirs,)) = one.chunks, other.chunks
        assert mine.origin.raw(index) == theirs.origin.raw(index)


@given(st.lists(FRAGMENTS, min_size=1, max_size=6), st.booleans())
@settings(deadline=None)
def test_all_ways_are_one(folder: Path, lines: list[bytes], whole: bool) -> None:
    """Rows, rejects, blank lines and places are the same: parsed at once, one by one, or by another process."""
    data = b"\n".join(lines) + (b"\n" if whole else b"")
    path = folder / "t.jsonl"
    path.write_bytes(b"{}     \n" + data)
    if not data:
        return
    with SourceFile(path) as file:
        route, start = route_of(path, None), Prefix(8, hashlib.sha256(b"{}     \n"), b"{}     \n", b"{}     \n")
        reader, careful = (kind(file, route, "t", 0, Tail.TAKE) for kind in (LineReader, LineByLine))
        pieces = [reader._lines(data, 8), reader._line_by_line(data, 8), careful._lines(data, 8)]
        at_once, one_by_one, rule = (reader._block(data, start, lines) for lines in pieces)
        same(at_once, rule)
        same(one_by_one, rule)
        job = parser.Job(path, route, "t", 0, Tail.TAKE, "", (0, 0), 8)
        for block in (at_once, one_by_one):
            _, fields = marshal.loads(encoded(parser._parsed(block)))
            same(parser._block_of(parser.Parsed(*fields), job, file), rule)


@pytest.mark.parametrize(
    "data",
    [b'{"a":[{"x":1}\n{"y":2}]}\n{"b":1},{"c":2}\n', b'{"a":[[1\n2]]}\n{"b":1}],[{"c":2}\n', b'{"a":1}\n\n{"a":2}\n'],
)
def test_lines_that_only_look_whole_together(data: bytes) -> None:
    """Broken lines that make up for each other are not taken for whole ones."""
    assert regular_events(data) is None


def test_plain_lines_are_parsed_at_once() -> None:
    """Ordinary lines, CRLF and a last line without its newline included, take the fast way."""
    assert regular_events(b'{"a":1}\r\n {"b":[1]}') == [{"a": 1}, {"b": [1]}]


@pytest.mark.parametrize("number", ["-9223372036854775809", "18446744073709551616", "9" * 30, "-" + "9" * 19])
def test_long_integers_take_the_careful_way(reader: LineReader, number: str) -> None:
    """Integers that orjson would turn into floats keep their digits, wherever they stand."""
    for line in (f'{{"a":{number}}}', f'{{"a": {number} }}', f'{{"a":[1,{{"b":{number}}}]}}', f'{{"a":[{number}]}}'):
        chunk, *_ = reader._lines(line.encode() + b"\n", 0)
        (record,) = chunk.records
        assert number in json.dumps(record[2])

"""Lines that are parsed at once give what they give one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.content import Content
from importers.jsonl import LineReader, Tail, regular_events
from importers.route import route_of

FRAGMENTS = st.sampled_from(
    [b'{"a":1}', b'{"a":"x"}', b'{"a":[1', b"2]}", b'{"a":[[1', b"2]]}", b'{"b":1},{"c":2}', b'{"b":1}],[{"c":2}', b"",
     b" ", b"\r", b"[1]", b"1", b'"x"', b"null", b"NaN", b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"a":"\\u0000"}', b"\0\0",
     b'{"a":12345678901234567890}', b'{"a":-9223372036854775809}', b'{"a":1,"a":2}', b'{"a":1}{"a":2}', b"\xef\xbb\xbf",
     b'{"a":"\xff"}', b'{"a":{"b":[1,{"c":null}]}}', b'{"a":1e400}', b'{"a":18446744073709551616}', b",", b"{}"]
)  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> LineReader:
    path: Path = tmp_path_factory.mktemp("lines") / "t.jsonl"
    path.write_bytes(b'{"a":1}\n')
    return LineReader(Content(path), route_of(path, None), "t", 0, Tail.TAKE)


@given(st.lists(FRAGMENTS, min_size=1, max_size=6), st.booleans())
def test_both_ways_are_one(reader: LineReader, lines: list[bytes], whole: bool) -> None:
    """Events, rejects, blank lines and places are the same whether lines are parsed at once or one by one."""
    data = b"\n".join(lines) + (b"\n" if whole else b"")
    if not data:
        return
    fast, slow = reader._lines(data, 7), reader._line_by_line(data, 7)
    assert json.dumps(fast.chunk.records) == json.dumps(slow.chunk.records)
    assert (fast.rejects, fast.blank, fast.data) == (slow.rejects, slow.blank, slow.data)
    assert fast.chunk.exact == slow.chunk.exact
    for index in range(len(fast.chunk.records)):
        assert fast.chunk.raw(index) == slow.chunk.raw(index)


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
        (record,) = reader._lines(line.encode() + b"\n", 0).chunk.records
        assert number in json.dumps(record[2])

"""Records become chunks and operations."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_store.batch import (
    Block,
    ColumnChunk,
    Declare,
    Extent,
    Normaliser,
    Origin,
    RecordChunk,
    Reject,
    Rows,
    chunks_of,
)
from telemetry_store.event import DECLARE, DROPS, Record, decode, encode
from telemetry_store.schema import Change, ColumnType, Create, EventTable, Table
from tests.strategies import EVENTS

MOMENT = 1_760_000_000_000_000_000
LINES = st.one_of(
    st.tuples(st.sampled_from(["t", "T", "u"]), EVENTS),
    st.just((DROPS, {"cause": "full", "count": 1})),
    st.just((DECLARE, EventTable("t", {"k": "TEXT"}).as_dict())),
)


@given(st.lists(LINES, min_size=1, max_size=12))
@settings(deadline=None)
def test_every_record_is_in_one_chunk(lines: list[tuple[str, dict]]) -> None:
    """Each is found once, with its own bytes; a reserved one comes after all before it and before all after it."""
    data = [encode(name, event, MOMENT + number) for number, (name, event) in enumerate(lines)]
    records, exact = decode(b"".join(data))
    if exact:
        return
    order: list[int] = []
    for chunk in chunks_of(Origin("s", lambda index: (index, data[index])), records):
        inside: list[Record] = list(chunk.columns.records() if isinstance(chunk, ColumnChunk) else chunk.records)
        for index, record in enumerate(inside):
            number, raw = chunk.origin.raw(index)
            name, stamp, event = json.loads(raw)
            if isinstance(chunk, ColumnChunk):  # where a null is the same as no key
                event = {key: value for key, value in event.items() if value is not None}
            assert [name, stamp, event] == list(record)
            order.append(number)
    assert sorted(order) == list(range(len(lines)))
    for number, (name, _) in enumerate(lines):
        if name in (DECLARE, DROPS):
            assert order[number] == number
            assert set(order[:number]) == set(range(number))
    for before, after in pairwise(order):
        assert after > before or lines[after][0] != lines[before][0]


def test_only_ordinary_events_are_taken_apart() -> None:
    """A time that needs reading, and a reserved record, are left to be looked at one by one."""
    stamp = "2026-01-01T00:00:00.000000+00:00"
    records: list[Record] = [
        ("timed", 0, {"timestamp": stamp}),
        ("untimed", 0, {"a": 1}),
        ("zulu", 0, {"timestamp": "2026-01-01T00:00:00Z"}),
        ("elsewhere", 0, {"ts": 1_760_000_000}),
        (DROPS, 0, {"cause": "full", "count": 1}),
    ]
    chunks = list(chunks_of(Origin("s", lambda index: (index, b"")), records))
    assert [type(chunk) for chunk in chunks] == [ColumnChunk, ColumnChunk, RecordChunk, RecordChunk, RecordChunk]


def operations(normaliser: Normaliser, *records: Record) -> list:
    chunk = RecordChunk(Origin("s", lambda index: (index, b"%d" % index)), list(records))
    return list(normaliser.operations(Block(Extent("s", 0, 9), (chunk,))))


def test_operations_say_all_that_a_sink_needs() -> None:
    """A table is made with the columns of its first rows, widened and declared under its own name and columns."""
    table = Table("Known", {"timestamp": ColumnType.TEXT, "n": ColumnType.INTEGER, "metadata_json": ColumnType.TEXT})
    normaliser = Normaliser({"known": table}, {"v": "view"})
    create, rows = operations(normaliser, ("new", 0, {"a": 1}))
    text = ColumnType.TEXT
    assert create == Create("new", {"timestamp": text, "a": ColumnType.INTEGER, "metadata_json": text})
    assert rows == Rows(rows.origin, "new", ("timestamp", "a", "metadata_json"), rows.rows, [0])
    change, _ = operations(normaliser, ("KNOWN", 0, {"n": 1.5}))
    assert change == Change("Known", "n", ColumnType.REAL, widened=True)
    change, declare = operations(normaliser, (DECLARE, 0, EventTable("known", {"N": "TEXT", "k": "TEXT"}).as_dict()))
    assert change == Change("Known", "k", text, widened=False)
    assert isinstance(declare, Declare)
    assert declare.declared.name == "Known"
    assert declare.columns == ("timestamp", "n", "k", "metadata_json")
    assert table.columns["n"] is ColumnType.INTEGER


def test_a_name_that_is_taken_is_refused() -> None:
    """An event or a declaration for a view is kept with its bytes and that reason."""
    declared = EventTable("v", {"k": "TEXT"}).as_dict()
    refused = operations(Normaliser({}, {"v": "view"}), ("V", 0, {"a": 1}), (DECLARE, 0, declared))
    assert refused[0] == Reject("s", 0, "V", "V is a view, not a table", b"0")
    assert (refused[1].offset, refused[1].raw) == (1, b"1")
    assert "v is a view, not a table" in refused[1].reason

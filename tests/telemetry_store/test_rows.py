"""Events become rows and come back."""

from __future__ import annotations

import json
import math

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_store import TelemetryStore
from telemetry_store.columns import rows_of
from telemetry_store.event import decode, encode
from telemetry_store.rows import RowBuilder
from telemetry_store.schema import ColumnType, Table, event_of, fits
from tests.strategies import EVENTS, VALUES


def without_nulls(event: dict) -> dict:
    return {key: value for key, value in event.items() if value is not None}


def same(one: object, other: object) -> bool:
    """Equal as JSON values: true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True) or (
        one == other and repr(one).replace(".0", "") == repr(other).replace(".0", "")
    )


@given(st.lists(EVENTS, min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_rows_come_back_as_events(events: list[dict]) -> None:
    """Whatever the events, their rows give the same JSON values back, nulls at the top aside."""
    builder = RowBuilder(Table.fresh("t"))
    made = [builder.row(1_760_000_000_000_000_000, event) for event in events]
    for (columns, row), event in zip(made, events, strict=True):
        assert same(event_of(builder.table, dict(zip(columns, row, strict=True))), without_nulls(event))


@given(st.lists(EVENTS, min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_both_ways_of_making_rows_agree(events: list[dict]) -> None:
    """Rows made column by column give the same events and times as rows made one by one."""
    lines = b"".join(encode("t", event, 1_760_000_000_000_000_000) for event in events)
    records, exact = decode(lines)
    together, singly = RowBuilder(Table.fresh("t")), RowBuilder(Table.fresh("t"))
    rows = None if exact else rows_of(together, records)
    if rows is None:
        return
    for row, (_, stamp, event) in zip(rows, records, strict=True):
        columns, alone = singly.row(stamp, event)
        here = dict(zip(together.table.names(), row, strict=True))
        there = dict(zip(columns, alone, strict=True))
        assert here["timestamp"] == there["timestamp"]
        assert same(event_of(together.table, here), event_of(singly.table, there))


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4))
@settings(max_examples=300, deadline=None)
def test_lines_come_back_as_events(event: dict) -> None:
    """A line is one line without NULs and gives the event back, long integers and lone surrogates included."""
    line = encode("t", event, 5)
    assert line.count(b"\n") == 1
    assert b"\0" not in line
    records, _ = decode(line)
    assert records == [("t", 5, event)] or list(records[0]) == ["t", 5, event]


def test_values_json_cannot_carry() -> None:
    """NaN and infinities become their names wherever they stand, and nothing else changes."""
    records, _ = decode(encode("t", {"a": math.nan, "b": [math.inf, {"c": -math.inf}], "d": None}))
    assert records[0][2] == {"a": "NaN", "b": ["Infinity", {"c": "-Infinity"}], "d": None}


def test_most_columns() -> None:
    """The 65th key stays in metadata_json, and comes back."""
    builder = RowBuilder(Table.fresh("t"))
    event = {f"k{number}": number for number in range(100)}
    columns, row = builder.row(0, event)
    assert len(columns) == 64 + 2
    assert event_of(builder.table, dict(zip(columns, row, strict=True))) == event


def test_fits_agrees_with_sqlite() -> None:
    """What `fits` says fits, SQLite gives back unchanged, for each type of column."""
    values = ["x", "1", "1.5", "", 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 1.5, -0.0, 1e300, True]
    with TelemetryStore(":memory:") as store, store.transaction() as transaction:
        connection = transaction._connection
        for number, kind in enumerate(ColumnType):
            declared = "DATETIME" if kind is ColumnType.NUMERIC else kind.value
            connection.execute(f"CREATE TABLE fit{number} (c {declared})")
            for value in filter(lambda each, kind=kind: fits(kind, each), values):
                (back,) = connection.execute(f"INSERT INTO fit{number} VALUES (?) RETURNING c", (value,)).fetchone()
                assert back == value, (kind, value, back)


def test_metadata_is_json() -> None:
    """What has no column is JSON text that SQLite's own functions read."""
    with TelemetryStore(":memory:") as store:
        store.record("t", {"deep": {"k": [1, 2]}, "odd key": 3})
        (row,) = store.query("SELECT json_extract(metadata_json, '$.deep.k[1]') AS k, metadata_json FROM t")
    assert row["k"] == 2
    assert orjson.loads(row["metadata_json"]) == {"deep": {"k": [1, 2]}, "odd key": 3, "timestamp": None}

"""Events become rows and come back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_store import TelemetryStore
from telemetry_store.columns import Columns, rows_of_columns
from telemetry_store.event import decode, encode
from telemetry_store.rows import RowBuilder, Unfit
from telemetry_store.schema import Change, ColumnType, Create, NewKeys, Table, event_of, fits
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
    builder = RowBuilder("t", None)
    made = [builder.row(1_760_000_000_000_000_000, event) for event in events]
    for (_, columns, row), event in zip(made, events, strict=True):
        assert same(event_of(builder.table, dict(zip(columns, row, strict=True))), without_nulls(event))


@given(st.lists(EVENTS, min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_both_ways_of_making_rows_agree(events: list[dict]) -> None:
    """Rows made column by column give the same events and times as rows made one by one."""
    lines = b"".join(encode("t", event, 1_760_000_000_000_000_000) for event in events)
    records, exact = decode(lines)
    together, singly = RowBuilder("t", None), RowBuilder("t", None)
    made = None if exact else rows_of_columns(together, apart(records))
    if made is None:
        return
    changes, rows = made
    applied: dict[str, ColumnType] = {}
    for row, (_, stamp, event) in zip(rows, records, strict=True):
        steps, columns, alone = singly.row(stamp, event)
        applied = after(applied, steps)
        here = dict(zip(together.names, row, strict=True))
        there = dict(zip(columns, alone, strict=True))
        assert here["timestamp"] == there["timestamp"]
        assert same(event_of(together.table, here), event_of(singly.table, there))
    assert after({}, changes) == together.table.columns
    assert applied == singly.table.columns


def apart(records: list[tuple[str, int, dict]]) -> Columns:
    _, stamps, events = zip(*records, strict=True)
    return Columns.of("t", stamps, events)


def after(columns: Mapping[str, ColumnType], changes: Sequence[Create | Change]) -> Mapping[str, ColumnType]:
    """A table's columns once the changes are carried out."""
    for change in changes:
        if isinstance(change, Create):
            assert not columns
            columns = dict(change.columns)
        else:
            assert change.widened == (change.column in columns)
            columns = {**columns, change.column: change.kind}
    return columns


@given(st.lists(EVENTS, min_size=1, max_size=8), st.sampled_from(["evolve", "overflow", "freeze"]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_events_put_together_again_make_the_same_rows(events: list[dict], policy: NewKeys, sparse: bool) -> None:
    """A table that does not take columns gets the same rows, and refuses the same, of events that were taken apart."""
    lines = b"".join(encode("t", event, 1_760_000_000_000_000_000) for event in events)
    records, exact = decode(lines)
    if exact:
        return
    columns = {"timestamp": ColumnType.TEXT, "a": ColumnType.INTEGER, "b": ColumnType.TEXT}
    metadata = None if sparse else "metadata_json"
    table = Table(
        "t", columns | ({metadata: ColumnType.TEXT} if metadata else {}), "timestamp", metadata, policy, sparse
    )
    together, singly = RowBuilder("t", table), RowBuilder("t", table)
    for (_, stamp, event), (_, _, again) in zip(records, apart(records).records(), strict=True):
        assert without_nulls(event) == again
        outcomes = []
        for builder, form in ((singly, event), (together, again)):
            try:
                changes, names, row = builder.row(stamp, form)
                outcomes.append((changes, event_of(builder.table, dict(zip(names, row, strict=True)))))
            except Unfit:
                outcomes.append(None)
        assert outcomes[0] == outcomes[1]


def test_a_null_is_no_key_for_a_frozen_table() -> None:
    """A null under a key that a frozen table does not have is taken, as without that key; a value is refused."""
    builder = RowBuilder("t", Table("t", {"timestamp": ColumnType.TEXT, "a": ColumnType.INTEGER}, new_keys="freeze"))
    assert builder.row(0, {"a": 1, "new": None}) == builder.row(0, {"a": 1})
    with pytest.raises(Unfit, match="new"):
        builder.row(0, {"a": 1, "new": 2})


def test_an_event_that_does_not_fit_leaves_no_column_behind() -> None:
    """An event that is refused changes nothing: the next one adds its own columns, and only these."""
    table = Table("t", {"timestamp": ColumnType.TEXT}, metadata=None, sparse=True)
    builder = RowBuilder("t", table)
    with pytest.raises(Unfit, match="deep"):
        builder.row(0, {"timestamp": "2026-01-01T00:00:00.000000+00:00", "first": 1, "deep": [1]})
    assert builder.table == table
    changes, _, _ = builder.row(0, {"timestamp": "2026-01-01T00:00:00.000000+00:00", "second": 1.5})
    assert changes == [Change("t", "second", ColumnType.REAL, widened=False)]


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
    builder = RowBuilder("t", None)
    event = {f"k{number}": number for number in range(100)}
    _, columns, row = builder.row(0, event)
    assert len(columns) == 64 + 2
    assert event_of(builder.table, dict(zip(columns, row, strict=True))) == event


WHOLE = [1.3389779289501602e16, 2.0**53 + 2, -(2.0**53) - 2, 2.0**63 - 2048]


@pytest.mark.parametrize("large", WHOLE)
def test_large_whole_floats_stay_out_of_columns(large: float) -> None:
    """A whole float beyond 2^53 stays in metadata_json, whichever way its row is made: SQLite would say an integer."""
    events = [{"n": 0}, {"n": 0.5}, {"n": large}, {"n": 2.0**53}, {"n": 2.0**63}]
    together, singly = RowBuilder("t", None), RowBuilder("t", None)
    made = rows_of_columns(together, apart([("t", 5, event) for event in events]))
    assert made is not None
    for row, event in zip(made[1], events, strict=True):
        _, names, alone = singly.row(5, event)
        for table, columns, values in ((together.table, together.names, row), (singly.table, names, alone)):
            stored = dict(zip(columns, values, strict=True))
            assert stored["n"] == (None if event["n"] == large else event["n"])
            assert repr(event_of(table, stored)) == repr(event)


def test_fits_agrees_with_sqlite() -> None:
    """What `fits` says fits, SQLite gives back unchanged, for each type of column; 1.0 and 1 are one number."""
    values = ["x", "1", "1.5", "", 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 1.5, -0.0, 1e300, 2.0**63, True, *WHOLE]
    columns = [(kind, "DATETIME" if kind is ColumnType.NUMERIC else kind.value) for kind in ColumnType]
    columns.append((ColumnType.REAL, "INTEGER"))  # one that was widened
    with TelemetryStore(":memory:") as store, store.transaction() as transaction:
        connection = transaction.connection
        for number, (kind, declared) in enumerate(columns):
            connection.execute(f"CREATE TABLE fit{number} (c {declared})")
            for value in filter(lambda value, kind=kind: fits(kind, value), values):
                (back,) = connection.execute(f"INSERT INTO fit{number} VALUES (?) RETURNING c", (value,)).fetchone()
                assert back == value, (kind, value, back)
                assert type(back) is type(value) or abs(value) <= 2**53, (kind, declared, value, back)


def test_metadata_is_json() -> None:
    """What has no column is JSON text that SQLite's own functions read."""
    with TelemetryStore(":memory:") as store:
        store.record("t", {"deep": {"k": [1, 2]}, "odd key": 3})
        (row,) = store.query("SELECT json_extract(metadata_json, '$.deep.k[1]') AS k, metadata_json FROM t")
    assert row["k"] == 2
    assert orjson.loads(row["metadata_json"]) == {"deep": {"k": [1, 2]}, "odd key": 3, "timestamp": None}

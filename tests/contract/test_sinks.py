"""Every sink keeps the contract in `engines/base.py`."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from telemetry_store.batch import Block, Extent, Origin, RecordChunk, Reject, chunks_of
from telemetry_store.engines.base import Sink, Source
from telemetry_store.engines.sqlite.sink import SqliteSink
from telemetry_store.errors import DatabaseError
from telemetry_store.event import DECLARE, DROPS, decode, encode
from telemetry_store.schema import EventTable
from tests.contract.engines import ENGINES


@pytest.fixture(params=ENGINES)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    sink = ENGINES[request.param](tmp_path)
    yield sink
    sink.close()


def block(*events: tuple[str, dict], source: str = "s", start: int = 0) -> Block[Extent]:
    lines = [encode(table, event, 1_760_000_000_000_000_000 + index) for index, (table, event) in enumerate(events)]
    records, exact = decode(b"".join(lines))

    def raw(index: int) -> tuple[int, bytes]:
        return start + sum(map(len, lines[:index])), lines[index]

    origin = Origin(source, raw)
    chunks = (RecordChunk(origin, records),) if exact else chunks_of(origin, records)
    return Block(Extent(source, start, start + sum(map(len, lines))), chunks)


def refused(*rejects: Reject) -> Block[Extent]:
    """A block of which nothing is a record."""
    return Block(Extent(rejects[0].source, 0, 100, rejects))


def rows(sink: Sink, sql: str) -> list[dict]:
    with sink.reader(5.0) as reader:
        return reader.query(sql, (), 5.0)


def test_rows_and_cursors_commit_together(sink: Sink) -> None:
    """What one transaction stores is there afterwards, with its cursor."""
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert([block(("t", {"a": 1}), ("t", {"a": 2}))]).counts
        transaction.advance({"s": 10})
    assert (counts.stored, counts.rejected, counts.tables) == (2, 0, {"t": 2})
    assert [row["a"] for row in rows(sink, "SELECT a FROM t ORDER BY id")] == [1, 2]
    assert sink.durable_cursors() == {"s": 10}


def test_an_error_undoes_everything(sink: Sink) -> None:
    """A transaction whose block raises leaves no row, no table and no cursor, and the next one works."""
    with pytest.raises(RuntimeError), sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"a": 1}))])
        transaction.advance({"s": 10})
        raise RuntimeError
    with sink.transaction(5.0) as transaction:
        assert transaction.cursors() == {}
        transaction.insert([block(("t", {"b": 1}))])
    assert [set(row) for row in rows(sink, "SELECT * FROM t")] == [{"id", "timestamp", "b", "metadata_json"}]


def test_a_batch_returns_the_extents_it_took(sink: Sink) -> None:
    """Wherever reading stops, extents come back for what was stored and for nothing else, in the order of reading."""
    blocks = [
        block(("t", {"n": number}), ("u", {"n": number}), source=f"s{number % 2}", start=number) for number in range(9)
    ]
    blocks[3] = refused(Reject("s1", 3, "", "no record", b"x"))
    with sink.transaction(5.0) as transaction:
        inserted = transaction.insert(iter(blocks[:5]))
    assert inserted.extents == tuple(block.extent for block in blocks[:5])
    assert (inserted.counts.stored, inserted.counts.rejected, inserted.counts.tables) == (8, 1, {"t": 4, "u": 4})
    assert [row["n"] for row in rows(sink, "SELECT n FROM t ORDER BY id")] == [0, 1, 2, 4]
    assert rows(sink, "SELECT reason, raw FROM _rejects") == [{"reason": "no record", "raw": b"x"}]


def test_reading_that_fails_undoes_everything(sink: Sink) -> None:
    """An error of whoever reads the blocks is raised where they are inserted; nothing is stored, no thread stays."""

    def reading() -> Iterator[Block[Extent]]:
        yield from (block(("t", {"n": number})) for number in range(4))
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"), sink.transaction(5.0) as transaction:
        transaction.insert(reading())
    assert not [thread for thread in threading.enumerate() if thread.name == "telemetry-ahead"]
    with sink.transaction(5.0) as transaction:
        assert transaction.insert([block(("t", {"b": 1}))]).counts.stored == 1
    assert [set(row) for row in rows(sink, "SELECT * FROM t")] == [{"id", "timestamp", "b", "metadata_json"}]


def test_nobody_reads_on_when_the_sink_fails(tmp_path: Path) -> None:
    """Once an error of the database is raised, the thread that reads blocks has ended."""
    path = str(tmp_path / "own.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, timestamp TEXT, n INTEGER)")
        connection.execute("CREATE TRIGGER broken BEFORE INSERT ON t BEGIN SELECT no_such_function(); END")
    sink = SqliteSink(path)
    with pytest.raises(DatabaseError, match="no_such_function"), sink.transaction(5.0) as transaction:
        try:
            transaction.insert(block(("u" if number < 5 else "t", {"n": number})) for number in count())
        finally:
            assert not [thread for thread in threading.enumerate() if thread.name == "telemetry-ahead"]
    sink.close()


def test_what_is_known_of_tables_is_not_ahead_of_the_database(sink: Sink) -> None:
    """After a transaction that was undone, its columns, types, policies and keys count for nothing."""
    declared = EventTable("t", {"k": "TEXT"}, dedupe_key=("k",), new_keys="freeze")
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"n": 1, "k": "a"}))])
    with pytest.raises(RuntimeError), sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"n": 1.5, "late": "x"}), ("u", {"a": 1}), (DECLARE, declared.as_dict()))])
        raise RuntimeError
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert(
            [block(("t", {"n": 2**53 + 1, "k": "a"}), ("t", {"late": 5}), ("u", {"b": "x"}), ("t", {"k": "a"}))]
        ).counts
    assert (counts.stored, counts.duplicate, counts.rejected) == (4, 0, 0)
    assert rows(sink, "SELECT n, k, late, typeof(late) AS kind FROM t ORDER BY id")[1:3] == [
        {"n": 2**53 + 1, "k": "a", "late": None, "kind": "null"},
        {"n": None, "k": None, "late": 5, "kind": "integer"},
    ]
    assert [set(row) for row in rows(sink, "SELECT * FROM u")] == [{"id", "timestamp", "b", "metadata_json"}]


def test_what_is_known_of_tables_is_not_behind_either(sink: Sink) -> None:
    """A later transaction goes by what an earlier one changed, also where that is no change of the schema."""
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"n": 1, "k": "a"}))])
        transaction.insert([block(("t", {"n": 1.5}))])
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"n": 2**53 + 1}))])  # no fraction's column keeps it exactly
        transaction.insert(
            [block((DECLARE, EventTable("t", {"k": "TEXT"}, dedupe_key="k", new_keys="freeze").as_dict()))]
        )
    assert rows(sink, "SELECT n, json_extract(metadata_json, '$.n') AS kept FROM t ORDER BY id DESC LIMIT 1") == [
        {"n": None, "kept": 2**53 + 1}
    ]
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert([block(("t", {"k": "a"}), ("t", {"new": 1}), ("t", {"k": "b"}))]).counts
    assert (counts.stored, counts.duplicate, counts.rejected) == (1, 1, 1)


def test_a_declaration_in_other_capitals(sink: Sink) -> None:
    """It is the declaration of the table that is there, under that table's name."""
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"k": "a"}))])
        transaction.insert([block((DECLARE, EventTable("T", {"k": "TEXT"}, dedupe_key="k", doc="Ours.").as_dict()))])
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert([block(("T", {"k": "a"}), ("t", {"k": "b"}))]).counts
    assert (counts.stored, counts.duplicate) == (1, 1)
    assert rows(sink, 'SELECT "table", doc FROM _tables WHERE "column" = \'\'') == [{"table": "t", "doc": "Ours."}]


@pytest.mark.parametrize("together", [True, False])
def test_events_for_the_view_of_all_events_are_rejected(sink: Sink, together: bool) -> None:
    """Its name is taken, also before it is there."""
    blocks = [block(("all_events", {"a": 1}), ("t", {"a": 1})), block(("t", {"a": 2}), ("All_Events", {"a": 1}))]
    for part in [blocks] if together else [blocks[:1], blocks[1:]]:
        with sink.transaction(5.0) as transaction:
            transaction.insert(part)
    assert len(rows(sink, "SELECT * FROM all_events")) == 2
    assert [row["table"] for row in rows(sink, 'SELECT "table" FROM _rejects')] == ["all_events", "All_Events"]


def test_a_rejected_declaration_is_kept_as_it_was(sink: Sink) -> None:
    """With its own bytes, so that it can be tried again once the rows allow it."""
    declared = EventTable("t", {"k": "TEXT"}, dedupe_key=("k",)).as_dict()
    declaring = block((DECLARE, declared), ("t", {"k": "c"}), start=70)
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"k": "a"}), ("t", {"k": "a"})), declaring])
    (reject,) = rows(sink, "SELECT * FROM _rejects")
    assert (reject["offset"], json.loads(reject["raw"])[::2]) == (70, [DECLARE, json.loads(json.dumps(declared))])


def test_new_keys_add_columns(sink: Sink) -> None:
    """A key that appears later becomes a column, in the same and in a later transaction."""
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"a": 1}), ("t", {"a": 1, "b": "x"}))])
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"c": 1.5}))])
    assert [(row["a"], row["b"], row["c"]) for row in rows(sink, "SELECT a, b, c FROM t ORDER BY id")] == [
        (1, None, None),
        (1, "x", None),
        (None, None, 1.5),
    ]


def test_a_whole_number_column_widens(sink: Sink) -> None:
    """Fractions after whole numbers stay numbers in the same column."""
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"n": 1})), block(("t", {"n": 1.5}))])
    assert [row["n"] for row in rows(sink, "SELECT n FROM t ORDER BY id")] == [1, 1.5]
    assert rows(sink, "SELECT type FROM _tables WHERE \"column\" = 'n'") == [{"type": "REAL"}]


@pytest.mark.parametrize("together", [False, True])
def test_large_whole_floats_come_back_as_floats(sink: Sink, together: bool) -> None:
    """A whole float beyond 2^53 comes back as it was, also where the column began with integers."""
    events = [{"n": number} for number in (0, 1.3389779289501602e16, -(2.0**62), 0.5, 2.0**63)]
    with sink.transaction(5.0) as transaction:
        for part in [events] if together else [[event] for event in events]:
            assert transaction.insert([block(*(("t", event) for event in part))]).counts.stored == len(part)
    with sink.reader(5.0) as reader:
        numbers = [event.event["n"] for event in reader.events(reader.catalogue.tables["t"])]
    assert numbers == [event["n"] for event in events]
    assert all(type(number) is float for number in numbers if abs(number) > 2**53)


def test_refused_rows_are_kept(sink: Sink) -> None:
    """A row that breaks a constraint goes to _rejects with its reason and bytes; its neighbours are stored."""
    declared = EventTable("t", {"k": "TEXT"}, new_keys="freeze")
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert(
            [block((DECLARE, declared.as_dict()), ("t", {"k": "a"}), ("t", {"other": 1}), ("t", {"k": "b"}))]
        ).counts
    assert (counts.stored, counts.rejected) == (2, 1)
    (reject,) = rows(sink, "SELECT * FROM _rejects")
    assert "other" in reject["reason"]
    assert b'"other"' in reject["raw"]


CONSTRAINTS = {
    "a check": ("CHECK (n % 1000 <> 7)", ""),
    "a check that keeps what came before it": ("UNIQUE ON CONFLICT FAIL", ""),
    "a trigger": ("", "WHEN new.n % 1000 = 7 BEGIN SELECT raise(ABORT, 'seven'); END"),
    "a trigger that keeps what came before it": ("", "WHEN new.n % 1000 = 7 BEGIN SELECT raise(FAIL, 'seven'); END"),
}


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_few_refused_among_many(tmp_path: Path, constraint: str) -> None:
    """However a table refuses some of thousands of rows, the others are stored once and in order, none is missing."""
    column, trigger = CONSTRAINTS[constraint]
    path = str(tmp_path / "own.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, timestamp TEXT, n INTEGER {column})")
        if trigger:
            connection.execute(f"CREATE TRIGGER picky BEFORE INSERT ON t {trigger}")
    numbers = [number if number % 1000 != 7 else 7 for number in range(3000)]
    wanted = [number for number in numbers if number != 7]
    if "UNIQUE" in column:
        wanted.insert(7, 7)
    sink = SqliteSink(path)
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert([block(*(("t", {"n": number}) for number in numbers))]).counts
    assert [row["n"] for row in rows(sink, "SELECT n FROM t ORDER BY id")] == wanted
    assert (counts.stored, counts.duplicate, counts.rejected) == (len(wanted), 0, 3000 - len(wanted))
    kept = rows(sink, "SELECT raw FROM _rejects ORDER BY id")
    assert [b'"n":7}' in row["raw"] for row in kept] == [True] * counts.rejected
    sink.close()


def test_many_tables_at_once(sink: Sink) -> None:
    """Rows for many tables, mixed, and columns that come in the middle: each table has its own, in order."""
    events = [(f"t{number % 40}", {"n": number} | ({"late": 1} if number > 9000 else {})) for number in range(10_000)]
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert(
            [block(*events[start : start + 700]) for start in range(0, len(events), 700)]
        ).counts
    assert counts.stored == len(events)
    for table in range(40):
        stored = [row["n"] for row in rows(sink, f"SELECT n FROM t{table} ORDER BY id")]
        assert stored == list(range(table, 10_000, 40))
    assert sum(row["n"] for row in rows(sink, "SELECT count(late) AS n FROM t0")) == 24


def test_duplicates_are_counted(sink: Sink) -> None:
    """A dedupe_key keeps the first event of each value, across transactions; events without a value all stay."""
    declared = EventTable("t", {"k": "TEXT"}, dedupe_key=("k",))
    with sink.transaction(5.0) as transaction:
        first = transaction.insert([block((DECLARE, declared.as_dict()), ("t", {"k": "a"}), ("t", {"k": "a"}))]).counts
    with sink.transaction(5.0) as transaction:
        second = transaction.insert(
            [block(("t", {"k": "a"}), ("t", {"k": "b"}), ("t", {"n": 1}), ("t", {"n": 1}))]
        ).counts
    assert (first.stored, first.duplicate, second.stored, second.duplicate) == (1, 1, 3, 1)


def test_a_declaration_that_does_not_hold_is_rejected(sink: Sink) -> None:
    """A unique key that the rows contradict is refused with a reason, and events go on being stored."""
    declared = EventTable("t", {"k": "TEXT"}, dedupe_key=("k",))
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"k": "a"}), ("t", {"k": "a"}))])
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert([block((DECLARE, declared.as_dict()), ("t", {"k": "a"}))]).counts
    assert (counts.stored, counts.rejected) == (1, 1)
    assert "dedupe_key" in rows(sink, "SELECT reason FROM _rejects")[0]["reason"]


def test_drops_are_noted(sink: Sink) -> None:
    """A drop notice in the spool ends up in _drops with its cause and count."""
    with sink.transaction(5.0) as transaction:
        transaction.insert([block((DROPS, {"cause": "disk full", "count": 7}))])
    assert rows(sink, "SELECT cause, count FROM _drops") == [{"cause": "disk full", "count": 7}]


def test_bad_table_names_are_rejected(sink: Sink) -> None:
    """A record for a table that cannot exist is kept as a reject, not lost and not fatal."""
    with sink.transaction(5.0) as transaction:
        counts = transaction.insert([block(("no table", {"a": 1}), ("_cursors", {"a": 1}), ("t", {"a": 1}))]).counts
    assert (counts.stored, counts.rejected) == (1, 2)


def test_cursors_move_and_are_forgotten(sink: Sink) -> None:
    """Advancing replaces an offset; forgetting deletes it."""
    with sink.transaction(5.0) as transaction:
        transaction.advance({"a": 1, "b": 2})
    with sink.transaction(5.0) as transaction:
        transaction.advance({"a": 5})
        transaction.forget(["b"])
    assert sink.durable_cursors() == {"a": 5}


def test_sources_and_rejects(sink: Sink) -> None:
    """The ledger of files and the rejects of an importer come back as they were saved."""
    source = Source("/x/a.jsonl", "t", 1, 2, 100, "ff", 100, 3, 1, 1, 1, 0, "field", "")
    later = replace(source, generation=1, place="/x/b", recent=b"\0\xff")
    with sink.transaction(5.0) as transaction:
        transaction.ledger.save_source(replace(source, table="other"))
        transaction.ledger.save_source(later)
        transaction.ledger.save_source(source)
        transaction.insert([refused(Reject("/x/a.jsonl", 5, "t", "why", b"\xff\x00"))])
    with sink.transaction(5.0) as transaction:
        assert transaction.ledger.sources() == [source, replace(later, recent=b"")]
        assert transaction.ledger.source("/x/a.jsonl", 1) == later
        assert transaction.ledger.source("/x/a.jsonl", 2) is None
    assert rows(sink, "SELECT offset, reason, raw FROM _rejects") == [
        {"offset": 5, "reason": "why", "raw": b"\xff\x00"}
    ]


def test_rejects_are_taken_to_be_tried_again(sink: Sink) -> None:
    """Those that are asked for, or all, are given with their ids and gone; an error brings them back."""
    made = [Reject("/x/a.jsonl", number, "t", "why", b"%d" % number) for number in range(3)]
    with sink.transaction(5.0) as transaction:
        transaction.insert([refused(*made)])
    ids = [row["id"] for row in rows(sink, "SELECT id FROM _rejects ORDER BY id")]
    with pytest.raises(RuntimeError), sink.transaction(5.0) as transaction:
        transaction.ledger.take_rejects(None)
        raise RuntimeError
    with sink.transaction(5.0) as transaction:
        assert transaction.ledger.take_rejects([ids[1], 99]) == [(ids[1], made[1])]
        assert transaction.ledger.take_rejects(None) == [(ids[0], made[0]), (ids[2], made[2])]
        assert transaction.ledger.take_rejects(None) == []


def test_queries_cannot_write(sink: Sink) -> None:
    """Statements that would change something are refused, in every form."""
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"a": 1}))])
    for sql in ("DELETE FROM t", "WITH x AS (SELECT 1) INSERT INTO t (timestamp) SELECT 'x' FROM x", "DROP TABLE t",
                "ATTACH ':memory:' AS other", "PRAGMA journal_mode = DELETE", "PRAGMA query_only = 0", "VACUUM",
                "CREATE TEMP TABLE z (a)", "SELECT load_extension('x')", "SELECT 1; SELECT 2"):  # fmt: skip
        with pytest.raises(Exception, match=r".") as caught:
            rows(sink, sql)
        assert type(caught.value).__name__ == "QueryError", sql
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("t", {"a": 2}))])
    assert len(rows(sink, "SELECT * FROM t")) == 2


def test_all_events_of_a_wide_table(sink: Sink) -> None:
    """A table with as many columns as there may be shows all of them in `all_events`."""
    event = {f"key_{number}": number for number in range(70)}
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(("wide", event))])
    (row,) = rows(sink, "SELECT event FROM all_events")
    assert json.loads(row["event"]) == event


def test_all_events_of_many_tables(sink: Sink) -> None:
    """More tables than SQLite takes in one compound SELECT are all in `all_events`."""
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(*((f"t{number}", {"a": number}) for number in range(510)))])
    assert rows(sink, "SELECT count(*) AS n, sum(event ->> 'a') AS s FROM all_events") == [{"n": 510, "s": 129795}]


def test_all_events_gives_back_the_event(sink: Sink) -> None:
    """The view shows every table's events as JSON, newest first, with booleans and nested values as they were."""
    events = [
        ("a", {"agent_id": "x", "ok": True, "deep": {"k": [1, None]}, "timestamp": "2025-01-02T00:00:00.000000+00:00"}),
        ("b", {"agent_id": "x", "n": 1.5}),
    ]
    with sink.transaction(5.0) as transaction:
        transaction.insert([block(*events)])
    found = rows(sink, "SELECT \"table\", event FROM all_events WHERE agent_id = 'x' ORDER BY timestamp")
    import json

    assert [(row["table"], json.loads(row["event"])) for row in found] == [events[0], events[1]]

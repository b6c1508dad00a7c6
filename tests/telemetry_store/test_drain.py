"""The drain goes by what a batch returns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry_store import drain as draining
from telemetry_store.drain import Drain
from telemetry_store.engines.sqlite.sink import SqliteSink
from telemetry_store.event import DECLARE, encode
from telemetry_store.schema import EventTable

NAMES = [f"w{number}-1.jsonl" for number in range(3)]


@pytest.fixture
def drain(tmp_path: Path) -> Iterator[Drain]:
    made = Drain(str(tmp_path / "spool"), SqliteSink(str(tmp_path / "a.db")))
    os.makedirs(made.directory)
    yield made
    made.close()


def write(drain: Drain, name: str, count: int) -> int:
    """Lines for several tables, more than are read at once, with a declaration among them; gives their bytes."""
    lines = [encode(f"t{number % 5}", {"n": number, "name": name, "pad": "x" * 200}) for number in range(count)]
    lines.insert(count // 2, encode(DECLARE, EventTable("t1", {"n": "INTEGER"}).as_dict()))
    Path(drain.directory, name).write_bytes(b"".join(lines))
    return sum(map(len, lines))


def cursors(drain: Drain) -> dict[str, int]:
    with drain.sink.transaction(1.0) as transaction:
        return transaction.cursors()


def rows(drain: Drain, sql: str) -> list[dict]:
    with drain.sink.reader(1.0) as reader:
        return reader.query(sql)


def test_each_batch_goes_on_where_the_last_ended(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little is taken at once, cursors only grow, and every event is stored once, in order."""
    monkeypatch.setattr(draining, "_BATCH", 1)
    drain._batch = 1
    sizes = {name: write(drain, name, 2500) for name in NAMES}
    before: dict[str, int] = {}
    cycle = drain._cycle(1.0)
    while cycle.more:
        after = cursors(drain)
        assert sum(after.values()) == sum(before.values()) + cycle.drained.bytes > sum(before.values())
        assert {name: end for name, end in after.items() if end == sizes[name]}.items() >= cycle.finished.items()
        before, cycle = after, drain._cycle(1.0)
    assert cursors(drain) == cycle.finished == sizes
    for table in range(5):
        stored = rows(drain, f"SELECT name, n FROM t{table} ORDER BY id")
        assert [(row["name"], row["n"]) for row in stored] == [
            (name, n) for name in NAMES for n in range(table, 2500, 5)
        ]


def test_what_is_returned_adds_up(drain: Drain) -> None:
    """Counts, bytes and gaps of all cycles; segments that are finished and durable are deleted, and stay forgotten."""
    sizes = [write(drain, name, 2500) for name in NAMES]
    path = Path(drain.directory, NAMES[0])
    whole, line = path.read_bytes(), encode("t0", {"n": -1})
    path.write_bytes(whole + b"\0" * 100 + b"no record\n" + line + b"no record\n" + b"\0" * 50)
    drained = drain.run(5.0, tidy=True)
    assert drained == drain.totals
    assert (drained.gaps, drained.deleted, os.listdir(drain.directory)) == (1, 3, ["drain.lock"])
    assert drained.bytes == sum(sizes) + len(line) + 10
    assert (drained.counts.stored, drained.counts.rejected) == (3 * 2500 + 1, 2)
    rejects = rows(drain, "SELECT offset, reason, raw FROM _rejects ORDER BY offset")
    assert [(row["offset"] - len(whole), row["raw"]) for row in rejects] == [
        (0, b""),
        (110 + len(line), b"no record\n"),
    ]
    write(drain, "w3-1.jsonl", 5)
    assert drain.run(5.0).counts.stored == 5
    assert set(cursors(drain)) == {"w3-1.jsonl"}

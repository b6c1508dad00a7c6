"""Events of all tables in the order of their times, and as they come."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry_store import TelemetryStore, UsageError
from telemetry_store.engines.sqlite.reader import SqliteReader, reading
from telemetry_store.reading.timeline import Tail, around, moment
from telemetry_store.selection import Condition, StoredEvent, Window

DAY = "2026-01-31T"


def at(hour: int, **fields: object) -> dict:
    return {"timestamp": f"{DAY}{hour:02}:00:00.000000+00:00", **fields}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    with TelemetryStore(path) as store:
        for hour in range(6):
            store.record("chat", at(hour, agent_id="x" if hour % 2 else "y", text=f"hello {hour}", deep={"k": hour}))
            store.record("beats", at(hour, agent_id="x", ok=hour > 2, ms=hour / 2))
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE untimed (a TEXT PRIMARY KEY) WITHOUT ROWID")
        connection.execute("INSERT INTO untimed VALUES ('z')")
    return path


@pytest.fixture
def reader(database: Path) -> Iterator[SqliteReader]:
    with reading(str(database)) as found:
        yield found


def places(found: list[StoredEvent]) -> list[tuple[str, int]]:
    return [(each.table, each.id) for each in found]


def ask(reader: SqliteReader, *texts: str, limit: int = 100) -> list[tuple[str, int]]:
    window = Window(where=[Condition.parse(text) for text in texts])
    return sorted(places(reader.by_time(reader.catalogue.tables.values(), window, limit)))


def test_newest_first_over_all_tables(reader: SqliteReader) -> None:
    """The newest events of all tables come newest first, and no more than asked for."""
    found = list(reader.by_time(reader.catalogue.tables.values(), Window(), 5))
    assert [each.timestamp[11:13] for each in found] == ["05", "05", "04", "04", "03"]
    assert {each.table for each in found} == {"chat", "beats"}


def test_events_come_back_whole(reader: SqliteReader) -> None:
    """An event has its booleans and nested values as they were recorded."""
    tables = reader.catalogue.tables
    (chat, *_), (beat, *_) = reader.events(tables["chat"]), reader.events(tables["beats"])
    assert chat.event == at(0, agent_id="y", text="hello 0", deep={"k": 0})
    assert beat.event == at(0, agent_id="x", ok=False, ms=0.0)
    assert [each.event for each in reader.events(tables["untimed"])] == [{"a": "z"}]


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["agent_id=y"], [("chat", 1), ("chat", 3), ("chat", 5)]),
        (["agent_id=y", "text~O 4"], [("chat", 5)]),
        (["text=hello 2"], [("chat", 3)]),
        (["ok=true", "ms>=2"], [("beats", 5), ("beats", 6)]),
        (["ms<0.5"], [("beats", 1)]),
        (["agent_id!=x", "text!=hello 0"], [("chat", 3), ("chat", 5)]),
        (['deep={"k":3}'], [("chat", 4)]),
        (["nothing=1"], []),
        (["agent_id=' OR 1=1 --"], []),
    ],
)
def test_conditions(reader: SqliteReader, texts: list[str], wanted: list[tuple[str, int]]) -> None:
    """Conditions hold on columns of every type and on what is in metadata_json; all of them must."""
    assert ask(reader, *texts) == wanted


def test_a_window_in_time(reader: SqliteReader) -> None:
    """A window begins with its first moment and ends before its last."""
    tables = reader.catalogue.tables
    found = list(reader.by_time(tables.values(), Window(moment(DAY + "02:00"), moment(DAY + "04:00")), 100))
    assert {each.timestamp[11:13] for each in found} == {"02", "03"}


def test_each_table_searches_an_index(reader: SqliteReader) -> None:
    """Everything about one agent searches an index in each table and sorts nothing."""
    tables = reader.catalogue.tables
    seen: list[str] = []
    reader.connection.set_trace_callback(seen.append)
    list(reader.by_time(tables.values(), Window(where=[Condition("agent_id", "=", "x")]), 10))
    reader.connection.set_trace_callback(None)
    plans = [reader.connection.execute("EXPLAIN QUERY PLAN " + each).fetchall() for each in seen if "agent_id" in each]
    assert len(plans) == 2
    for plan in plans:
        assert len(plan) == 1
        assert "agent_id_timestamp (agent_id=?)" in plan[0][3]


def test_around_an_event(reader: SqliteReader) -> None:
    """Around an event stand half as many before it as asked for, itself, and half as many after it."""
    tables = reader.catalogue.tables
    found = around(reader, tables, "chat:3", [], 4)
    assert ("chat", 3) in places(found)
    assert [each.timestamp[11:13] for each in found] == ["03", "02", "02", "01", "01"]
    for wrong in ("chat:99", "chat", "nowhere:1", "chat:x"):
        with pytest.raises(UsageError):
            around(reader, tables, wrong, [], 4)


def test_moments() -> None:
    """A moment is a time in any form, a day, now, or a span before now."""
    now = 1_769_860_800.0  # 2026-01-31T12:00
    assert moment("1h", now) == f"{DAY}11:00:00.000000+00:00"
    assert moment("now", now) == f"{DAY}12:00:00.000000+00:00"
    assert moment("2026-01-31") == f"{DAY}00:00:00.000000+00:00"
    assert moment("2026-01-31T13:00:00+02:00") == f"{DAY}11:00:00.000000+00:00"
    with pytest.raises(UsageError):
        moment("soon")


def test_a_tail_shows_each_event_once(database: Path) -> None:
    """A tail gives the last events, then those that come, each once, also of tables and columns that are new."""
    tail = Tail(
        lambda reader: reader.catalogue.tables,
        Window(since=moment(DAY + "03:00"), where=[Condition("agent_id", "=", "x")]),
    )
    with reading(str(database)) as reader:
        assert [each.timestamp[11:13] for each in tail.last(reader, 2)] == ["05", "05"]
        assert len(tail.last(reader, 100)) == 5
        assert tail.look(reader) == []
    with TelemetryStore(database) as store:
        store.record("chat", at(9, agent_id="x", fresh=1))
        store.record("chat", at(9, agent_id="y"))
        store.record("added", at(8, agent_id="x"))
    with reading(str(database)) as reader:
        assert [(each.table, each.event) for each in tail.look(reader)] == [
            ("added", at(8, agent_id="x")), ("chat", at(9, agent_id="x", fresh=1))]  # fmt: skip
        assert tail.look(reader) == []


@pytest.mark.parametrize("command", [("tail", "chat"), ("timeline",)])
def test_the_commands_follow(database: Path, command: tuple[str, ...]) -> None:
    """With --follow, events are printed as they are recorded; an interrupt ends it well."""
    arguments = [
        sys.executable,
        "-m",
        "telemetry_store.cli",
        *command,
        "--follow",
        "-n",
        "1",
        "--json",
        "--db",
        str(database),
    ]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process, TelemetryStore(database) as store:
        try:
            assert json.loads(process.stdout.readline())["timestamp"].startswith(DAY + "05")
            for number in range(3):
                store.record("chat", number=number)
            found = [json.loads(process.stdout.readline())["event"] for _ in range(3)]
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert found == [{"number": 0}, {"number": 1}, {"number": 2}]

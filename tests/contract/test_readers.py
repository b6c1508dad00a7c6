"""Every reader keeps the contract in `engines/base.py`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from telemetry_store import DatabaseMissing, EventTable, QueryError, QueryStopped, TelemetryStore
from telemetry_store.engines.base import Note, Reader, Sink
from telemetry_store.reading.search import build
from telemetry_store.selection import Condition, Window
from tests.contract.engines import ENGINES

DAY = "2026-01-31T"


def at(hour: int, **fields: object) -> dict:
    return {"timestamp": f"{DAY}{hour:02}:00:00.000000+00:00", **fields}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TelemetryStore]:
    sink: Sink = ENGINES[request.param](tmp_path)
    with TelemetryStore(tmp_path / "contract.db", sink=sink) as store:
        yield store


@pytest.fixture
def filled(store: TelemetryStore) -> TelemetryStore:
    store.declare(EventTable("beats", {"beat_id": "TEXT"}, dedupe_key="beat_id", doc="Signs of life."))
    for hour in range(6):
        store.record("chat", at(hour, agent_id="x" if hour % 2 else "y", text=f"hello {hour}", deep={"k": hour}))
        store.record("beats", at(hour, agent_id="x", beat_id=str(hour), ok=hour > 2))
    store.flush()
    return store


@pytest.fixture
def reader(filled: TelemetryStore) -> Iterator[Reader]:
    with filled.reader() as reader:
        yield reader


def test_nothing_was_ever_committed(store: TelemetryStore) -> None:
    """Where there is no database, a reader says so."""
    with pytest.raises(DatabaseMissing), store.reader() as reader:
        reader.value("SELECT 1")


def test_the_catalogue_knows_the_tables(reader: Reader) -> None:
    """It gives the tables with their columns, what was declared and noted, keys and counts."""
    catalogue = reader.catalogue
    assert set(catalogue.tables) == set(catalogue.own) == set(catalogue.written) == {"beats", "chat"}
    assert list(catalogue.names) == ["beats", "chat"]
    assert catalogue.version > 0
    assert {"_tables", "_sources", "_rejects"} <= catalogue.system
    assert {"agent_id", "text"} <= set(catalogue.tables["chat"].columns)
    assert catalogue.notes["beats", ""].doc == "Signs of life."
    assert catalogue.notes["chat", "text"].origin == "created"
    assert catalogue.notes.get(("chat", "nothing"), Note()).origin == "adopted"
    assert (catalogue.key("beats"), catalogue.key("chat")) == (("beat_id",), ())
    assert (catalogue.count("chat"), catalogue.newest_number("chat")) == (6, 6)
    assert catalogue.number("chat") == "id"
    assert ("agent_id", "timestamp") in catalogue.indexes("chat").values()
    assert {"timestamp", "agent_id"} <= catalogue.leading("chat")
    assert "text" not in catalogue.leading("chat")


def test_events_as_they_were_stored(reader: Reader) -> None:
    """The events of a table come in the order in which they were stored, from a number on, or one alone."""
    chat = reader.catalogue.tables["chat"]
    assert [event.id for event in reader.events(chat)] == [1, 2, 3, 4, 5, 6]
    assert [event.id for event in reader.events(chat, after=4)] == [5, 6]
    (event,) = reader.events(chat, only=3)
    assert event.event == at(2, agent_id="y", text="hello 2", deep={"k": 2})
    window = Window(where=[Condition("deep", "~", "5")])
    assert [event.id for event in reader.events(chat, window)] == [6]


def test_events_by_time(reader: Reader) -> None:
    """The events of all tables come in the order of their times, within a window, and no more than asked for."""
    tables = reader.catalogue.tables.values()
    newest = [(event.table, event.timestamp[11:13]) for event in reader.by_time(tables, limit=3)]
    assert newest == [("beats", "05"), ("chat", "05"), ("beats", "04")] or newest[0][1] == newest[1][1] == "05"
    window = Window(since=DAY + "02", until=DAY + "04", where=[Condition("agent_id", "=", "x")])
    oldest = [(event.table, event.timestamp[11:13]) for event in reader.by_time(tables, window, newest_first=False)]
    assert sorted(oldest) == [("beats", "02"), ("beats", "03"), ("chat", "03")]


def test_rows_as_they_are(reader: Reader) -> None:
    """The columns of a table come with all its rows."""
    names, rows = reader.table_rows(reader.catalogue.tables["chat"], Window(until=DAY + "01"))
    (row,) = rows
    assert dict(zip(names, row, strict=True))["text"] == "hello 0"


def test_a_statement_is_contained(reader: Reader) -> None:
    """A statement that somebody wrote gives its rows; what would write is refused, what runs too long is stopped."""
    assert reader.query("SELECT count(*) AS n FROM chat WHERE agent_id = ?", ("x",)) == [{"n": 3}]
    names, rows = islice(reader.stream("SELECT 1 AS a, 'b' AS b"), 2)
    assert (list(names), [tuple(row) for row in rows]) == (["a", "b"], [(1, "b")])
    with pytest.raises(QueryError):
        reader.query("DELETE FROM chat")
    start = time.monotonic()
    with pytest.raises(QueryStopped):
        reader.query("SELECT count(*) FROM chat a, chat b, chat c, chat d, chat e, chat f, chat g, chat h, chat i, "
                     "chat j, chat k, chat l, chat m, chat n", timeout=0.2)  # fmt: skip
    assert time.monotonic() - start < 5
    assert reader.value("SELECT count(*) FROM chat") == 6
    with pytest.raises(QueryError):
        reader.value("SELECT nothing FROM chat")


def test_one_moment(filled: TelemetryStore, reader: Reader) -> None:
    """Within a moment nothing changes, whatever others store; afterwards it is there."""
    with reader.moment():
        filled.record("chat", at(9, text="later"))
        filled.flush()
        assert reader.catalogue.count("chat") == 6
    assert reader.catalogue.count("chat") == 7


def test_words(filled: TelemetryStore) -> None:
    """Rows that hold all words are found by a search index, also those that came after it was made."""
    with filled.reader() as reader:
        assert reader.catalogue.searched() == {}
    build(filled, ["chat"])
    filled.record("chat", at(9, text="Hello again"))
    filled.flush()
    with filled.reader() as reader:
        chat = reader.catalogue.tables["chat"]
        assert "text" in reader.catalogue.searched()["chat"]
        assert list(reader.matches(chat, ["hello", "ag*"])) == [7]
        assert list(reader.matches(chat, ["hello"])) == [7, 6, 5, 4, 3, 2, 1]
    with filled.transaction() as transaction:
        transaction.drop_search_index("chat")
    with filled.reader() as reader:
        assert reader.catalogue.searched() == {}

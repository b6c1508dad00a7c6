"""Words in events: found in every text, and in step with the tables whatever happens to their rows."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from telemetry_store import TelemetryStore, UsageError
from telemetry_store.cli import app
from telemetry_store.engines.sqlite.reader import reading
from telemetry_store.reading import search as searching
from telemetry_store.selection import Condition, Window

EVERYTHING = Window()


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = str(tmp_path / "a.db")
    with TelemetryStore(path) as store:
        for number in range(50):
            store.record("chat", text=f"Größe {number} of the parcel", agent_id="x", deep={"note": "hidden treasure"})
            store.record("errors", message=f"timeout after {number} s", n=number)
        store.record("numbers", n=1)
        store.flush()
        searching.build(store)
    return path


def found(path: str, *words: str, limit: int = 1000, window: Window = EVERYTHING) -> list[tuple[str, int]]:
    with reading(path) as reader:
        return [(each.table, each.id) for each in searching.search(reader, words, window, limit)]


def consistent(path: str) -> None:
    """FTS5 compares each index with its table."""
    with closing(sqlite3.connect(path)) as connection:
        for name in ("chat", "errors"):
            connection.execute(f"INSERT INTO _search_{name}(_search_{name}, rank) VALUES ('integrity-check', 1)")


def test_words_are_found_in_every_text(database: str) -> None:
    """All words must be there, in columns or in nested values; capitals, accents and beginnings are as one expects."""
    assert found(database, "grosse", "7") == []
    assert found(database, "GROSSE") == []
    assert found(database, "größe", "7") == found(database, "GROßE", "7") == [("chat", 8)]
    assert len(found(database, "treas*")) == 50
    assert found(database, "timeout", "12") == [("errors", 13)]
    assert found(database, "parcel", limit=2) == [("chat", 50), ("chat", 49)]
    assert found(database, "parcel", '"; DROP TABLE chat --') == []
    assert found(database, "parcel", window=Window(where=[Condition("agent_id", "=", "nobody")])) == []


def test_the_drain_keeps_the_index_current(database: str) -> None:
    """What is recorded later is found as soon as it is drained, new columns' tables included."""
    with TelemetryStore(database) as store:
        store.record("chat", text="a fresh parcel", fresh_column="x")
        store.flush()
        assert ("chat", 51) in found(database, "fresh")
    consistent(database)


def test_deleted_and_changed_rows_leave_the_index(database: str) -> None:
    """Rows that anybody deletes or changes are in step with the index; those that others add come with the next drain."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM chat WHERE id IN (8, 50)")
        connection.execute("UPDATE errors SET message = 'solved' WHERE id = 13")
        connection.execute(
            "INSERT INTO errors (timestamp, message) VALUES ('2026-01-01T00:00:00.000000+00:00', 'foreign')"
        )
        connection.execute("DELETE FROM errors WHERE message = 'foreign'")
        connection.execute(
            "INSERT INTO errors (timestamp, message) VALUES ('2026-01-01T00:00:00.000000+00:00', 'strange')"
        )
        connection.commit()
    assert found(database, "größe", "7") == []
    assert found(database, "timeout", "12") == []
    assert found(database, "solved") == [("errors", 13)]
    assert found(database, "strange") == []
    with TelemetryStore(database) as store:
        store.record("errors", message="one more")
    assert len(found(database, "strange")) == 1
    consistent(database)


def test_rows_still_go_in_many_at_once(database: str) -> None:
    """A search index does not make its table one that gets its rows one by one."""
    from telemetry_store.engines.sqlite.catalogue import delicate_tables

    with closing(sqlite3.connect(database)) as connection:
        assert delicate_tables(connection) == set()
        connection.execute("CREATE TRIGGER other AFTER INSERT ON chat BEGIN SELECT 1; END")
        assert delicate_tables(connection) == {"chat"}


def test_the_command(database: str) -> None:
    """Without an index the command says how to make one; with one it prints events; --drop removes it."""
    runner = CliRunner()
    rows = json.loads(runner.invoke(app, ["search", "timeout", "49", "--db", database, "--json"]).stdout)
    assert [(row["table"], row["event"]["n"]) for row in rows] == [("errors", 49)]
    assert "chat" in runner.invoke(app, ["search", "--drop", "--db", database]).stdout
    done = runner.invoke(app, ["search", "timeout", "--db", database])
    assert (done.exit_code, "--build" in done.stderr) == (2, True)
    done = runner.invoke(app, ["search", "timeout", "3", "--build", "--table", "errors", "--db", database])
    assert "errors:4" in done.stdout
    assert isinstance(runner.invoke(app, ["search", "x", "--table", "chat", "--db", database]).exception, UsageError)
    assert isinstance(
        runner.invoke(app, ["search", "--build", "--table", "nowhere", "--db", database]).exception, UsageError
    )
    assert runner.invoke(app, ["search", "--db", database]).exit_code == 2

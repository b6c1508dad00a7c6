"""What stands under an old name: it reads, it writes where asked, and it does not stop anything."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from importers.merge import databases_in, merge
from importers.merge.merge_plan import DatabasePlan, Plan, TablePlan
from telemetry_store import TelemetryStore
from tests.importers.merge.old import make

SQL = """
    CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'new', n INT, twice AS (n * 2),
        made_at TEXT DEFAULT (date('2020-01-01')));
    CREATE TABLE bag (a, b);
    CREATE TABLE pairs (a TEXT, b TEXT, c, PRIMARY KEY (b, a)) WITHOUT ROWID;
    INSERT INTO items (name, n) VALUES ('one', 1), ('two', 2);
    INSERT INTO bag VALUES (1, NULL), (1, NULL), (2, 'x');
    INSERT INTO pairs VALUES ('a', 'b', 1), ('a', 'c', 2);
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three merged tables with views that can be written."""
    old = make(tmp_path / "old.db", SQL)
    tables = {name: TablePlan("merge", f"new_{name}", view="write") for name in ("items", "bag", "pairs")}
    plan = Plan((DatabasePlan(str(old), "merge", "new", tables),))
    done = merge(str(tmp_path / "a.db"), plan)
    assert done.status == "merged", done.conflicts
    return tmp_path / "a.db"


@pytest.mark.parametrize(
    "statements",
    [
        ["INSERT INTO items (n) VALUES (7)", "INSERT INTO items (id, name) VALUES (70, 'x')"],
        ["UPDATE items SET n = n + 1 WHERE name = 'one'", "DELETE FROM items WHERE twice = 4"],
        ["UPDATE items SET id = 9 WHERE id = 1"],
        ["INSERT INTO bag VALUES (3, 4), (3, 4)", "UPDATE bag SET b = 5 WHERE a = 1", "DELETE FROM bag WHERE a = 3"],
        ["DELETE FROM bag WHERE b IS NULL"],
        ["INSERT INTO pairs VALUES ('x', 'y', NULL)", "UPDATE pairs SET c = 7, a = 'z' WHERE b = 'c'",
         "INSERT OR REPLACE INTO pairs VALUES ('x', 'y', 5)", "DELETE FROM pairs WHERE b = 'b'"],
    ],
)  # fmt: skip
def test_writes_do_the_same(tmp_path: Path, database: Path, statements: list[str]) -> None:
    """Statements on the view leave the table as they leave the table in the old file."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as old, closing(sqlite3.connect(database)) as new:
        for statement in statements:
            old.execute(statement)
            new.execute(statement)
        for name in ("items", "bag", "pairs"):
            assert (
                new.execute(f"SELECT * FROM new_{name}").fetchall() == old.execute(f"SELECT * FROM {name}").fetchall()
            )
            assert new.execute(f"SELECT * FROM {name}").fetchall() == old.execute(f"SELECT * FROM {name}").fetchall()


def test_constraints_hold_through_the_view(database: Path) -> None:
    """What the table refuses, the view refuses."""
    with closing(sqlite3.connect(database)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO pairs VALUES ('a', 'b', 9)")


def test_old_code_that_makes_its_tables(database: Path) -> None:
    """CREATE TABLE IF NOT EXISTS with the old name, as old code does at its start, changes nothing."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bag (a, b)")
        assert connection.execute("SELECT count(*) FROM bag").fetchone() == (3,)


@pytest.mark.parametrize("event", [{}, {"a": 1}, {"unknown": [1]}])
def test_an_event_for_a_view_stops_nothing(database: Path, event: dict) -> None:
    """An event that is recorded under a view's name is rejected with that reason; those behind it are stored."""
    with TelemetryStore(database) as store:
        store.record("bag", event)
        store.record("chat", text="x")
        assert store.query("SELECT text FROM chat") == [{"text": "x"}]
        assert store.query("SELECT reason FROM _rejects") == [{"reason": "bag is a view, not a table"}]


def test_merged_tables_are_on_the_timeline(tmp_path: Path) -> None:
    """A merged table with a time column is part of all_events, blobs and wide tables included."""
    columns = ", ".join(f"c{number} BLOB" for number in range(80))
    old = make(tmp_path / "old.db", f"CREATE TABLE wide (created_at TEXT, {columns});"
               "INSERT INTO wide (created_at, c3) VALUES ('2020-01-01T00:00:00', x'00'), (x'ff', 'y');")  # fmt: skip
    with TelemetryStore(tmp_path / "a.db") as store:
        store.record("chat", text="x")
    plan = Plan((DatabasePlan(str(old), "merge", "old"),))
    assert databases_in([old], target=str(tmp_path / "a.db"))
    assert merge(str(tmp_path / "a.db"), plan).status == "merged"
    with TelemetryStore(tmp_path / "a.db") as store:
        found = store.query('SELECT "table", event FROM all_events ORDER BY "table"')
    assert [each["table"] for each in found] == ["chat", "old_wide", "old_wide"]

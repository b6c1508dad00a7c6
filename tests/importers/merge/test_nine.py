"""The nine databases of a consolidation plan: merged as planned, with the names it wants, and undone again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from importers.merge import databases_in, draft, examine, merge, read_plan, rollback
from telemetry_store import TelemetryStore
from tests.importers.merge.content import digest, everything, rows, sound
from tests.importers.merge.old import make_nine


@pytest.fixture
def nine(tmp_path: Path) -> Path:
    """The plan, beside the nine files and a database with events."""
    plan = make_nine(tmp_path)
    with TelemetryStore(tmp_path / "foundups.db") as store:
        store.record("chat", agent_id="x", text="before")
    return plan


def merged(plan: Path):
    return merge(str(plan.parent / "foundups.db"), read_plan(plan))


def test_everything_arrives(nine: Path) -> None:
    """Each table has the rows it had, by count and content; the database is sound."""
    done = merged(nine)
    assert done.status == "merged", done.conflicts
    database = nine.parent / "foundups.db"
    tables = [each for each in done.record.tables if each.kind == "table" and not each.joined]
    assert len(tables) == 19
    for each in tables:
        assert digest(database, each.name) == digest(each.path, each.old), each.name
        assert digest(database, each.name)[0] == each.rows
    sound(database)
    assert rows(database, "SELECT seq FROM sqlite_sequence WHERE name = 'notification_roadmap'") == [(3,)]
    assert rows(database, "SELECT rowid FROM system_audit") == [(2,), (3,)]


def test_joined_tables(nine: Path) -> None:
    """Two tables become one where the plan says so: all columns, and the first row of each key."""
    merged(nine)
    found = rows(nine.parent / "foundups.db", "SELECT * FROM system_schema_metadata ORDER BY name")
    assert found == [("commits", "of the agents", "n"), ("notifications", "of the roadmap", None),
                     ("roadmap_items", "priorities", None)]  # fmt: skip


def test_files_that_are_not_wanted(nine: Path) -> None:
    """A file to be deleted is gone afterwards and has a backup; one to be kept stays; the merged ones stay."""
    done = merged(nine)
    left = {path.name for path in nine.parent.glob("*.db")}
    assert "test_unified.db" not in left
    assert "unified_roadmap_specs.db" not in left
    assert {"metrics.db", "roadmap.db"} <= left
    backup = next(each.backup for each in done.record.sources if each.path.endswith("test_unified.db"))
    assert rows(backup, "SELECT * FROM t") == [(1,)]


def test_old_code_goes_on(nine: Path) -> None:
    """Under the old names one reads, and writes where the plan says so; triggers and foreign keys still work."""
    merged(nine)
    with closing(sqlite3.connect(nine.parent / "foundups.db")) as connection:
        connection.execute("PRAGMA foreign_keys = 1")
        assert connection.execute("SELECT count(*) FROM orchestrator_tasks").fetchone() == (3,)
        connection.execute("INSERT INTO notifications (user, text) VALUES ('eve', 'new')")
        new = connection.execute("SELECT * FROM notification_user WHERE user = 'eve'").fetchone()
        assert new == (4, "eve", "new", 0)
        connection.execute("UPDATE roadmap_items SET status = 'gone' WHERE id = 'US-2'")
        audit = connection.execute("SELECT item, change FROM roadmap_audit ORDER BY id DESC LIMIT 1").fetchone()
        assert audit == ("US-2", "Done→gone")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO specs_task VALUES (99, 12345, NULL, 'open')")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("DELETE FROM roadmap_items WHERE id = 'US-1'")
        assert connection.execute("SELECT id, item FROM open_tasks ORDER BY id").fetchall() == [
            (1, "US-1"),
            (5, "US-2"),
        ]


def test_everything_is_described(nine: Path) -> None:
    """Each merged table and view and each of its columns stands in `_tables`."""
    done = merged(nine)
    database = nine.parent / "foundups.db"
    known = set(rows(database, 'SELECT "table", "column" FROM _tables WHERE doc <> \'\''))
    for each in done.record.tables:
        columns = rows(database, f"SELECT name FROM pragma_table_xinfo('{each.name}')")
        assert {(each.name, ""), *((each.name, name) for (name,) in columns)} <= known
    (doc,) = rows(database, "SELECT doc FROM _tables WHERE \"table\" = 'roadmap_priority' AND \"column\" = ''")[0]
    assert doc.startswith("Strategic priorities. Table roadmap_items of ")


def test_rollback_restores_everything(nine: Path) -> None:
    """After a rollback every statement and every row is what it was, deleted files included."""
    database = nine.parent / "foundups.db"
    before = {path.name: everything(path) for path in nine.parent.glob("*.db")}
    merged(nine)
    assert everything(database) != before["foundups.db"]
    done = rollback(str(database))
    assert done.status == "rolled back"
    assert done.changed == []
    assert {path.name: everything(path) for path in nine.parent.glob("*.db")} == before
    assert rollback(str(database)).status == "nothing to roll back"


def test_rollback_keeps_what_came_later(nine: Path) -> None:
    """Events recorded after the merge stay; a merged table that has changed since is kept in a copy."""
    merged(nine)
    database = nine.parent / "foundups.db"
    with TelemetryStore(database) as store:
        store.record("chat", agent_id="x", text="after")
        store.record("later", agent_id="x")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO orchestrator_bug VALUES (77, NULL)")
    done = rollback(str(database))
    assert done.changed == ["orchestrator_bug"]
    assert rows(database, "SELECT text FROM chat ORDER BY id") == [("before",), ("after",)]
    assert rows(database, "SELECT agent_id FROM later") == [("x",)]
    assert rows(done.aside, "SELECT count(*) FROM orchestrator_bug") == [(3,)]
    assert len(rows(database, "SELECT * FROM all_events")) == 3  # those of the merged tables are gone


def test_again_does_nothing(nine: Path) -> None:
    """A merge that is in force is not done twice."""
    merged(nine)
    before = everything(nine.parent / "foundups.db")
    assert merged(nine).status == "already merged"
    assert everything(nine.parent / "foundups.db") == before


def test_conflicts_are_shown_before_anything_happens(nine: Path) -> None:
    """Without a plan the names that clash are told, with other columns and keys that are in both."""
    database = str(nine.parent / "foundups.db")
    before = everything(database)
    found = databases_in([nine.parent], target=database)
    assert len(found) == 9
    plan = draft(found)
    conflicts = examine(plan, database).conflicts
    assert {(each.kind, each.table) for each in conflicts} == {
        ("view", "notifications"), ("view", "schema_metadata"), ("view", "task_group_dependencies"),
        ("view", "implementation_tasks")}  # fmt: skip
    assert merge(database, plan).status == "conflicts"
    assert everything(database) == before

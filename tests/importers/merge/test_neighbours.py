"""A merge beside others: stores that record meanwhile, programs that have a file open, merges one after the other."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from importers.merge import MergeFailed, merge, rollback
from importers.merge.journal import alone
from importers.merge.merge_plan import DatabasePlan, Plan
from telemetry_store import DatabaseBusy, TelemetryStore
from tests.importers.merge.content import everything, rows
from tests.importers.merge.old import make

SQL = "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t (a) VALUES ('x'), ('y');"


def plan(*paths: Path, action: str = "merge") -> Plan:
    return Plan(tuple(DatabasePlan(str(path), action, path.stem) for path in paths), views="none")


def test_events_recorded_meanwhile(tmp_path: Path) -> None:
    """What a store records during a merge and during its rollback is there afterwards, each event once and in order."""
    sources = [make(tmp_path / f"old{number}.db", SQL) for number in range(3)]
    database = tmp_path / "a.db"
    stop = threading.Event()
    recorded = 0

    def record() -> None:
        nonlocal recorded
        with TelemetryStore(database) as store:
            while not stop.wait(0.0005):
                store.record("chat", n=recorded)
                recorded += 1

    recorder = threading.Thread(target=record)
    recorder.start()
    try:
        for _ in range(2):
            assert merge(str(database), plan(*sources)).status == "merged"
            assert rollback(str(database)).status == "rolled back"
        assert merge(str(database), plan(*sources)).status == "merged"
    finally:
        stop.set()
        recorder.join()
    assert recorded > 50
    assert rows(database, "SELECT n FROM chat ORDER BY id") == [(number,) for number in range(recorded)]
    assert rows(database, "SELECT count(*) FROM old2_t") == [(2,)]


def test_a_file_in_use_is_not_deleted(tmp_path: Path) -> None:
    """A file with a log that somebody has open stays and is named; when it is free, merging again deletes it."""
    old = make(tmp_path / "old.db", "PRAGMA journal_mode = WAL;" + SQL)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("SELECT * FROM t").fetchall()
        done = merge(str(tmp_path / "a.db"), plan(old, action="delete"))
        assert [note for note in done.notes if "somebody uses it" in note]
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)
    again = merge(str(tmp_path / "a.db"), plan(old, action="delete"))
    assert again.status == "already merged"
    assert not old.exists()
    assert rollback(str(tmp_path / "a.db")).notes == [f"{old} is back"]
    assert rows(old, "SELECT count(*) FROM t") == [(2,)]


def test_a_file_that_was_written_to_is_not_deleted(tmp_path: Path) -> None:
    """What came into a file after its backup keeps it from being deleted, and from being replaced."""
    old = make(tmp_path / "old.db", "PRAGMA journal_mode = WAL;" + SQL)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("SELECT * FROM t").fetchall()
        merge(str(tmp_path / "a.db"), plan(old, action="delete"))
        connection.execute("INSERT INTO t (a) VALUES ('late')")
        connection.commit()
    (note,) = merge(str(tmp_path / "a.db"), plan(old, action="delete")).notes
    assert "written to since its backup" in note
    (note,) = rollback(str(tmp_path / "a.db")).notes
    assert "is not what was deleted" in note
    assert rows(old, "SELECT count(*) FROM t") == [(3,)]


def test_one_after_the_other(tmp_path: Path) -> None:
    """Merges are undone in the reverse order, each to the state before it."""
    one, two = make(tmp_path / "one.db", SQL), make(tmp_path / "two.db", SQL)
    database = tmp_path / "a.db"
    with TelemetryStore(database) as store:
        store.record("chat", text="x")
    states = [everything(database)]
    for each in (one, two):
        merge(str(database), plan(each))
        states.append(everything(database))
    assert rollback(str(database)).tables == ["two_t"]
    assert everything(database) == states[1]
    rollback(str(database))
    assert everything(database) == states[0]


def test_nobody_else_may_read_the_backups(tmp_path: Path) -> None:
    """A backup can be read by those only who can read the original, and so can a file that is brought back."""
    old = make(tmp_path / "old.db", SQL)
    old.chmod(0o600)
    done = merge(str(tmp_path / "a.db"), plan(old, action="delete"))
    backup = Path(done.record.sources[0].backup)
    assert [path.stat().st_mode & 0o777 for path in (backup, backup.parent, backup.parent.parent)] == [
        0o600,
        0o700,
        0o700,
    ]
    rollback(str(tmp_path / "a.db"))
    assert old.stat().st_mode & 0o777 == 0o600


def test_a_second_merge_at_the_same_time_is_refused(tmp_path: Path) -> None:
    """While one is under way another says so and does nothing."""
    old = make(tmp_path / "old.db", SQL)
    with alone(str(tmp_path / "a.db")), pytest.raises(DatabaseBusy, match="another merge"):
        merge(str(tmp_path / "a.db"), plan(old))


def test_a_backup_stays_whatever_the_file_is_called(tmp_path: Path) -> None:
    """The backup of a file whose name ends as those of our own copies do is kept, so the file can be brought back."""
    for name in ("old-utf8.db", "old.db.utf8", "rehearsal.db"):
        old = make(tmp_path / name, SQL)
        database = str(tmp_path / "a.db")
        wanted = Plan((DatabasePlan(str(old), "merge", "old"),), views="none")
        assert merge(database, wanted).status == "merged"
        old.unlink()
        assert rollback(database).notes == [f"{old} is back"], name


def test_a_locked_database(tmp_path: Path) -> None:
    """A program that holds the write lock makes the merge give up in time, with nothing done."""
    old = make(tmp_path / "old.db", SQL)
    with TelemetryStore(tmp_path / "a.db") as store:
        store.record("chat", text="x")
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy):
            merge(str(tmp_path / "a.db"), plan(old), timeout=0.3)
        other.execute("ROLLBACK")
    assert merge(str(tmp_path / "a.db"), plan(old)).status == "merged"


def test_files_that_went_after_the_merge(tmp_path: Path) -> None:
    """A merged file that was deleted by hand comes back with the rollback; without its backup nothing is undone."""
    old = make(tmp_path / "old.db", SQL)
    before = everything(old)
    database = str(tmp_path / "a.db")
    done = merge(database, plan(old))
    old.unlink()
    backup = Path(done.record.sources[0].backup)
    hidden = backup.rename(tmp_path / "hidden")
    with pytest.raises(MergeFailed, match="only the database has its tables"):
        rollback(database)
    assert rows(database, "SELECT count(*) FROM old_t") == [(2,)]
    hidden.rename(backup)
    assert rollback(database).notes == [f"{old} is back"]
    assert everything(old) == before

"""Old files as one finds them: live, half-written, in UTF-16, damaged, many, or no databases at all."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from importers.merge import MergeFailed, databases_in, draft, merge
from importers.merge.hashing import HashJob, TableHash, hashed, hashing
from importers.merge.merge_plan import DatabasePlan, Plan
from telemetry_store.engines.sqlite.foreign import moment_of
from telemetry_store.worker import Worker
from tests.importers.merge.content import digest, everything, rows, sound
from tests.importers.merge.old import make

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t (a) VALUES ('x'), (NULL);"


def plan(*paths: Path, **options) -> Plan:
    return Plan(tuple(DatabasePlan(str(path), "merge", path.stem, **options) for path in paths), views="none")


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_live_source_is_read_at_one_moment(tmp_path: Path, mode: str) -> None:
    """While a writer keeps two tables equal in each transaction, they are equal in the copy, and the writer loses nothing."""
    old = make(tmp_path / "old.db", f"PRAGMA journal_mode = {mode}; CREATE TABLE one (n); CREATE TABLE two (n);")
    stop, written = threading.Event(), []

    def write() -> None:
        with closing(sqlite3.connect(old, timeout=30)) as connection:
            while not stop.is_set():
                with connection:
                    connection.execute("INSERT INTO one VALUES (?)", (len(written),))
                    connection.execute("INSERT INTO two VALUES (?)", (len(written),))
                written.append(1)
                stop.wait(0.002)  # a writer that never pauses starves every reader of a file without a log

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 20:
            stop.wait(0.01)
        done = merge(str(tmp_path / "a.db"), plan(old))
        while len(written) < 40:
            stop.wait(0.01)
    finally:
        stop.set()
        writer.join()
    assert done.status == "merged"
    assert any("written to meanwhile" in note for note in done.notes)
    assert digest(tmp_path / "a.db", "old_one") == digest(tmp_path / "a.db", "old_two")
    assert digest(tmp_path / "a.db", "old_one")[0] >= 20
    assert digest(old, "one")[0] == len(written)
    sound(old)


def test_what_is_only_in_the_log_comes_along(tmp_path: Path) -> None:
    """Rows of a killed writer that stand in its write-ahead log alone are merged; the old file stays readable."""
    old = tmp_path / "old.db"
    code = ("import sqlite3, os, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA journal_mode = WAL');"
            "c.execute('CREATE TABLE t (a)'); c.execute('INSERT INTO t VALUES (7)'); c.commit(); os.kill(os.getpid(), 9)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, str(old)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert os.path.getsize(f"{old}-wal") > 0
    assert merge(str(tmp_path / "a.db"), plan(old)).status == "merged"
    assert rows(tmp_path / "a.db", "SELECT a FROM old_t") == [(7,)]
    assert rows(old, "SELECT a FROM t") == [(7,)]


def test_a_hot_journal_is_rolled_back(tmp_path: Path) -> None:
    """A writer that was killed in a transaction left half of it in the file; SQLite undoes it before the copy."""
    old = make(tmp_path / "old.db", TABLE)
    code = ("import sqlite3, os, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA cache_size = 2');"
            "c.executemany('INSERT INTO t (a) VALUES (?)', [('y' * 1000,)] * 2000); os.kill(os.getpid(), 9)")  # fmt: skip
    subprocess.run([sys.executable, "-c", code, str(old)], check=False)
    assert os.path.exists(f"{old}-journal")
    assert merge(str(tmp_path / "a.db"), plan(old)).status == "merged"
    assert rows(tmp_path / "a.db", "SELECT a FROM old_t") == [("x",), (None,)]


def test_utf16(tmp_path: Path) -> None:
    """Text that is stored as UTF-16 comes over as the same text, with full-text index, counters and row numbers."""
    old = make(tmp_path / "old.db", """
        PRAGMA encoding = 'UTF-16be';
        CREATE TABLE t (name TEXT PRIMARY KEY, n INT) WITHOUT ROWID; INSERT INTO t VALUES ('😀', 1), ('ﬁ', 2), ('ä', 3);
        CREATE TABLE bare (a); INSERT INTO bare VALUES ('x'), ('y'); DELETE FROM bare WHERE a = 'x';
        CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO counted VALUES (50); DELETE FROM counted;
        CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('größer als');""")  # fmt: skip
    assert merge(str(tmp_path / "a.db"), plan(old)).status == "merged"
    assert rows(tmp_path / "a.db", "SELECT * FROM old_t ORDER BY n") == [("😀", 1), ("ﬁ", 2), ("ä", 3)]
    assert rows(tmp_path / "a.db", "SELECT rowid, a FROM old_bare") == [(2, "y")]
    assert rows(tmp_path / "a.db", "SELECT seq FROM sqlite_sequence WHERE name = 'old_counted'") == [(50,)]
    assert rows(tmp_path / "a.db", "SELECT body FROM words WHERE words MATCH 'größer'") == [("größer als",)]
    sound(tmp_path / "a.db")


def test_more_files_than_sqlite_attaches(tmp_path: Path) -> None:
    """Thirty files are merged in one transaction."""
    paths = [make(tmp_path / f"old{number}.db", TABLE) for number in range(30)]
    done = merge(str(tmp_path / "a.db"), plan(*paths))
    assert len(done.record.tables) == 30
    assert all(digest(tmp_path / "a.db", f"old{number}_t") == digest(paths[number], "t") for number in range(30))


def test_what_is_no_database(tmp_path: Path) -> None:
    """Files that only have the name are told and skipped; so is one that is damaged; an empty one may be deleted."""
    (tmp_path / "thumbs.db").write_bytes(b"something else " * 100)
    (tmp_path / "empty.db").touch()
    make(tmp_path / "good.sqlite3", TABLE)
    bad = make(tmp_path / "bad.db", TABLE + "CREATE TABLE u (a);")
    content = bytearray(bad.read_bytes())
    content[100:130] = b"\xff" * 30
    bad.write_bytes(content)
    found = {Path(each.path).name: each for each in databases_in([tmp_path], target=str(tmp_path / "a.db"))}
    assert found.keys() == {"thumbs.db", "empty.db", "good.sqlite3", "bad.db"}
    assert "not a database" in found["thumbs.db"].problem
    assert "malformed" in found["bad.db"].problem
    drafted = {Path(each.path).name: (each.action, each.note) for each in draft(found.values()).databases}
    assert drafted["good.sqlite3"] == ("merge", "")
    assert drafted["empty.db"] == ("skip", "empty; it may be deleted")
    assert drafted["thumbs.db"][0] == drafted["bad.db"][0] == "skip"
    conflicts = merge(str(tmp_path / "a.db"), plan(bad, tmp_path / "gone.db")).conflicts
    assert [each.kind for each in conflicts] == ["unreadable", "gone"]


def test_an_index_that_lacks_entries(tmp_path: Path) -> None:
    """Index entries are copied as they stand, so a file whose index is not right is refused, and nothing is changed."""
    old = make(tmp_path / "old.db", TABLE + "CREATE INDEX i ON t (a);")
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX i ON t (a) ' WHERE name = 'i'")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'i'").fetchone()
        connection.commit()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(old.read_bytes())
    content[(root - 1) * size + 3 : (root - 1) * size + 5] = (1).to_bytes(2)  # one cell fewer
    old.write_bytes(content)
    before = everything(make(tmp_path / "a.db", "CREATE TABLE mine (a);"))
    with pytest.raises(MergeFailed, match=r"sound|entry"):
        merge(str(tmp_path / "a.db"), plan(old))
    after = everything(tmp_path / "a.db")
    assert {name: after[name] for name in before} == before
    assert "table old_t" not in after


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """The connection to an old file cannot write."""
    old = make(tmp_path / "old.db", TABLE)
    with moment_of(str(old)) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM t")


def test_no_file_is_opened_by_hand() -> None:
    """No module of the merge opens, reads, copies or hashes a database file except through SQLite; one opens its lock."""
    import ast

    import importers.merge

    for path in Path(importers.merge.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert name not in {"copyfile", "copy2", "read_bytes", "copytree", "copy"}, path.name
                assert name != "open" or path.name == "journal.py", path.name


@pytest.mark.parametrize("worker", [True, False])
def test_hashes_are_made_by_a_process_or_here(tmp_path: Path, worker: bool) -> None:
    """They are the same from a process of its own and from this one, also where that process is killed."""
    job = HashJob(
        (("one", str(make(tmp_path / "one.db", TABLE)), ("t",)), ("two", str(make(tmp_path / "two.db", TABLE)), ("t",)))
    )
    here = {(each.key, each.table): each.digest for each in hashed(job)}
    with hashing(job, 1 << 30 if worker else 1) as hashes:
        assert {key: hashes.get(*key) for key in here} == here
        assert (hashes._worker is not None) == worker
    with Worker(hashed, job, (TableHash,)) as beside:
        assert {(each.key, each.table): each.digest for each in beside} == here
    with hashing(job, 1 << 30) as hashes:
        hashes._worker._process.kill()
        assert {key: hashes.get(*key) for key in here} == here

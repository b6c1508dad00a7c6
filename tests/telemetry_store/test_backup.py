"""Copies of a database, and putting them back."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from telemetry_store import DatabaseBusy, DatabaseMissing, Settings, TelemetryStore, UsageError
from telemetry_store.care.backup import back_up, backups, folder_of, keep
from telemetry_store.care.restore import restore
from telemetry_store.care.unfinished import PARTIAL
from telemetry_store.engines import copies_for
from telemetry_store.errors import BackupFailed, DatabaseNewer
from telemetry_store.segment import try_lock, unlock
from tests.telemetry_store.test_cli import telemetry


def numbers(database: Path | str) -> list[int]:
    with TelemetryStore(settings=Settings(str(database), drain_interval=0)) as store:
        return [row["n"] for row in store.query("SELECT n FROM t ORDER BY id")]


def waiting(database: Path | str, *values: int) -> TelemetryStore:
    """A store that nobody drains, with events in its spool."""
    store = TelemetryStore(settings=Settings(str(database), drain_interval=0))
    for value in values:
        store.record("t", n=value)
    return store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A database with events 0, 1 and 2."""
    path = str(tmp_path / "a.db")
    waiting(path, 0, 1, 2).close()
    return Settings(path)


def test_what_waits_in_the_spool_is_in_the_backup(settings: Settings, tmp_path: Path) -> None:
    """A backup has every event that was acknowledged before it began, committed or not, and is one file."""
    store = waiting(settings.database, 3, 4)
    made = back_up(settings)
    assert made.rows["t"] == 5
    assert made.carried == 0
    assert os.listdir(folder_of(settings.database)) == [os.path.basename(made.path)]
    restore(Settings(str(tmp_path / "b.db")), made.path)
    assert numbers(tmp_path / "b.db") == [0, 1, 2, 3, 4]
    store.close()


def test_a_database_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    """While another program holds the write lock, the events in the spool go straight into the copy, and stay."""
    store = waiting(settings.database, 3, 4)
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        made = back_up(settings, timeout=0.1)
        holder.execute("ROLLBACK")
    assert (made.rows["t"], made.carried) == (5, 2)
    restore(Settings(str(tmp_path / "b.db")), made.path)
    assert numbers(tmp_path / "b.db") == [0, 1, 2, 3, 4]
    assert numbers(settings.database) == [0, 1, 2, 3, 4]
    store.close()


def test_another_process_that_drains_all_the_time(settings: Settings) -> None:
    """While another holds the lock of the drain for long, a backup only waits for what was there when it began."""
    store = waiting(settings.database, 3)
    lock = os.open(os.path.join(settings.spool, "drain.lock"), os.O_RDWR | os.O_CREAT)
    try:
        assert try_lock(lock)
        with pytest.raises(DatabaseBusy, match="draining"):
            back_up(settings, timeout=0.1)
        unlock(lock)
        store.flush()
        assert try_lock(lock)
        assert back_up(settings, timeout=0.1).rows["t"] == 4
    finally:
        os.close(lock)
        store.close()


def test_restoring_in_place_drains_each_waiting_event_once(settings: Settings) -> None:
    """Segments that the backup has in part are drained from there; those it has whole add nothing."""
    store = waiting(settings.database, 3)
    made = back_up(settings)
    store.record("t", n=4)
    store.flush()
    store.record("t", n=5)
    done = restore(settings, made.path, force=True)
    assert done.drained == 2
    assert numbers(settings.database) == [0, 1, 2, 3, 4, 5]
    store.close()


def test_the_old_database_is_kept(settings: Settings) -> None:
    """Nothing is overwritten without force; with it the old database is whole, under another name."""
    made = back_up(settings)
    waiting(settings.database, 3).close()
    with pytest.raises(UsageError, match="there is a database"):
        restore(settings, made.path)
    assert numbers(settings.database) == [0, 1, 2, 3]
    done = restore(settings, made.path, force=True)
    assert numbers(settings.database) == [0, 1, 2]
    assert done.aside is not None
    assert numbers(done.aside) == [0, 1, 2, 3]


def test_programs_that_have_the_database_open_go_on(settings: Settings) -> None:
    """An open connection of another program, and an open store, see and write what was restored."""
    made = back_up(settings)
    store = TelemetryStore(settings=settings)
    store.record("t", n=3)
    store.flush()
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as other:
        assert other.execute("SELECT count(*) FROM t").fetchone() == (4,)
        os.unlink(next(Path(settings.spool).glob("*.jsonl")))  # nothing comes back from the spool
        restore(settings, made.path, force=True)
        assert other.execute("SELECT count(*) FROM t").fetchone() == (3,)
        other.execute("INSERT INTO t (timestamp, n) VALUES ('', 7)")
    store.close()
    assert numbers(settings.database) == [0, 1, 2, 7]


def test_a_damaged_database_is_moved_aside(settings: Settings) -> None:
    """A file that is no database any more, and its log, are moved; the backup takes their place."""
    made = back_up(settings)
    Path(settings.database).write_bytes(b"no database" * 1000)
    Path(settings.database + "-wal").write_bytes(b"no log")
    done = restore(settings, made.path, force=True)
    assert numbers(settings.database) == [0, 1, 2]
    assert done.aside is not None
    assert Path(done.aside).read_bytes().startswith(b"no database")
    assert Path(done.aside + "-wal").read_bytes() == b"no log"


def test_a_lost_database_with_a_spool(settings: Settings) -> None:
    """Where only the spool is left, the backup and what waits there make the database again."""
    made = back_up(settings)
    os.unlink(settings.database)
    waiting(settings.database, 3)._spool.close()
    assert restore(settings, made.path).drained == 1
    assert numbers(settings.database) == [0, 1, 2, 3]


def test_what_is_not_restored(settings: Settings, tmp_path: Path) -> None:
    """Damaged, changed, foreign and newer files are refused, and the database stays as it is."""
    made = back_up(settings)
    changed, foreign, newer = (str(tmp_path / name) for name in ("changed.db", "foreign.db", "newer.db"))
    for path, sql in (
        (changed, "DELETE FROM t WHERE n = 1"),
        (newer, "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('telemetry_store', 'x', '')"),
    ):
        Path(path).write_bytes(Path(made.path).read_bytes())
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(sql)
            connection.execute(
                "UPDATE _backup SET counts = json_set(counts, '$._sqlite_migrations', counts ->> '$._sqlite_migrations' + 1) WHERE ? LIKE '%newer%'",
                (path,),
            )
    with closing(sqlite3.connect(foreign, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE theirs (n)")
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(Path(made.path).read_bytes()[:5000])
    for path, error in ((changed, BackupFailed), (foreign, UsageError), (newer, DatabaseNewer), (damaged, BackupFailed),
                        (tmp_path / "none.db", UsageError), (settings.database, UsageError)):  # fmt: skip
        with pytest.raises(error):
            restore(settings, str(path), force=True)
    assert numbers(settings.database) == [0, 1, 2]
    assert not list(tmp_path.glob("*.before-*"))


def test_keep(settings: Settings) -> None:
    """Only the newest copies that were named by time are kept; others of the folder are never touched."""
    folder = Path(folder_of(settings.database))
    made = [back_up(settings, clock=lambda day=day: 1.8e9 + 86_400 * day).path for day in range(4)]
    own_name = back_up(settings, str(folder / "before-the-move.db")).path
    (folder / "a-20000101T000000.000000Z.db").write_text("no backup")
    assert {each.path for each in backups(settings)} == {own_name, *made}
    assert sorted(keep(settings, 2)) == made[:2]
    assert {each.path for each in backups(settings)} == {own_name, *made[2:]}
    assert (folder / "a-20000101T000000.000000Z.db").exists()
    with pytest.raises(UsageError):
        keep(settings, 0)


def test_the_backups_of_another_database_stay(settings: Settings, tmp_path: Path) -> None:
    """Two databases of the same name may share a folder; each lists and deletes only its own."""
    (tmp_path / "other").mkdir()
    other = Settings(str(tmp_path / "other" / "a.db"))
    waiting(other.database, 9).close()
    shared = str(tmp_path / "shared") + os.sep
    mine, theirs = back_up(settings, shared).path, back_up(other, shared).path
    assert [each.path for each in backups(settings, shared)] == [mine]
    assert keep(settings, 1, shared) == []
    assert os.path.exists(theirs)


def test_what_a_killed_backup_leaves(settings: Settings) -> None:
    """The half of a copy is not listed, and the next backup removes it; other people's files stay."""
    folder = Path(folder_of(settings.database))
    folder.mkdir()
    half = folder / ("a-20260101T000000.000000Z.db" + PARTIAL)
    half.mkdir()
    (half / "lock").touch()
    (half / "copy.db").write_text("half")
    (folder / "film.partial").touch()
    assert backups(settings) == []
    made = back_up(settings)
    assert {path.name for path in folder.iterdir()} == {os.path.basename(made.path), "film.partial"}


def test_a_copy_that_differs_is_noticed(settings: Settings) -> None:
    """The control: a lost row, a lost cursor, and a damaged index are all noticed."""
    store = waiting(settings.database, 3)
    path = back_up(settings).path
    copies = copies_for(settings)
    whole = copies.check(path)
    for damage in (
        "DELETE FROM t WHERE n = 0",
        "DELETE FROM _cursors",
        "PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE type = 'index'; PRAGMA writable_schema = 0",
    ):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(damage)
        with pytest.raises(BackupFailed):
            copies.check(path, whole)
    store.close()


def test_destinations(settings: Settings, tmp_path: Path) -> None:
    """A file that exists is never overwritten; permissions are those of the database; nothing to copy is an error."""
    os.chmod(settings.database, 0o600)
    path = str(tmp_path / "copies" / "mine.db")
    assert back_up(settings, path).path == path
    assert os.stat(path).st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="exists"):
        back_up(settings, path)
    with pytest.raises(DatabaseMissing):
        back_up(Settings(str(tmp_path / "none.db")))
    assert not (tmp_path / "none.db").exists()


def test_the_commands(settings: Settings, tmp_path: Path) -> None:
    """A backup is listed, and restored over a database only with --force; a damaged file is exit status 1."""
    made = json.loads(telemetry("backup", "--db", settings.database, "--json").stdout)
    listed = json.loads(telemetry("backup", "--list", "--db", settings.database, "--json").stdout)
    assert [each["path"] for each in listed] == [made["path"]]
    assert telemetry("restore", made["path"], "--db", settings.database).returncode == 2
    done = telemetry("restore", made["path"], "--db", settings.database, "--force")
    assert "3 rows restored, 0 more from the spool" in done.stdout, done.stderr
    (tmp_path / "half.db").write_bytes(Path(made["path"]).read_bytes()[:9000])
    assert telemetry("restore", "half.db", "--db", "new.db", cwd=tmp_path).returncode == 1

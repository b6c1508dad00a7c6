"""Ageing: what goes, what stays, and where it is then."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from telemetry_store import EventTable, Settings, TelemetryStore, UsageError
from telemetry_store.care import archive
from telemetry_store.care.archive import Digest, Layout, Written
from telemetry_store.care.backup import back_up
from telemetry_store.care.restore import restore
from telemetry_store.care.retention import LOCK, Pruner, due, prune
from telemetry_store.errors import ArchiveDamaged, ClockDoubtful, DatabaseBusy, QueryError
from telemetry_store.reading.archive_reader import Question, answer, ask_both
from telemetry_store.schema import ColumnType
from telemetry_store.segment import try_lock
from telemetry_store.timestamps import from_nanoseconds
from tests.telemetry_store.test_cli import telemetry

DAY = 86_400.0
NOW = 1_800_000_000.0  # 2027-01-15


def clock() -> float:
    return NOW


def stamp(days: float) -> float:
    """Epoch seconds so many days ago."""
    return NOW - days * DAY


def fill(database: str, table: str = "t", days: Any = range(200)) -> None:
    """One event for each of the days before NOW, the oldest first; n says how old it is."""
    with TelemetryStore(settings=Settings(database, drain_interval=0)) as store:
        for age in reversed(days):
            store.record(
                table, n=age, agent_id=f"a{age % 3}", timestamp=stamp(age), ok=age % 2 == 0, x=age / 8, more=[age]
            )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A database with an event for each of 200 days, last written at NOW by its own account."""
    path = str(tmp_path / "a.db")
    fill(path)
    written_now(path)
    return Settings(path)


def written_now(path: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE _tables SET last_written = '2027-01-15T08:00:00.000000+00:00' WHERE \"column\" = ''")


def ages(database: str, table: str = "t") -> list[int]:
    with closing(sqlite3.connect(database)) as connection:
        return [n for (n,) in connection.execute(f"SELECT n FROM {table} ORDER BY n")]


def everything(settings: Settings, folder: Path | str) -> list[dict[str, Any]]:
    return asked(settings, folder, "SELECT * FROM t ORDER BY id")


def asked(settings: Settings, folder: Path | str, sql: str) -> list[dict[str, Any]]:
    """What the process of its own would answer, without the process."""
    frames = answer(Question(settings.database, str(folder), sql))
    return [dict(zip(frame.names, row, strict=True)) for frame in frames for row in frame.rows]


def test_what_is_older_goes(settings: Settings) -> None:
    """Exactly the events before the cutoff are deleted, and a dry run says so and deletes nothing."""
    (said,) = due(settings, 90 * DAY, clock=clock)
    assert (said.table, said.rows) == ("t", 109)
    assert len(ages(settings.database)) == 200
    (done,) = prune(settings, 90 * DAY, clock=clock)
    assert (done.rows, done.kept, done.files) == (109, 0, [])
    assert ages(settings.database) == list(range(91))
    assert prune(settings, 90 * DAY, clock=clock) == []


def test_an_archive_holds_what_went(settings: Settings, tmp_path: Path) -> None:
    """Table and archive together are what the table was, row for row, in files by table and month."""
    with closing(sqlite3.connect(settings.database)) as connection:
        before = connection.execute("SELECT * FROM t ORDER BY id").fetchall()
    folder = tmp_path / "archive"
    (done,) = prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    assert ages(settings.database) == list(range(91))
    months = {path.parent.name for path in folder.rglob("*.parquet")}
    assert months == {"month=2026-06", "month=2026-07", "month=2026-08", "month=2026-09", "month=2026-10"}
    assert sorted(done.files) == sorted(str(path) for path in folder.rglob("*.parquet"))
    archived = [row for path in done.files for rows in archive.read(path) for row in rows]
    with closing(sqlite3.connect(settings.database)) as connection:
        live = connection.execute("SELECT * FROM t ORDER BY id").fetchall()
        names = [name for _, name, *_ in connection.execute("PRAGMA table_info(t)")]
    order = list(archive_names(done.files[0]))
    archived = [tuple(row[order.index(name)] for name in names) for row in archived]
    assert sorted(archived + live) == before
    assert not list(folder.rglob("*.partial"))


def archive_names(path: str) -> list[str]:
    return ["id", *kinds_of(path)]


def kinds_of(path: Path | str) -> dict[str, ColumnType]:
    import pyarrow.parquet as pq

    return archive.layout_of(pq.read_schema(path)).kinds


def test_both_are_asked_together(settings: Settings, tmp_path: Path) -> None:
    """A question to the archive gives the same before and after, also for what is recorded later."""
    folder = tmp_path / "archive"
    prune(settings, 190 * DAY, folder=str(folder), clock=clock)
    fill(settings.database, days=range(500, 501))  # an old event that comes late
    written_now(settings.database)
    before = everything(settings, folder)
    assert len(before) == 201
    prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    assert everything(settings, folder) == before
    counted = ask_both(
        settings,
        str(folder),
        "SELECT agent_id, count(*) AS c, sum(n) AS s, bool_or(ok) AS o FROM t GROUP BY 1 ORDER BY 1",
    )
    assert [row["c"] for row in counted] == [67, 67, 67]
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE agents (agent TEXT, colour TEXT)")
        connection.execute("INSERT INTO agents VALUES ('a1', 'red')")
    joined = "SELECT colour, count(*) AS c FROM t JOIN agents ON agent = agent_id GROUP BY 1"
    assert asked(settings, folder, joined) == [{"colour": "red", "c": 67}]
    assert sum(row["s"] for row in counted) == sum(range(200)) + 500


@pytest.mark.parametrize("sql", ["COPY t TO 'x.csv'", "SELECT 1; SELECT 2", "SELECT * FROM read_csv('/etc/passwd')",
                                 "ATTACH 'x.db'", "SELECT * FROM read_text('/etc/hostname')", "INSTALL sqlite",
                                 "SELECT * FROM nowhere", "SELEC 1", "SELECT * FROM _cursors"])  # fmt: skip
def test_the_archive_is_only_read(settings: Settings, tmp_path: Path, sql: str) -> None:
    """A question that would write, or open another file than the archive's, is an error."""
    folder = tmp_path / "archive"
    prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(QueryError):
        asked(settings, folder, sql)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_event_is_in_both_while_it_is_moved(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off between archive and deletion, each event counts once, and the next prune goes on."""
    folder = tmp_path / "archive"
    before = everything_live(settings)
    monkeypatch.setattr(Pruner, "_delete_archived", broken_off)
    with pytest.raises(KeyboardInterrupt):
        prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    monkeypatch.undo()
    assert len(list(folder.rglob("*.parquet"))) == 1
    assert len(ages(settings.database)) == 200
    assert everything(settings, folder) == before
    prune(settings, 1000 * DAY, clock=clock)  # nothing more is that old; the archive is not even named
    assert len(ages(settings.database)) < 200
    assert everything(settings, folder) == before


def broken_off(*_: object) -> None:
    raise KeyboardInterrupt


def everything_live(settings: Settings) -> list[dict[str, Any]]:
    with TelemetryStore(settings=settings) as store:
        rows = store.query("SELECT * FROM t ORDER BY id")
    return [{**row, "ok": bool(row["ok"])} for row in rows]


def test_a_file_that_was_not_finished(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off before a file counts, the file is no part of an answer, and the next prune removes it."""
    folder = tmp_path / "archive"
    before = everything_live(settings)
    monkeypatch.setattr("telemetry_store.engines.sqlite.ageing.SqliteTurn.seal", broken_off)
    with pytest.raises(KeyboardInterrupt):
        prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    monkeypatch.undo()
    (left,) = folder.rglob("*.parquet")
    assert everything(settings, folder) == before
    prune(settings, 1000 * DAY, clock=clock)
    assert not left.exists()
    assert len(ages(settings.database)) == 200


def test_a_row_that_is_changed_meanwhile_stays(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that another program changes between archiving and deleting is not deleted, and counts as it is now."""
    folder = tmp_path / "archive"
    original = Pruner._delete_archived
    changed = []

    def with_change(self: Pruner, *arguments: Any) -> Any:
        if not changed:
            changed.append(1)
            with closing(sqlite3.connect(settings.database, isolation_level=None)) as connection:
                connection.execute("UPDATE t SET agent_id = 'new' WHERE n = 199")
        return original(self, *arguments)

    monkeypatch.setattr(Pruner, "_delete_archived", with_change)
    (done,) = prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    assert (done.rows, done.kept) == (108, 1)
    assert ages(settings.database) == [*range(91), 199]
    assert prune(settings, 90 * DAY, folder=str(folder), clock=clock) == []
    rows = everything(settings, folder)
    assert len(rows) == 200
    assert [row["agent_id"] for row in rows if row["n"] == 199] == ["new"]


def test_a_damaged_file_deletes_nothing(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When what is read back is not what was written, or a sealed file is gone, no row is deleted."""
    folder = tmp_path / "archive"
    original = archive.batch
    monkeypatch.setattr(archive, "batch", lambda columns, rows: original(columns, [*rows[:-1], (*rows[-1][:-1], "{}")]))
    with pytest.raises(ArchiveDamaged):
        prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    monkeypatch.undo()
    assert not list(folder.rglob("*.par*"))
    monkeypatch.setattr(Pruner, "_delete_archived", broken_off)
    with pytest.raises(KeyboardInterrupt):
        prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    monkeypatch.undo()
    (file,) = folder.rglob("*.parquet")
    file.rename(tmp_path / "taken")
    with pytest.raises(ArchiveDamaged, match="missing"):
        prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    assert len(ages(settings.database)) == 200
    (rows,) = archive.read(str(tmp_path / "taken"))
    archive.write(str(file), Layout("id", kinds_of(tmp_path / "taken")), [[*rows[:-1], (*rows[-1][:-1], "{}")]])
    with pytest.raises(ArchiveDamaged, match="holds"):
        prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    assert len(ages(settings.database)) == 200
    (tmp_path / "taken").rename(file)
    prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    assert len(everything(settings, folder)) == 200


def test_after_a_restore_nothing_is_archived_twice(settings: Settings, tmp_path: Path) -> None:
    """Rows that a restore has brought back are deleted on account of the files that hold them already."""
    folder = tmp_path / "archive"
    copy = back_up(settings).path
    prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    before = everything(settings, folder)
    files = archive.files(str(folder))
    restore(settings, copy, force=True)
    written_now(settings.database)
    assert everything(settings, folder) == before
    prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    assert archive.files(str(folder)) == files
    assert everything(settings, folder) == before
    assert ages(settings.database) == list(range(91))


def test_archives_of_two_databases(settings: Settings, tmp_path: Path) -> None:
    """Two databases may use one folder: each answers from its own files."""
    other, folder = Settings(str(tmp_path / "b.db")), tmp_path / "archive"
    fill(other.database, days=range(300))
    written_now(other.database)
    for each in (settings, other):
        prune(each, 90 * DAY, folder=str(folder), clock=clock)
    assert len(everything(settings, folder)) == 200
    assert len(everything(other, folder)) == 300


def test_a_clock_that_jumped(settings: Settings) -> None:
    """With a clock far ahead of all that is in the database nothing is deleted; --force insists."""
    for ahead in (10, 60, 400, 4000):
        with pytest.raises(ClockDoubtful):
            prune(settings, 90 * DAY, clock=lambda ahead=ahead: NOW + ahead * DAY)
    assert len(ages(settings.database)) == 200
    assert prune(settings, 90 * DAY, clock=lambda: NOW - 1000 * DAY) == []
    prune(settings, 90 * DAY, clock=lambda: NOW + 400 * DAY, force=True)
    assert ages(settings.database) == []
    with pytest.raises(UsageError):
        prune(settings, -1.0)


def test_the_cutoff_is_computed_once(settings: Settings) -> None:
    """A clock that jumps while rows are deleted changes nothing."""
    times = iter([NOW])
    (done,) = prune(settings, 90 * DAY, clock=lambda: next(times))
    assert done.rows == 109


def test_tables_of_others_stay(settings: Settings) -> None:
    """Tables that this store did not make go only by name, and only rows with a canonical time; others never."""
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as connection:
        connection.execute(
            "CREATE TABLE adopted (id INTEGER PRIMARY KEY, created_at TEXT, n INTEGER, metadata_json TEXT)"
        )
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, created_at TEXT)")
        connection.execute("INSERT INTO users VALUES (1, '2000-01-01T00:00:00.000000+00:00')")
        connection.execute("INSERT INTO adopted VALUES (1, '2000-01-01 00:00:00', -1, NULL)")
    with TelemetryStore(settings=settings) as store:
        for age in (300, 200, 100):
            store.record("adopted", n=age, created_at=from_nanoseconds(int(stamp(age)) * 10**9))
    written_now(settings.database)
    prune(settings, 90 * DAY, clock=clock)
    assert ages(settings.database, "adopted") == [-1, 100, 200, 300]
    prune(settings, 90 * DAY, table="adopted", clock=clock)
    assert ages(settings.database, "adopted") == [-1, 100]  # the highest number stays, so that none is given out twice
    for name in ("users", "_tables", "nowhere", "sqlite_master"):
        with pytest.raises(UsageError):
            prune(settings, 90 * DAY, table=name, clock=clock)


def test_numbers_are_not_given_out_again(settings: Settings, tmp_path: Path) -> None:
    """An event that is recorded after everything was pruned gets a new number."""
    prune(settings, 0, folder=str(tmp_path / "archive"), clock=clock, force=True)
    assert ages(settings.database) == [0]  # of this very moment
    fill(settings.database, days=range(1))
    with closing(sqlite3.connect(settings.database)) as connection:
        assert connection.execute("SELECT max(id) FROM t").fetchone() == (201,)


def test_one_prune_at_a_time(settings: Settings) -> None:
    """A second prune of the same database is refused."""
    os.makedirs(settings.spool, exist_ok=True)
    lock = os.open(os.path.join(settings.spool, LOCK), os.O_RDWR | os.O_CREAT)
    try:
        assert try_lock(lock)
        with pytest.raises(DatabaseBusy, match="another prune"):
            prune(settings, 90 * DAY, clock=clock)
    finally:
        os.close(lock)


def test_every_value_comes_back(tmp_path: Path) -> None:
    """Values that a column of the file cannot hold come back with their type all the same."""
    kinds = {"t": ColumnType.TEXT, "i": ColumnType.INTEGER, "r": ColumnType.REAL, "b": ColumnType.BOOLEAN,
             "n": ColumnType.NUMERIC, "f": ColumnType.FLEXIBLE}  # fmt: skip
    rows = [
        (1, "x", 2**63 - 1, 0.1, 1, 1.5, "text"),
        (2, None, None, None, None, None, None),
        (3, "\ud800", 1.5, 2**53 + 1, 7, 2, b"\x00\xff"),
        (4, b"bytes", "word", 1, 0, "1.0", 3),
        (5, "NUL \0 and ünï", -(2**63), float("inf"), 1, 1e300, ""),
    ]
    columns = Layout("id", kinds)
    path = str(tmp_path / "table=x" / "month=2026-01" / "f.parquet")
    os.makedirs(tmp_path / "table=x")
    written = archive.write(path, columns, [rows[:2], rows[2:]])
    (back,) = archive.read(path)
    assert [tuple((type(value), value) for value in row) for row in back] == [
        tuple((type(value), value) for value in row) for row in rows
    ]
    digest = Digest()
    for row in rows:
        digest.add([row])
    assert digest.written() == written == Written(5, written.content_hash)
    with pytest.raises(ArchiveDamaged):
        archive.verify(path, Written(5, "0"))


def test_columns_may_come_later(settings: Settings, tmp_path: Path) -> None:
    """Files from before a column was added answer together with later ones."""
    folder = tmp_path / "archive"
    prune(settings, 150 * DAY, folder=str(folder), clock=clock)
    with TelemetryStore(settings=settings) as store:
        store.declare(EventTable("t", columns={"colour": "TEXT"}))
        store.record("t", n=-1, colour="red", timestamp=stamp(120))
    written_now(settings.database)
    prune(settings, 90 * DAY, folder=str(folder), clock=clock)
    found = asked(settings, folder, "SELECT colour, count(*) AS c FROM t GROUP BY 1 ORDER BY 1")
    assert found == [{"colour": "red", "c": 1}, {"colour": None, "c": 200}]


def test_the_commands(tmp_path: Path) -> None:
    """prune says what it did, and query --archive asks both."""
    database, folder = str(tmp_path / "a.db"), str(tmp_path / "archive")
    with TelemetryStore(database) as store:
        store.record("t", n=1)
        store.record("t", n=2, timestamp="2020-01-01T00:00:00Z")
    said = telemetry("prune", "--older-than", "90d", "--dry-run", "--db", database)
    assert said.stdout.startswith("t: 1 rows before "), said.stderr
    done = telemetry("prune", "--older-than", "90d", "--archive", folder, "--db", database, "--json")
    assert [(each["table"], each["rows"], len(each["files"])) for each in json.loads(done.stdout)] == [("t", 1, 1)]
    asked = telemetry("query", "SELECT n FROM t ORDER BY n", "--archive", folder, "--db", database, "--json")
    assert json.loads(asked.stdout) == [{"n": 1}, {"n": 2}], asked.stderr
    assert telemetry("query", "DROP TABLE t", "--archive", folder, "--db", database).returncode == 2
    assert telemetry("prune", "--older-than", "soon", "--db", database).returncode == 2

"""Each check, in the situation that it is for; and what --fix does about it."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from telemetry_store import EventTable, Settings, TelemetryStore
from telemetry_store.care.doctor import Finding, Look, Severity, examine, look_at, place
from telemetry_store.care.doctor.mend import mend
from telemetry_store.care.metrics import Metric, as_text, metrics
from telemetry_store.care.retention import prune
from telemetry_store.engines.sqlite.checks.integrity import judged
from tests.telemetry_store.test_cli import telemetry

DAY = 86_400.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A healthy database with 100 events."""
    path = str(tmp_path / "a.db")
    with TelemetryStore(path) as store:
        for number in range(100):
            store.record("t", n=number, agent_id=f"a{number % 3}", event_type="e")
    return Settings(path)


def of(code: str, look: Look | Settings) -> list[Finding]:
    found = look_at(look if isinstance(look, Look) else Look(look, patience=0.05))
    return [each for each in found if each.code == code]


def worst(code: str, look: Look | Settings) -> Severity:
    return max((each.severity for each in of(code, look)), key=list(Severity).index)


def change(settings: Settings, *statements: str) -> None:
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def holder(database: str, *statements: str) -> Iterator[int]:
    """Another process that has run these statements and keeps its transaction."""
    code = (
        "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "for s in sys.argv[2:]: c.execute(s).fetchone()\nprint('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, database, *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.stdin.close()


def test_a_healthy_database(settings: Settings) -> None:
    """Nothing is said about it, but for the version of SQLite; findings stand in the order of their codes."""
    found = examine(settings)
    assert [each.code for each in found] == sorted(each.code for each in found)
    assert {each.code for each in found if each.severity is not Severity.OK} <= {"D101"}
    codes = {each.code for each in found}
    assert codes >= {
        f"D{n}"
        for n in (101, 102, 103, 104, 202, 203, 204, 205, 206, 301, 302, 401, 402, 403, 404, 501, 502, 503, 504, 505)
    }
    assert all(each.hint for each in found if each.severity is not Severity.OK)


@pytest.mark.parametrize(("version", "severity"), [((3, 6, 23), "ok"), ((3, 7, 0), "warning"), ((3, 40, 1), "warning"),
                                                   ((3, 51, 2), "warning"), ((3, 51, 3), "ok"), ((3, 53, 0), "ok")])  # fmt: skip
def test_d101_sqlite(version: tuple[int, ...], severity: str) -> None:
    """Versions with the WAL-reset bug are told from those before and after."""
    assert judged(version).severity == severity


def test_d102_network_file_system(settings: Settings, tmp_path: Path) -> None:
    """A database below a network mount is a problem."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    assert worst("D102", Look(settings, mounts=str(mounts), patience=0.05)) is Severity.PROBLEM


def test_d103_permissions(settings: Settings) -> None:
    """A database that cannot be written is a problem; asked as another user, since root may write everything."""
    os.chmod(settings.database, 0o444)
    folder = Path(settings.database).parent
    for each in (folder, *folder.parents):
        if each.parent.parent == each.parent:
            break
        os.chmod(each, 0o755)
    code = (
        "import os, sys\nfrom telemetry_store.care.doctor import Look, place\nfrom telemetry_store import Settings\n"
        "os.geteuid() or os.seteuid(65534)\n"
        "os.access = lambda path, mode, access=os.access: access(path, mode, effective_ids=True)\n"
        "look = Look(Settings(sys.argv[1]), mounts='')\n"
        "print([str(f.severity) for f in place.check(look) if f.code == 'D103'])"
    )
    done = subprocess.run([sys.executable, "-c", code, settings.database], capture_output=True, text=True,
                          cwd=Path(__file__).parents[2])  # fmt: skip
    assert done.stdout.strip() == "['problem']", done.stderr


def test_d104_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forecast divides free space by the growth of the last week, and warns in time."""
    look = Look(settings, patience=0.05)
    (found,) = of("D104", look)
    assert found.severity is Severity.OK
    size = os.stat(settings.database).st_size
    growth = found.evidence["growth_bytes_per_day"]
    assert growth == pytest.approx(size * 24, rel=0.2)  # all of it within the last hour
    for days, severity in ((100, Severity.OK), (20, Severity.WARNING), (2, Severity.PROBLEM)):
        monkeypatch.setattr(place, "_LEAST", 1000)
        monkeypatch.setattr(place, "_free", lambda _, days=days: int(growth * days))
        (found,) = of("D104", look)
        assert found.severity is severity
        assert found.evidence["days_left"] == pytest.approx(days, rel=0.2)
    monkeypatch.setattr(place, "_LEAST", 1 << 50)
    assert worst("D104", look) is Severity.PROBLEM


def test_d201_no_database(settings: Settings, tmp_path: Path) -> None:
    """A database that is not there is a warning, a file that is none a problem; what is in the spool is looked at."""
    assert worst("D201", Settings(str(tmp_path / "none.db"))) is Severity.WARNING
    Path(settings.database).write_bytes(b"nothing" * 1000)
    assert worst("D201", settings) is Severity.PROBLEM


def test_a_database_that_this_store_has_never_written_to(tmp_path: Path) -> None:
    """It can be read, so that is no problem; nothing is said of tables that are not ours."""
    settings = Settings(str(tmp_path / "theirs.db"))
    change(settings, "CREATE TABLE theirs (id INTEGER PRIMARY KEY, created_at TEXT)")
    assert not of("D201", settings)
    assert worst("D503", settings) is Severity.OK


def test_d202_damage(settings: Settings) -> None:
    """A damaged page is a problem."""
    change(settings, "PRAGMA wal_checkpoint(TRUNCATE)")
    with open(settings.database, "r+b") as file:
        file.seek(4096 * 3)
        file.write(bytes(4096))
    assert Severity.PROBLEM in {
        each.severity for each in look_at(Look(settings, patience=0.05)) if each.code in ("D201", "D202")
    }


def test_d203_journal_mode(settings: Settings) -> None:
    """Another journal mode is a warning, and --fix brings WAL back."""
    change(settings, "PRAGMA journal_mode = DELETE")
    assert worst("D203", settings) is Severity.WARNING
    mend(settings, examine(settings))
    assert worst("D203", settings) is Severity.OK


def test_d204_d205_a_reader_that_stays(settings: Settings) -> None:
    """While a program keeps a read transaction the log cannot be cut back: it is named, and afterwards --fix does it."""
    look = Look(settings, patience=0.1, large_log=100_000)
    with holder(settings.database, "BEGIN", "SELECT count(*) FROM t") as pid:
        assert of("D205", look)[0].evidence["pids"] == [pid]
        with TelemetryStore(settings=settings) as store:
            for number in range(3000):
                store.record("t", n=number, text="x" * 100)
        assert worst("D204", look) is Severity.WARNING
        (found,) = of("D205", look)
        assert found.severity is Severity.WARNING
        assert str(pid) in found.message
        assert "python" in found.message
    assert worst("D205", look) is Severity.OK
    mend(settings, look_at(look))
    assert worst("D204", look) is Severity.OK


def test_d206_a_writer_that_stays(settings: Settings) -> None:
    """A program that holds the write lock is named."""
    look = Look(settings, patience=0.1)
    with holder(settings.database, "BEGIN IMMEDIATE") as pid:
        (found,) = of("D206", look)
    assert (found.severity, found.evidence["pids"]) == (Severity.WARNING, [pid])
    assert worst("D206", look) is Severity.OK


def test_d301_backlog(settings: Settings) -> None:
    """An event that waits is noticed by its age, a spool that is nearly full by its size; --fix drains it."""
    store = TelemetryStore(settings=replace(settings, drain_interval=0))
    store.record("t", n=1)
    (found,) = of("D301", Look(settings, patience=0.05))
    assert found.severity is Severity.OK
    assert 0 <= found.evidence["oldest_age_seconds"] < 30
    (found,) = of("D301", Look(settings, patience=0.05, now=time.time() + 1000))
    assert found.severity is Severity.WARNING
    assert found.evidence["oldest_age_seconds"] == pytest.approx(1000, abs=30)
    assert worst("D301", replace(settings, backlog_limit=300_000)) is Severity.WARNING
    assert worst("D301", replace(settings, backlog_limit=200_000)) is Severity.PROBLEM
    mend(settings, [found])
    assert of("D301", settings)[0].evidence["oldest_age_seconds"] is None
    store.close()


def test_d302_dead_segments(settings: Settings) -> None:
    """What a killed process left is noticed, and --fix stores it."""
    code = ("import os, sys; from telemetry_store import *; s = TelemetryStore(settings=Settings(sys.argv[1], drain_interval=0))\n"
            "s.record('t', n=-1); os.kill(os.getpid(), 9)")  # fmt: skip
    subprocess.run([sys.executable, "-c", code, settings.database], cwd=Path(__file__).parents[2])
    (found,) = of("D302", settings)
    assert (found.severity, found.evidence["dead"]) == (Severity.WARNING, 1)
    assert mend(settings, [found]) == ["drained 1 events, deleted 1 segments, cut back the log"]
    assert worst("D302", settings) is Severity.OK


def test_d303_d304_segments_that_somebody_touched(settings: Settings) -> None:
    """A segment that was truncated, and a spool of a newer format, are problems."""
    store = TelemetryStore(settings=replace(settings, drain_interval=0))
    store.record("t", n=1)
    store.flush()
    (segment,) = Path(settings.spool).glob("*.jsonl")
    os.truncate(segment, 3)
    assert worst("D303", settings) is Severity.PROBLEM
    (Path(settings.spool) / "format").write_text("9\n")
    assert worst("D304", settings) is Severity.PROBLEM
    os.truncate(segment, 1 << 18)  # so that the map is whole again when the store lets go
    store.close()


def test_d401_rejects(settings: Settings) -> None:
    """Rejects are counted by reason."""
    change(settings, "CREATE TABLE strict (n INTEGER CHECK (n > 0), created_at TEXT, metadata_json TEXT)")
    with TelemetryStore(settings=settings) as store:
        for number in (-1, -2, 3):
            store.record("strict", n=number)
    (found,) = of("D401", settings)
    assert found.severity is Severity.WARNING
    assert found.evidence["total"] == 2
    assert list(found.evidence["by_reason"].values()) == [2]


def test_d402_drops(settings: Settings) -> None:
    """Events that the policy dropped are counted by cause."""
    with TelemetryStore(
        settings=replace(settings, backlog_limit=1_000_000, backlog_policy="drop", drain_interval=0)
    ) as store:
        for number in range(8000):
            store.record("t", n=number, text="x" * 200)
        store.sync()  # lets go of full segments, so that they can be deleted
        store.tidy()
        time.sleep(0.1)  # after a drop, space is looked for again only a little later
        store.record("t", n=0)
        dropped = sum(store.stats().dropped.values())
    assert dropped
    (found,) = of("D402", settings)
    assert (found.severity, found.evidence["total"]) == (Severity.WARNING, dropped)


def test_d403_lost_rows(settings: Settings, tmp_path: Path) -> None:
    """Rows that somebody deleted are missed; those that were pruned are not, and duplicates neither."""
    with TelemetryStore(settings=settings) as store:
        store.declare(EventTable("keyed", columns={"k": "TEXT"}, dedupe_key="k"))
        for _ in range(3):
            store.record("keyed", k="same")
        store.record("t", n=-1, timestamp="2020-01-01T00:00:00Z")
        store.record("keyed", k="other")
    prune(settings, 90 * DAY, folder=str(tmp_path / "archive"))
    assert worst("D403", settings) is Severity.OK
    change(settings, "DELETE FROM t WHERE n < 7")
    (found,) = of("D403", settings)
    assert (found.severity, found.evidence) == (Severity.WARNING, {"table": "t", "rows": 7})


def test_d404_gaps(settings: Settings) -> None:
    """A hole in a segment, as a loss of power leaves it, is counted once it was drained."""
    store = TelemetryStore(settings=replace(settings, drain_interval=0))
    for number in range(3):
        store.record("t", n=number)
    (segment,) = Path(settings.spool).glob("*.jsonl")
    store._spool.close()
    data = segment.read_bytes()
    second = data.index(b"\n") + 1
    segment.write_bytes(data[:second] + bytes(10) + data[second + 10 :])
    store.close()
    (found,) = of("D404", settings)
    assert (found.severity, found.evidence["gaps"]) == (Severity.WARNING, 1)


def test_d501_schema_drift(settings: Settings) -> None:
    """Declared columns that are missing or of another type, and tables that are gone, are named."""
    change(settings, "CREATE TABLE theirs (id INTEGER PRIMARY KEY, created_at TEXT, level TEXT, metadata_json TEXT)")
    with TelemetryStore(settings=settings) as store:
        store.declare(EventTable("theirs", columns={"level": "INTEGER"}))
        store.record("theirs", level=1)
        store.record("gone", n=1)
    change(
        settings,
        "DROP VIEW all_events",
        "DROP TABLE gone",
        "DROP INDEX idx_t_agent_id_timestamp",
        "ALTER TABLE t DROP COLUMN agent_id",
    )
    messages = sorted(each.message for each in of("D501", settings))
    assert messages == ["gone is gone", "t.agent_id is gone", "theirs.level is TEXT and declared INTEGER"]


def test_d502_overflow(settings: Settings) -> None:
    """A field that most events keep in metadata_json although a column could hold it is named, with the declaration."""
    change(settings, "CREATE TABLE theirs (id INTEGER PRIMARY KEY, created_at TEXT, metadata_json TEXT)")
    with TelemetryStore(settings=settings) as store:
        for number in range(50):
            store.record("theirs", level=number, nested={"a": 1}, **({"rare": 1} if number < 10 else {}))
    (found,) = of("D502", settings)
    assert (found.severity, found.evidence["field"]) == (Severity.NOTE, "level")
    assert 'columns={"level": "INTEGER"}' in found.hint


def test_d503_missing_index(settings: Settings) -> None:
    """A default index that somebody dropped is missed by the plan of its question, and --fix makes it again."""
    change(settings, "DROP INDEX idx_t_agent_id_timestamp")
    (found,) = of("D503", settings)
    assert found.severity is Severity.WARNING
    assert found.evidence["columns"] == ["agent_id", "timestamp"]
    assert mend(settings, [found]) == ["made an index on t (agent_id, timestamp)"]
    assert worst("D503", settings) is Severity.OK


def test_d503_a_table_of_others(settings: Settings) -> None:
    """The missing index of an adopted table is only advised."""
    change(settings, "CREATE TABLE theirs (id INTEGER PRIMARY KEY, created_at TEXT, metadata_json TEXT)")
    with TelemetryStore(settings=settings) as store:
        store.record("theirs", n=1)
    (found,) = of("D503", settings)
    assert found.fix is None
    assert "CREATE INDEX" in found.hint


def test_d504_useless_indexes(settings: Settings) -> None:
    """Named: an index that another begins with, one whose column is always the same, one that no question uses."""
    with TelemetryStore(settings=settings) as store:
        for number in range(1500):
            store.record("u", n=number, agent_id="one", event_type=f"e{number % 5}")
    change(settings, "CREATE INDEX twice ON u (event_type)", "CREATE INDEX unused ON u (n)", "ANALYZE")
    found = {each.evidence["index"]: each.message for each in of("D504", settings) if each.severity is Severity.NOTE}
    assert set(found) == {"twice", "unused", "idx_u_agent_id_timestamp"}
    assert "the same in all rows" in found["idx_u_agent_id_timestamp"]


def test_d505_statistics(settings: Settings) -> None:
    """A large table without statistics is noted, and --fix counts them."""
    with TelemetryStore(settings=settings) as store:
        for number in range(1500):
            store.record("u", n=number)
    (found,) = of("D505", settings)
    assert (found.severity, found.evidence["tables"]) == (Severity.NOTE, ["u"])
    mend(settings, [found])
    assert worst("D505", settings) is Severity.OK


def test_d601_d602_pruning(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prune that was broken off is noticed, --fix ends it, and a file that is gone afterwards is missed."""
    from telemetry_store.care.retention import Pruner
    from tests.telemetry_store.test_retention import broken_off

    with TelemetryStore(settings=settings) as store:
        store.record("t", n=-1, timestamp="2020-01-01T00:00:00Z")
    monkeypatch.setattr(Pruner, "_delete_archived", broken_off)
    with pytest.raises(KeyboardInterrupt):
        prune(settings, 90 * DAY, folder=str(tmp_path / "archive"))
    monkeypatch.undo()
    (found,) = of("D601", settings)
    assert found.severity is Severity.WARNING
    assert mend(settings, [found]) == ["ended a prune that was broken off"]
    assert worst("D601", settings) is Severity.OK
    assert worst("D602", settings) is Severity.OK
    next((tmp_path / "archive").rglob("*.parquet")).unlink()
    assert worst("D602", settings) is Severity.WARNING


def test_every_code_is_documented() -> None:
    """The codes in docs/doctor.md are those that the checks give, and each stands at the head of the file of its check."""
    root = Path(__file__).parents[2]
    documented = set(
        re.findall(r"^\| (D\d{3}) ", (root / "docs" / "doctor.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    given = set()
    rooms = [root / "telemetry_store" / room for room in ("care/doctor", "engines/sqlite/checks")]
    for path in [path for room in rooms for path in room.glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        here = set(re.findall(r'"(D\d{3})"', text))
        given |= here
        if path.name != "__init__.py":
            assert here <= set(re.findall(r"^(?:\"\"\")?(D\d{3}):", text, re.MULTILINE)), path.name
    assert documented == given


def test_examining_changes_nothing(settings: Settings) -> None:
    """Neither the database nor the spool is other than before, dead segments included."""
    store = TelemetryStore(settings=replace(settings, drain_interval=0))
    store.record("t", n=1)
    store._spool.close()
    files = [Path(settings.database), *Path(settings.spool).glob("*")]
    before = {path: path.read_bytes() for path in files}
    examine(settings, full=True)
    assert {path: path.read_bytes() for path in files} == before
    store.close()


def test_the_metrics_are_in_prometheus_format(settings: Settings) -> None:
    """Prometheus' own parser reads them; each has help, a type and a unit, and awkward labels come back as they were."""
    text = as_text(metrics(settings, examine(settings)))
    found = {family.name: family for family in text_string_to_metric_families(text)}
    assert found["telemetry_table_rows"].samples[0].labels == {"table": "t"}
    assert found["telemetry_table_rows"].samples[0].value == 100
    assert found["telemetry_database_size_bytes"].samples[0].value == os.stat(settings.database).st_size
    checks = {sample.labels["code"]: sample.value for sample in found["telemetry_check_status"].samples}
    assert checks["D202"] == 0
    assert all(family.documentation and family.type in ("gauge", "counter") for family in found.values())
    odd = 'a "quoted" \\ back\nslash, ünï'
    (family,) = text_string_to_metric_families(as_text([Metric("x_bytes", "gauge", odd, {(("l", odd),): 1.5})]))
    assert (family.samples[0].labels, family.samples[0].value) == ({"l": odd}, 1.5)


def test_the_command(settings: Settings, tmp_path: Path) -> None:
    """Exit statuses: 0 well, 1 a problem (with --strict a warning), 3 nothing there; --fix, --json, --prometheus."""
    change(settings, "DROP INDEX idx_t_agent_id_timestamp")
    assert telemetry("doctor", "--db", settings.database).returncode == 0
    assert telemetry("doctor", "--strict", "--db", settings.database).returncode == 1
    done = telemetry("doctor", "--fix", "--json", "--db", settings.database)
    assert "fixed: made an index on t (agent_id, timestamp)" in done.stderr
    assert {each["code"]: each["severity"] for each in json.loads(done.stdout)}["D503"] == "ok"
    text = telemetry("doctor", "--prometheus", "--db", settings.database).stdout
    assert {family.name for family in text_string_to_metric_families(text)} >= {"telemetry_check_status"}
    assert telemetry("doctor", "--db", tmp_path / "none.db").returncode == 3

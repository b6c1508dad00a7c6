"""The command, run as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from telemetry_store import TelemetryStore

ROOT = Path(__file__).parents[2]


def telemetry(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.endswith(("_DB", "_DB_PATH"))}
    command = [sys.executable, "-m", "telemetry_store.cli", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, check=False, timeout=60,
        env=variables | {"PYTHONPATH": str(ROOT)} | environment)  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database whose last events are still in the spool of a process that was killed."""
    path = tmp_path / "a.db"
    with TelemetryStore(path) as store:
        store.record("permission_events", agent_id="x", event_type="granted", big=2**60)
        store.record("chat", agent_id="x", text="old", timestamp="2020-01-01T00:00:00Z")
    code = ("import os,sys; from telemetry_store import *; s = TelemetryStore(settings=Settings(sys.argv[1], drain_interval=0))\n"
            "s.record('permission_events', agent_id='y', event_type='revoked'); os.kill(os.getpid(), 9)")  # fmt: skip
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, cwd=ROOT)
    return path


def test_query_sees_events_of_the_dead(database: Path) -> None:
    """A query includes what a killed process has left in its spool, and integers stay exact."""
    done = telemetry("query", "SELECT agent_id, big FROM permission_events ORDER BY id", "--db", database, "--json")
    assert json.loads(done.stdout) == [{"agent_id": "x", "big": 2**60}, {"agent_id": "y", "big": None}]


def test_query_as_table_and_csv(database: Path) -> None:
    """The table is aligned; the CSV has a header and reads back."""
    sql = "SELECT agent_id, event_type FROM permission_events ORDER BY id"
    lines = telemetry("query", sql, "--db", database).stdout.splitlines()
    assert lines[0].split() == ["agent_id", "event_type"]
    assert lines[2].index("granted") == lines[0].index("event_type")
    rows = list(csv.DictReader(io.StringIO(telemetry("query", sql, "--db", database, "--csv").stdout)))
    assert rows == [{"agent_id": "x", "event_type": "granted"}, {"agent_id": "y", "event_type": "revoked"}]


def test_the_environment_names_the_database(database: Path) -> None:
    """TELEMETRY_DB is used without --db, and before FOUNDUPS_DB_PATH."""
    done = telemetry("stats", "--json", TELEMETRY_DB=str(database), FOUNDUPS_DB_PATH="/nowhere.db")
    found = json.loads(done.stdout)
    assert {each["table"]: each["rows"] for each in found["tables"]} == {"chat": 1, "permission_events": 2}
    assert found["rows"] == 3


def test_the_settings_file_names_databases(database: Path, tmp_path: Path) -> None:
    """telemetry.toml names the database, and --env picks a section."""
    (tmp_path / "telemetry.toml").write_text('[store]\ndatabase = "none.db"\n[env.dev]\ndatabase = "a.db"\n')
    assert telemetry("stats", cwd=tmp_path).returncode == 3
    assert telemetry("stats", "--env", "dev", cwd=tmp_path).returncode == 0
    assert telemetry("stats", "--env", "prod", cwd=tmp_path).returncode == 2


def test_timeline(database: Path) -> None:
    """Newest first over all tables, narrowed by fields and by time."""
    everything = json.loads(telemetry("timeline", "--db", database, "--json").stdout)
    assert [row["table"] for row in everything] == ["permission_events", "permission_events", "chat"]
    mine = json.loads(telemetry("timeline", "--db", database, "--json", "--where", "agent_id=x", "--last", "1h").stdout)
    assert [row["table"] for row in mine] == ["permission_events"]
    by_field = json.loads(telemetry("timeline", "--db", database, "--json", "--where", "text=old").stdout)
    assert [row["table"] for row in by_field] == ["chat"]
    assert telemetry("timeline", "--db", database, "--where", "nonsense").returncode == 2
    assert telemetry("timeline", "--db", database, "--last", "nonsense").returncode == 2


def test_drain(database: Path) -> None:
    """Draining stores what the dead left, deletes their segments, and says so."""
    done = telemetry("drain", "--db", database)
    assert done.stdout.startswith("1 stored, 0 duplicate, 0 rejected")
    assert not list(Path(f"{database}-spool").glob("*.jsonl"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_drain_follow_stops_cleanly(database: Path, number: signal.Signals) -> None:
    """`drain --follow` stores what comes, and ends with status 0 when it is asked to stop."""
    command = [sys.executable, "-m", "telemetry_store.cli", "drain", "--follow", "--db", str(database)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout.readline().startswith("1 stored")
        time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(10) == 0


def test_doctor(database: Path, tmp_path: Path) -> None:
    """A healthy database passes; a file that is none is a problem and exit status 1."""
    done = telemetry("doctor", "--db", database, "--json")
    found = {each["check"]: each for each in json.loads(done.stdout)}
    assert done.returncode == 0
    assert found["integrity"]["severity"] == "ok"
    assert found["dead segments"]["severity"] == "warning"
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all\n" * 100)
    assert telemetry("doctor", "--db", broken).returncode == 1


def test_doctor_finds_damage(database: Path) -> None:
    """A page of zeros in the middle of the database is a problem."""
    telemetry("drain", "--db", database)
    with database.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(bytes(4096))
    assert telemetry("doctor", "--full", "--db", database).returncode == 1


def test_import_by_the_plan_of_the_folder(tmp_path: Path) -> None:
    """Without paths the plan decides; a dry run shows it and writes nothing; without a plan the error says what to do."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "x.jsonl").write_text('{"a": 1}\nbad\n')
    done = telemetry("import", "--db", "a.db", cwd=tmp_path)
    assert done.returncode == 2
    assert "telemetry plan" in done.stderr
    (tmp_path / "telemetry.toml").write_text('[tables.chat]\nsources = ["logs/*.jsonl"]\n')
    said = telemetry("import", "--dry-run", "--json", "--db", "a.db", cwd=tmp_path)
    assert json.loads(said.stdout)["tables"] == [
        {"table": "chat", "status": "new", "rows": 1,
         "columns": {"timestamp": "TEXT", "a": "INTEGER", "metadata_json": "TEXT"}}]  # fmt: skip
    assert "Nothing was written." in telemetry("import", "--dry-run", "--db", "a.db", cwd=tmp_path).stdout
    assert not (tmp_path / "a.db").exists()
    (row,) = json.loads(telemetry("import", "--db", "a.db", "--json", cwd=tmp_path).stdout)
    assert (row["table"], row["imported"], row["rejected"]) == ("chat", 1, 1)
    assert telemetry("verify", "--db", "a.db", cwd=tmp_path).returncode == 0


def test_rejects_are_mended_and_tried_again(tmp_path: Path) -> None:
    """The commands list rejects by reason, export them, and store what was mended; exit status 1 while some stay."""
    (tmp_path / "chat.jsonl").write_text('{"a": 1}\nbad\n')
    telemetry("import", "chat.jsonl", "--db", "a.db", cwd=tmp_path)
    listed = json.loads(telemetry("rejects", "--json", "--export", "r.jsonl", "--db", "a.db", cwd=tmp_path).stdout)
    assert [(each["reason"], each["lines"]) for each in listed["reasons"]] == [("not JSON: Expecting value", 1)]
    assert listed["rejects"][0]["raw"] == "bad"
    assert telemetry("import", "--rejects", "--db", "a.db", cwd=tmp_path).returncode == 1
    assert telemetry("import", "--rejects", "x.jsonl", "--db", "a.db", cwd=tmp_path).returncode == 2
    out = tmp_path / "r.jsonl"
    telemetry("rejects", "--export", "r.jsonl", "--db", "a.db", cwd=tmp_path)
    out.write_text(out.read_text().replace('"bad"', '"{\\"a\\": 2}"'))
    done = telemetry("import", "--rejects", "--mended", "r.jsonl", "--json", "--db", "a.db", cwd=tmp_path)
    assert json.loads(done.stdout) == {"tried": 1, "stored": 1, "duplicate": 0, "rejected": 0}
    assert "no rejects" in telemetry("rejects", "--db", "a.db", cwd=tmp_path).stdout


def test_import_and_audit(tmp_path: Path) -> None:
    """A file is imported with counts per file; an audit finds the writer and prints the agreed form."""
    (tmp_path / "chat_messages.jsonl").write_text('{"a": 1}\nbad\n')
    (tmp_path / "w.py").write_text(
        "import json\nwith open('chat_messages.jsonl', 'a') as f:\n    f.write(json.dumps({}) + '\\n')\n"
    )
    done = telemetry("import", "chat_messages.jsonl", "--db", "a.db", "--json", cwd=tmp_path)
    (row,) = json.loads(done.stdout)
    assert (row["read"], row["imported"], row["rejected"], row["table"]) == (2, 1, 1, "chat_messages")
    assert telemetry("import", "missing.jsonl", "--db", "a.db", cwd=tmp_path).returncode == 2
    report = json.loads(telemetry("audit", ".", "--format", "json", cwd=tmp_path).stdout)
    assert [(each["path"], each["line"]) for each in report["writers"]] == [("w.py", 2)]


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [(("query", "SELECT 1", "--db", "none.db"), 3, "no database"), (("query", "DROP TABLE chat"), 2, "only reading"),
     (("query", "SELECT * FROM nowhere"), 2, "no such table"), (("query",), 2, "give one SQL statement"), (("nonsense",), 2, "No such command"),
     (("audit", "nowhere"), 2, "is not a directory")],
)  # fmt: skip
def test_errors(database: Path, arguments: tuple[str, ...], status: int, text: str) -> None:
    """An error is one message on standard error without a traceback, and a telling exit status."""
    done = telemetry(
        *arguments, cwd=database.parent, **({} if "--db" in arguments else {"TELEMETRY_DB": str(database)})
    )
    assert done.returncode == status
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert not (database.parent / "none.db").exists()


def test_the_demo_runs(tmp_path: Path) -> None:
    """The demo goes through all its steps, loses nothing, can be repeated, and spares other people's folders."""
    first = telemetry("demo", tmp_path / "demo")
    assert first.returncode == 0, first.stderr
    assert "lost: 0" in first.stdout
    assert "imported again: 0 rows" in first.stdout
    assert (tmp_path / "demo" / "report.html").stat().st_size > 10_000
    assert "events come back equal, 0 do not" in first.stdout
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    assert telemetry("demo", tmp_path / "other").returncode == 2

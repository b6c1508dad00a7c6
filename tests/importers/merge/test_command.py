"""`telemetry merge`, run as a user runs it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from telemetry_store import UsageError
from telemetry_store.cli import app
from tests.importers.merge.content import everything, rows
from tests.importers.merge.old import make, make_nine

pytestmark = pytest.mark.usefixtures("_there")


@pytest.fixture
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in the folder of the files."""
    monkeypatch.chdir(tmp_path)


def telemetry(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, arguments)


SQL = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'ann');"


def test_the_whole_way(tmp_path: Path) -> None:
    """A plan is written, rehearsed, carried out and undone; each step says what it did."""
    make_nine(tmp_path)
    before = {path.name: everything(path) for path in tmp_path.glob("*.db")}
    (tmp_path / "app.py").write_text('import sqlite3\n\nsqlite3.connect("data/orchestrator.db")\n')
    drafted = telemetry("merge", ".", "--write-plan", "draft.toml", "--db", "m.db")
    assert drafted.exit_code == 0, drafted.stderr
    assert "# opened in app.py:3" in (tmp_path / "draft.toml").read_text()
    clash = telemetry("merge", "--plan", "draft.toml", "--db", "m.db")
    assert clash.exit_code == 1
    assert "its old name notifications is taken by" in clash.stderr
    rehearsed = telemetry("merge", "--plan", "merge.toml", "--db", "m.db", "--dry-run")
    assert rehearsed.exit_code == 0, rehearsed.stderr
    assert "roadmap_priority" in rehearsed.stdout
    assert {path.name: everything(path) for path in tmp_path.glob("*.db")} == before
    merged = telemetry("merge", "--plan", "merge.toml", "--db", "m.db", "--json")
    told = json.loads(merged.stdout)
    assert told["status"] == "merged"
    assert {each["name"]: each["rows"] for each in told["tables"]}["orchestrator_task"] == 3
    assert all(len(each["hash"]) == 32 for each in told["tables"] if each["kind"] == "table")
    assert rows(tmp_path / "m.db", "SELECT count(*) FROM orchestrator_task") == [(3,)]
    stats = json.loads(telemetry("stats", "--db", "m.db", "--json").stdout)
    assert "orchestrator_task" in {each["table"] for each in stats["tables"]}
    doctor = telemetry("doctor", "--db", "m.db", "--json")
    assert [each for each in json.loads(doctor.stdout) if each["severity"] == "problem" or (each["code"] == "D501"
            and each["severity"] != "ok")] == []  # fmt: skip
    undone = telemetry("merge", "--rollback", "--db", "m.db")
    assert undone.exit_code == 0
    assert "test_unified.db is back" in undone.stderr
    assert {path.name: everything(path) for path in tmp_path.glob("*.db") if path.name != "m.db"} == before


def test_without_a_plan(tmp_path: Path) -> None:
    """Paths alone are merged as the first plan would say, when nothing clashes."""
    make(tmp_path / "crm.db", SQL)
    done = telemetry("merge", "crm.db", "--db", "m.db")
    assert done.exit_code == 0, done.stderr
    assert "crm_users" in done.stdout
    assert rows(tmp_path / "m.db", "SELECT name FROM users") == [("ann",)]


def test_discovery_as_json(tmp_path: Path) -> None:
    """The machine's form lists files with tables, rows, sizes, who opens them, and what they cannot be."""
    make(tmp_path / "crm.db", SQL)
    (tmp_path / "no.db").write_text("no database " * 99)
    (tmp_path / "app.py").write_text('import sqlite3\nPATH = "crm.db"\nsqlite3.connect(PATH)\n')
    done = telemetry("merge", ".", "--write-plan", "p.toml", "--db", "m.db", "--json")
    crm, no = json.loads(done.stdout)["databases"]
    assert (crm["path"], crm["tables"], crm["rows"], crm["action"]) == ("crm.db", 1, 1, "merge")
    assert crm["opened_by"] == ["app.py:2"]
    assert crm["size"] > 0
    assert (no["action"], no["problem"]) == ("skip", "file is not a database")


@pytest.mark.parametrize(
    "arguments",
    [(), ("x", "--plan", "y"), ("missing",), ("x", "--rollback"), ("--plan", "missing.toml"), ("--rollback",)],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Neither or both of paths and plan, a path that is not there, a rollback with more or of nothing: it says so."""
    done = telemetry("merge", *arguments, "--db", "m.db")
    assert done.exit_code == 2 or isinstance(done.exception, UsageError)  # main() makes 2 of it
    assert list(tmp_path.iterdir()) == []


def test_only_into_sqlite_files(tmp_path: Path) -> None:
    """Memory and other servers cannot be merged into."""
    make(tmp_path / "crm.db", SQL)
    for database in (":memory:", "postgresql://localhost/x"):
        assert telemetry("merge", "crm.db", "--db", database).exit_code == 2


def test_again(tmp_path: Path) -> None:
    """A merge that is in force says when it was, and how to undo it."""
    make(tmp_path / "crm.db", SQL)
    assert telemetry("merge", "crm.db", "--db", "m.db").exit_code == 0
    done = telemetry("merge", "crm.db", "--db", "m.db")
    assert "this was merged at 20" in done.stdout
    assert "--rollback" in done.stdout


def test_a_rehearsal_that_fails(tmp_path: Path) -> None:
    """What the rehearsal finds is one line and exit status 1, and the database is as it was."""
    make(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE); INSERT INTO t VALUES (1, 'x');")
    make(tmp_path / "b.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE); INSERT INTO t VALUES (2, 'x');")
    with closing(sqlite3.connect(tmp_path / "m.db")) as connection:
        connection.execute("CREATE TABLE mine (a)")
    (tmp_path / "p.toml").write_text("""[merge]\nviews = "none"\n[merge.databases."a.db".tables]\nt = { name = "t" }
        [merge.databases."b.db".tables]\nt = { name = "t", overlap = "refuse" }""")
    done = telemetry("merge", "--plan", "p.toml", "--db", "m.db")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: t cannot take the rows of t: UNIQUE constraint failed")
    assert rows(tmp_path / "m.db", "SELECT count(*) FROM sqlite_master WHERE name IN ('t', '_merges')") == [(0,)]

"""`telemetry audit` and `telemetry plan` as a person or a pipeline runs them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from audit import audit, compare

ROOT = Path(__file__).parents[2]
WRITER = "import json\ndef log(e):\n    with open('logs/{name}.jsonl', 'a') as h:{waiver}\n        h.write(json.dumps(e) + '\\n')\n"


def telemetry(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "telemetry_store.cli", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=60, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


def writer(path: Path, name: str, waiver: str = "") -> None:
    path.write_text(WRITER.format(name=name, waiver=waiver))


def test_ratchet(tmp_path: Path) -> None:
    """A new writer fails with its place, a known or waived one passes, and one that went leaves the baseline."""
    writer(tmp_path / "old.py", "old")
    known = ("audit", ".", "--baseline", "known.json")
    assert telemetry(*known, "--write-baseline", cwd=tmp_path).returncode == 0
    assert telemetry(*known, cwd=tmp_path).returncode == 0
    writer(tmp_path / "new.py", "new")
    failed = telemetry(*known, cwd=tmp_path)
    assert failed.returncode == 1
    assert "new.py:3: new writer of logs/new.jsonl" in failed.stderr
    writer(tmp_path / "new.py", "new", "  # audit: allow")
    assert "gives no reason" in telemetry(*known, cwd=tmp_path).stderr
    writer(tmp_path / "new.py", "new", "  # audit: allow a spool for the printer")
    assert telemetry(*known, cwd=tmp_path).returncode == 0
    (tmp_path / "old.py").unlink()
    assert telemetry(*known, cwd=tmp_path).returncode == 0
    assert json.loads((tmp_path / "known.json").read_text())["writers"] == []


@pytest.mark.parametrize(("end", "status"), [("sys.exit(7)", 7), ("os.kill(os.getpid(), 15)", 143), ("pass", 0)])
def test_traced_program_decides(tmp_path: Path, end: str, status: int) -> None:
    """The traced program's output is not touched and its status passed on; what it wrote is in the report, with the way there."""
    source = (
        WRITER.format(name="a", waiver="").replace("'logs/a.jsonl'", "sys.argv[1]").replace("json", "json, os, sys", 1)
    )
    (tmp_path / "app.py").write_text(f"{source}def go():\n    log(1)\ngo()\nprint('its own line')\n{end}\n")
    command = ("audit", ".", "--trace", "--output", "report.txt", "--", sys.executable, "app.py", "made.log")
    done = telemetry(*command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "its own line\n" if status != 143 else done.stdout)
    text = (tmp_path / "report.txt").read_text()
    assert "seen at run time: 1 open by 1 process" in text
    assert "seen through app.py:6 in go < app.py:7 in <module>" in text
    assert f"status {status if status < 128 else 128 - status}, " in text


def test_command_that_cannot_run(tmp_path: Path) -> None:
    """A command that does not exist is wrong usage, not a failure of the audit."""
    done = telemetry("audit", ".", "--trace", "--", "no-such-program", cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot run no-such-program" in done.stderr


def test_forms(tmp_path: Path) -> None:
    """One audit prints text, JSON, Markdown and SARIF, and writes the consolidation decision's figures."""
    writer(tmp_path / "a.py", "a")
    assert "logs/a.jsonl" in telemetry("audit", ".", cwd=tmp_path).stdout
    assert json.loads(telemetry("audit", ".", "--json", cwd=tmp_path).stdout)["version"] == 1
    assert telemetry("audit", ".", "--format", "markdown", cwd=tmp_path).stdout.startswith("# JSONL audit")
    sarif = telemetry("audit", ".", "--format", "sarif", "--audit-report", "figures.json", cwd=tmp_path).stdout
    (result,) = json.loads(sarif)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 3
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(figures) == {
        "total_jsonl_files", "files_by_domain", "concurrency_risks", "consolidation_candidates", "proposed_db_tables",
    }  # fmt: skip


def test_explain(tmp_path: Path) -> None:
    """A code is explained in any case; an unknown one names those there are."""
    assert telemetry("audit", "explain", "a304", cwd=tmp_path).stdout.startswith("A304: ")
    wrong = telemetry("audit", "explain", "A999", cwd=tmp_path)
    assert (wrong.returncode, "A101" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("audit", ".", "python", "x.py"), "--trace -- COMMAND"),
        (("audit", ".", "--trace"), "--trace -- COMMAND"),
        (("audit", ".", "--write-baseline"), "--baseline FILE"),
        (("audit", ".", "--baseline", "a.py"), "--write-baseline"),
        (("plan", "nowhere"), "is not a directory"),
    ],
)
def test_wrong_use(tmp_path: Path, arguments: tuple[str, ...], hint: str) -> None:
    """What does not fit together is refused with what to do, and exit status 2."""
    writer(tmp_path / "a.py", "a")
    done = telemetry(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert hint in " ".join(done.stderr.replace("│", " ").split())


def test_plan(tmp_path: Path) -> None:
    """The plan is TOML and SQL that run; a second one keeps what was edited, beside the new text."""
    writer(tmp_path / "a.py", "a")
    first = telemetry("plan", ".", "--output", "plan", cwd=tmp_path)
    assert "1 new tables: a" in first.stdout, first.stderr
    assert tomllib.loads((tmp_path / "plan" / "telemetry.toml").read_text())["tables"]["a"]["sources"] == [
        "logs/a.jsonl"
    ]
    sqlite3.connect(":memory:").executescript((tmp_path / "plan" / "schema.sql").read_text())
    schema = tmp_path / "plan" / "schema.sql"
    schema.write_text(schema.read_text() + "-- ours\n")
    writer(tmp_path / "b.py", "b")
    second = json.loads(telemetry("plan", ".", "--output", "plan", "--json", cwd=tmp_path).stdout)
    assert second["added"] == ["b"]
    assert [Path(each).name for each in second["kept"]] == ["schema.sql"]
    assert schema.read_text().endswith("-- ours\n")


def test_own_tree() -> None:
    """This project appends no JSON lines of its own, but where a waiver says why."""
    report = audit(ROOT, exclude=["tests", "benchmarks", "examples", "telemetry-demo"], profile=False)
    assert [f"{each.path}:{each.line}" for each in compare(report, ROOT / "no-baseline.json").new] == []

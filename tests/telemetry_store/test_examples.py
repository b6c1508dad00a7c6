"""The example in each command's help works as it is written."""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from importers import import_paths
from telemetry_store import TelemetryStore
from telemetry_store.cli import app

ROOT = Path(__file__).parents[2]
HELP = {name: command.help or "" for name, command in typer.main.get_command(app).commands.items()}
EXAMPLES = [line for text in HELP.values() for line in re.findall(r"Example: (telemetry .+)", text)]
#: These run until they are stopped.
UNTIL_STOPPED = re.compile(r"telemetry (follow|dashboard)\b|--follow\b")
#: Tested at length elsewhere.
ELSEWHERE = {"telemetry demo"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("logs", "memory", "data", "old"):
        (folder / name).mkdir()
    (folder / "logs" / "chat.jsonl").write_text('{"agent_id": "agent_3", "text": "hello"}\n')
    (folder / "memory" / "heartbeat.jsonl").write_text('{"agent_id": "agent_3"}\n')
    (folder / "app.py").write_text("with open('logs/chat.jsonl', 'a') as file:\n    file.write('{}\\n')\n")
    with TelemetryStore(folder / "data" / "foundups.db") as store:
        now = datetime.now(UTC).isoformat()
        store.record("permission_events", agent_id="agent_3", event_type="granted", timestamp=now)
        store.record("error_events", agent_id="agent_3", message="timeout of the database", timestamp=now)
        import_paths(store, [folder / "logs" / "chat.jsonl"])
    with closing(sqlite3.connect(folder / "data" / "foundups.db")) as source:
        for name in ("foundups-20260801T040000.000000Z.db", "old/agents.db"):
            with closing(sqlite3.connect(folder / name)) as copy:
                source.backup(copy)
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(prepared, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    for name in os.environ:
        if name.endswith(("_DB", "_DB_PATH")):
            monkeypatch.delenv(name)
    return tmp_path / "here"


@pytest.mark.parametrize("name", HELP)
def test_every_command_has_an_example(name: str) -> None:
    """The help of each command has an example of it."""
    assert f"Example: telemetry {name}" in HELP[name]


@pytest.mark.parametrize(
    "line", [line for line in EXAMPLES if not UNTIL_STOPPED.search(line) and line not in ELSEWHERE]
)
def test_the_example_works(folder: Path, line: str) -> None:
    """It ends well in a folder with files of the names in it."""
    done = CliRunner().invoke(app, shlex.split(line)[1:])
    assert done.exit_code == 0, (done.output, done.exception)


@pytest.mark.parametrize("line", [line for line in EXAMPLES if UNTIL_STOPPED.search(line)])
def test_the_example_runs_until_it_is_stopped(folder: Path, line: str) -> None:
    """It goes on until it is interrupted, and then ends well."""
    command = [sys.executable, "-m", "telemetry_store.cli", *shlex.split(line)[1:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BROWSER": "true"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        select.select([process.stdout], [], [], 20 if "dashboard" in line else 2.5)
        time.sleep(0.5)
        running = process.poll() is None
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=20)
        finally:
            process.kill()
    assert running, output
    assert process.returncode == 0, output

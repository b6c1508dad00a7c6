"""What the README shows works as written."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()
            if line.startswith("telemetry ")]  # fmt: skip


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_python_blocks(tmp_path: Path, number: int) -> None:
    """Each Python block runs in an empty folder."""
    done = subprocess.run([sys.executable, "-c", PYTHON[number]], cwd=tmp_path, capture_output=True, text=True,
                          env={"PYTHONPATH": str(ROOT), "PATH": ""})  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_commands(tmp_path: Path) -> None:
    """Each command line of the README succeeds, one after the other, in a folder with files of these names."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "memory").mkdir()
    (tmp_path / "logs" / "chat.jsonl").write_text('{"agent_id": "agent_3"}\n')
    (tmp_path / "memory" / "permission_events.jsonl").write_text('{"agent_id": "agent_3", "event_type": "granted"}\n')
    (tmp_path / "telemetry.toml").write_text('[tables.chat_messages]\nsources = ["logs/*.jsonl"]\n')
    (tmp_path / "old").mkdir()
    with closing(sqlite3.connect(tmp_path / "old" / "orders.db")) as connection:
        connection.executescript("CREATE TABLE customer (name); INSERT INTO customer VALUES ('x');")
    assert len(COMMANDS) >= 7
    for line in COMMANDS:
        code = line.replace("telemetry ", f"{sys.executable} -m telemetry_store.cli ", 1)
        done = subprocess.run(
            code, shell=True, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_links() -> None:
    """Each link to a file leads somewhere."""
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (ROOT / target).exists(), target

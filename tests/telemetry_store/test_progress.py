"""What long work shows on a terminal while it goes on."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "forkpty"), reason="there are no pseudo-terminals here")


def on_a_terminal(folder: Path, *arguments: str) -> tuple[str, str]:
    """What a command writes to standard error, which is a terminal, and to standard output, which is none."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "telemetry_store.cli", *arguments]
    environment = os.environ | {"COLUMNS": "150", "TERM": "xterm", "TELEMETRY_DB": str(folder / "a.db")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, text=True) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                block = os.read(ours, 4096)
            except OSError:  # the other end was closed
                break
            if not block:
                break
            shown += block
        assert process.stdout is not None
        printed = process.stdout.read()
    os.close(ours)
    return shown.decode(errors="replace"), printed


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "chat.jsonl"
    path.write_text('{"agent_id": "a", "timestamp": "2020-01-01"}\n' * 20_000)
    return path


def test_rows_bytes_and_time_left(tmp_path: Path, chat: Path) -> None:
    """On a terminal it shows the file, bytes, rows a second and the time left; the table comes at the end."""
    shown, printed = on_a_terminal(tmp_path, "import", str(chat))
    assert "chat.jsonl" in shown
    assert "rows/s" in shown
    assert "kB" in shown
    assert "0:00:00" in shown
    assert "20000 imported" in printed


def test_every_long_command_counts_in_its_own_unit(tmp_path: Path, chat: Path) -> None:
    """Verifying shows the file and bytes, indexing and ageing the table and rows, an audit its sources; none a rate."""
    on_a_terminal(tmp_path, "import", str(chat))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "m.py").write_text("open('x.jsonl', 'a')\n")
    for command, *texts in (
        (("verify",), "chat.jsonl", "kB of 900.0 kB"),
        (("search", "--build"), "chat", "20,000 of 20,000 rows"),
        (("prune", "--older-than", "1d", "--force"), "chat", "of 20,000 rows"),
        (("audit", str(tmp_path / "code")), "1 of 1 sources"),
    ):
        shown, _ = on_a_terminal(tmp_path, *command)
        assert all(text in shown for text in texts), (command, shown)
        assert "rows/s" not in shown, command


def test_brackets_in_a_name(tmp_path: Path, chat: Path) -> None:
    """A path that looks like markup is shown as it is, and stops nothing."""
    (tmp_path / "[").mkdir()
    shown, printed = on_a_terminal(tmp_path, "import", str(chat.rename(tmp_path / "[" / "b].jsonl")))
    assert "[/b].jsonl" in shown
    assert "20000 imported" in printed

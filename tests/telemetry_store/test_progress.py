"""What an import shows on a terminal while it is at work."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "forkpty"), reason="there are no pseudo-terminals here")
def test_rows_bytes_and_time_left(tmp_path: Path) -> None:
    """On a terminal it shows the file, bytes, rows a second and the time left; the table comes at the end."""
    path = tmp_path / "chat.jsonl"
    path.write_text('{"agent_id": "a"}\n' * 20_000)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "telemetry_store.cli", "import", str(path), "--db", str(tmp_path / "a.db")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"COLUMNS": "150", "TERM": "xterm"}, text=True
    ) as process:
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
    text = shown.decode(errors="replace")
    assert "chat.jsonl" in text
    assert "rows/s" in text
    assert "kB" in text
    assert "0:00:00" in text
    assert "20000 imported" in printed

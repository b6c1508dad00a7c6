"""`kill -9` at any moment: nothing acknowledged is lost, nothing is stored twice, nothing is left over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> dict:
    command = [sys.executable, "-m", "tests.crash.kill", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return json.loads(done.stdout)


@pytest.mark.parametrize("workers", [4, 8])
def test_random_kills(tmp_path: Path, workers: int) -> None:
    """500 kills at random times among 4 and 8 processes: every acknowledged event is there, once and in order."""
    result = run("random", tmp_path, "--workers", workers, "--kills", 500)
    assert result["problems"] == []
    assert result["unexpected"] == 0
    assert result["acknowledged"] > 100_000
    assert result["silent"] < 300  # most of the killed had recorded something


def test_named_points(tmp_path: Path) -> None:
    """Killed 20 times at each dangerous point while recording or recovering: the same."""
    result = run("named", tmp_path, "--kills", 20)
    assert result["problems"] == []
    assert all(count >= 18 for count in result["reached"].values()), result["reached"]


def test_the_comparison_can_fail(tmp_path: Path) -> None:
    """The control: an event that is deleted from the table, and one that is doubled, are both noticed."""
    code = """
import os, sqlite3, sys
from tests.crash.ledger import Acknowledged, problems, settle
from telemetry_store import TelemetryStore
database, acknowledged = sys.argv[1], Acknowledged(2)
child = os.fork()
if child == 0:
    store = TelemetryStore(database)
    for writer in (0, 1):
        for number in range(10):
            store.record("crash_events", {"w": writer, "n": number})
            acknowledged[writer] = number + 1
    os._exit(0)
os.waitpid(child, 0)
settle(database)
assert problems(database, acknowledged) == [], problems(database, acknowledged)
connection = sqlite3.connect(database)
connection.execute("DELETE FROM crash_events WHERE w = 0 AND n = 9")
connection.execute("INSERT INTO crash_events (timestamp, w, n) VALUES ('', 1, 9)")
connection.commit()
connection.close()
print(sorted({line.split(":")[0] for line in problems(database, acknowledged)}))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "control.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "['writer 0', 'writer 1']", done.stderr

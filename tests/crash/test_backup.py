"""Backups beside writers, and killed ones."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from telemetry_store import Settings, TelemetryStore
from telemetry_store.care.backup import back_up, backups
from telemetry_store.care.unfinished import PARTIAL

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]


def test_backups_beside_four_writers(tmp_path: Path) -> None:
    """Each of 20 copies beside four writers is sound and has each one's events as a prefix without gaps.

    It reaches at least as far as what was acknowledged before it began.
    """
    command = [sys.executable, "-m", "tests.crash.backups", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    result = json.loads(done.stdout)
    assert result["problems"] == []
    assert result["acknowledged"] > 10_000


def test_killed_backups_and_restores(tmp_path: Path) -> None:
    """Killed at random moments, a backup leaves no copy that is listed and not whole, and a restore leaves the old
    database or the new one, whole; the next run removes what is left over."""
    settings = Settings(str(tmp_path / "a.db"))
    with TelemetryStore(settings=settings) as store:
        for number in range(50_000):
            store.record("t", n=number, text="x" * 100)
    first = back_up(settings).path
    with TelemetryStore(settings=settings) as store:
        for number in range(50_000, 60_000):
            store.record("t", n=number, text="x" * 100)
    chance = random.Random(1)
    counts = []
    for arguments in (("backup",), ("restore", first, "--force")) * 6:
        command = [sys.executable, "-m", "telemetry_store.cli", *arguments, "--db", settings.database]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(0.2 + chance.random() * 0.6)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with closing(sqlite3.connect(settings.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            counts.append(connection.execute("SELECT count(*) FROM t").fetchone()[0])
        for each in backups(settings):
            with closing(sqlite3.connect(f"file:{each.path}?mode=ro", uri=True)) as connection:
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (each.rows["t"],)
    assert set(counts) <= {50_000, 60_000}
    back_up(settings)
    assert not [name for name in os.listdir(settings.database + "-backups") if name.endswith(PARTIAL)]


def test_restores_beside_four_writers(tmp_path: Path) -> None:
    """Restored over a database in use, each event is there at most once and in order.

    All that was acknowledged before a backup is there, and all that came after its restore.
    """
    command = [sys.executable, "-m", "tests.crash.restores", str(tmp_path), "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    assert json.loads(done.stdout)["problems"] == []

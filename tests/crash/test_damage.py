"""Damage from outside: files read by hand, write-ahead logs cut and flipped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]


def run(module: str, *arguments: object) -> str:
    command = [sys.executable, "-m", f"tests.crash.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return done.stdout


def test_a_database_read_by_hand_while_storing(tmp_path: Path) -> None:
    """Plain open() of the database in three writing processes loses no acknowledged event, in 8 runs."""
    lines = run("lock_cancellation", tmp_path, "store", 8).splitlines()
    assert [line.partition("\t")[2] for line in lines] == [""] * 8


def test_the_same_by_hand_loses_rows(tmp_path: Path) -> None:
    """The control: the same with a plain connection per process loses committed rows in at least one of 3 runs."""
    lines = run("lock_cancellation", tmp_path, "control", 3).splitlines()
    assert any("lost" in line for line in lines)


def test_a_damaged_log(tmp_path: Path) -> None:
    """100 write-ahead logs cut, flipped or zeroed after the commit: every acknowledged event is stored again."""
    result = json.loads(run("wal_damage", tmp_path, 100))
    assert result["wrong"] == []
    assert result["damaged"] >= 90

"""Ageing that is killed, and beside writers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return json.loads(done.stdout)


def test_killed_prunes(tmp_path: Path) -> None:
    """Killed at random moments, table and archive together hold each row exactly once, then and at the end."""
    result = run("tests.crash.prunes", tmp_path)
    assert result["problems"] == []
    assert result["control"]
    assert result["killed"] >= 3
    assert result["old"] == 0
    assert set(result["states"]) == {"done"}


def test_prune_beside_writers(tmp_path: Path) -> None:
    """Half of a database goes into an archive beside two writers: all is there by hash, and the file hardly grows."""
    result = run("benchmarks.bench_prune", tmp_path, "--rows", 50_000, "--archive", "--calm", 1)
    assert result["pruned"] >= 25_000
    assert result["equal"]
    assert result["kept"] == 0
    assert result["growth"] < 1_000_000  # what the writers add before the first pages are free

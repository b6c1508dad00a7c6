"""`kill -9` while merging and while undoing: the database is as it was before or as it is after, never between."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]


def test_killed_anywhere(tmp_path: Path) -> None:
    """Killed at 30 points of a merge and 10 of a rollback: before or after; again it ends well; undone all is as before."""
    command = [sys.executable, "-m", "tests.crash.merging", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    result = json.loads(done.stdout)
    assert result["problems"] == []
    assert result["before"] >= 15
    assert result["after"] >= 3
    assert result["finished"] <= 8  # most were killed indeed

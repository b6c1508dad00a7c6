"""A follower that is killed while files are rotated under it stores every event once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]
#: In full: TELEMETRY_TEST_ROTATIONS=200 TELEMETRY_TEST_KILLS=20.
ROTATIONS = int(os.environ.get("TELEMETRY_TEST_ROTATIONS", "24"))
KILLS = int(os.environ.get("TELEMETRY_TEST_KILLS", "4"))


def rotate(folder: Path, *options: object) -> dict:
    command = [sys.executable, "-m", "tests.crash.rotation", str(folder), *map(str, options)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return json.loads(done.stdout)


def test_careful_rotation(tmp_path: Path) -> None:
    """Every event that four writers appended is stored once, and `verify` finds it; a plain tail loses and doubles."""
    found = rotate(tmp_path / "x", "--rotations", ROTATIONS, "--kills", KILLS)
    assert found["follower"] == {"lost": 0, "twice": 0, "invented": 0}, found
    assert set(found["rotations"]) == {"rename", "copy", "pack"}, found
    assert (found["kills"], found["died"]) == (KILLS, 0), found
    assert found["ended"] == [0, 0, 0], found
    assert (found["left"], found["errors"], found["thrown_away"]) == (0, 0, 0), found
    assert found["acknowledged"] > 1000, found
    assert found["control"]["lost"] > 0, found
    assert found["control"]["twice"] > 0 or found["control"]["lost"] > 100, found


def test_careless_rotation(tmp_path: Path) -> None:
    """Where copy and cut throws events away, every event that is left in a file is stored once, and none twice."""
    found = rotate(tmp_path / "x", "--rotations", ROTATIONS, "--kills", KILLS, "--careless", "--seed", 7)
    assert found["follower"] == {"lost": 0, "twice": 0, "invented": 0}, found
    assert found["thrown_away"] > 0, found
    assert (found["errors"], found["died"]) == (0, 0), found

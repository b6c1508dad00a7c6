"""However a process ends, and whatever interrupts it, what it was told is safe is stored."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from telemetry_store import TelemetryStore
from tests.crash import exits

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]


def run(module: str, *arguments: object) -> str:
    command = [sys.executable, "-m", f"tests.crash.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90)
    print(done.stderr)
    return done.stdout


def stored(database: Path) -> list[tuple[int, int]]:
    with TelemetryStore(database) as store:
        rows = [(row["w"], row["n"]) for row in store.query("SELECT w, n FROM crash_events ORDER BY id")]
        assert store.query("SELECT count(*) AS n FROM _rejects") == [{"n": 0}]
    assert not [path for path in Path(f"{database}-spool").iterdir() if path.suffix == ".jsonl"]
    return rows


@pytest.mark.parametrize("shape", [shape.__name__ for shape in exits.SHAPES])
def test_exit_shapes(tmp_path: Path, shape: str) -> None:
    """A process that ends in this way has lost none of its acknowledged events, and leaves no segment over."""
    database = tmp_path / "exit.db"
    acknowledged = sum(map(int, run("exits", database, shape).split()))
    assert acknowledged >= exits.EVENTS
    rows = stored(database)
    assert len(rows) == acknowledged
    assert {number for _, number in rows} == set(range(exits.EVENTS))


def test_forks_while_recording(tmp_path: Path) -> None:
    """200 forks while two threads record: parent and children lose nothing, store nothing twice, and none hangs."""
    acknowledged = json.loads(run("interruptions", tmp_path / "fork.db", "forks", 200))
    rows = Counter(stored(tmp_path / "fork.db"))
    assert set(rows.values()) == {1}
    counts = Counter(writer for writer, _ in rows)
    assert counts == {int(writer): count for writer, count in acknowledged.items()}


def test_signals_that_record(tmp_path: Path) -> None:
    """1 000 signals whose handler records while the main thread records: both sides are stored once."""
    acknowledged = json.loads(run("interruptions", tmp_path / "signal.db", "signals", 1000))
    rows = stored(tmp_path / "signal.db")
    assert sorted(rows) == [(w, n) for w in (0, 1) for n in range(acknowledged[str(w)])]


def test_exceptions_from_handlers(tmp_path: Path) -> None:
    """300 KeyboardInterrupts anywhere in record(): every call that returned is stored once, and in order."""
    result = json.loads(run("interruptions", tmp_path / "raise.db", "exceptions", 300))
    numbers = [number for _, number in stored(tmp_path / "raise.db")]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= result["0"] - result["raised"]
    assert result["raised"] >= 300

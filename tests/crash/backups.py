"""Backs up a database again and again while four processes record; run as a program, prints one JSON object.

It is a program of its own because it forks, and must not carry threads or databases of a test runner.
"""

from __future__ import annotations

import argparse
import json
import math
import mmap
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from telemetry_store import Settings, TelemetryStore
from telemetry_store.care.backup import back_up
from telemetry_store.care.restore import restore
from tests.crash.children import in_child
from tests.crash.ledger import TABLE, Acknowledged

_BUCKETS = 400
_PER_OCTAVE = 16


class Latencies:
    """How long calls took, in memory that processes share: by writer and phase, in buckets of 1/16 octave."""

    def __init__(self, writers: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, writers * 2 * _BUCKETS * 8)).cast("q")
        self.phase = memoryview(mmap.mmap(-1, 8)).cast("q")
        self._writers = writers

    def add(self, writer: int, nanoseconds: int) -> None:
        bucket = min(int(math.log2(nanoseconds) * _PER_OCTAVE), _BUCKETS - 1)
        self._counts[(writer * 2 + self.phase[0]) * _BUCKETS + bucket] += 1

    def quantile(self, phase: int, share: float) -> float:
        """Microseconds below which this share of the calls of a phase stay."""
        totals = [sum(self._counts[(writer * 2 + phase) * _BUCKETS + bucket] for writer in range(self._writers))
                  for bucket in range(_BUCKETS)]  # fmt: skip
        left = sum(totals) * share
        for bucket, count in enumerate(totals):
            left -= count
            if left <= 0:
                return 2 ** ((bucket + 1) / _PER_OCTAVE) / 1000
        return math.inf


def write(database: str, writer: int, acknowledged: Acknowledged, latencies: Latencies, pause: float) -> None:
    """Record numbered events in bursts until killed, or left alone."""
    parent = os.getppid()
    store = TelemetryStore(settings=Settings(database))
    clock, text, number = time.perf_counter_ns, "x" * 150, 0
    while os.getppid() == parent:
        for _ in range(50):
            start = clock()
            store.record(TABLE, {"w": writer, "n": number, "pad": text})
            latencies.add(writer, clock() - start)
            number += 1
            acknowledged[writer] = number
        time.sleep(pause)


def fill(database: str, rows: int) -> None:
    """Give the database a size."""
    with TelemetryStore(settings=Settings(database)) as store:
        for number in range(rows):
            store.record("older_events", agent_id=f"agent_{number % 50}", n=number, text="x" * (number % 200))


def found_in(database: str, before: list[int], after: list[int]) -> list[str]:
    """What is wrong with a restored database: each writer's events are 0, 1, 2, … up to what was acknowledged."""
    problems = []
    with TelemetryStore(settings=Settings(database)) as store:
        store.tidy()
    with closing(sqlite3.connect(database)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            problems.append("integrity_check")
        for writer, (least, most) in enumerate(zip(before, after, strict=True)):
            rows = [n for (n,) in connection.execute(f"SELECT n FROM {TABLE} WHERE w = ? ORDER BY id", (writer,))]
            if rows != list(range(len(rows))):
                problems.append(f"writer {writer}: {len(rows)} rows are no prefix")
            if not least <= len(rows) <= most + 1:
                problems.append(
                    f"writer {writer}: {least} acknowledged before, {len(rows)} in the backup, {most} after"
                )
    return problems


def run(folder: Path, rows: int, times: int, pause: float) -> dict:
    """Back up `times` times, restore each copy elsewhere, and look."""
    database = str(folder / "live.db")
    fill(database, rows)
    acknowledged, latencies = Acknowledged(4), Latencies(4)
    children = [in_child(write, database, writer, acknowledged, latencies, pause) for writer in range(4)]
    problems, seconds = [], []
    while not all(acknowledged[writer] for writer in range(4)):
        time.sleep(0.01)
    for _ in range(times):
        before = [acknowledged[writer] for writer in range(4)]
        start = time.monotonic()
        latencies.phase[0] = 1
        made = back_up(Settings(database), str(folder / "copies") + os.sep)
        latencies.phase[0] = 0
        seconds.append(time.monotonic() - start)
        after = [acknowledged[writer] for writer in range(4)]
        elsewhere = str(folder / "elsewhere.db")
        restore(Settings(elsewhere), made.path)
        problems += found_in(elsewhere, before, after)
        for path in folder.glob("elsewhere.db*"):
            if path.is_file():
                path.unlink()
        os.unlink(made.path)
        time.sleep(min(seconds[-1], 1.0))
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    return {"problems": problems, "backups": times, "acknowledged": sum(acknowledged[w] for w in range(4)),
            "seconds": round(sorted(seconds)[times // 2], 2),
            "record_us_between": {name: round(latencies.quantile(0, share), 1) for name, share in shares.items()},
            "record_us_during": {name: round(latencies.quantile(1, share), 1) for name, share in shares.items()}}  # fmt: skip


def main() -> None:
    """Run as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--pause", type=float, default=0.04)
    arguments = parser.parse_args()
    json.dump(run(arguments.folder, arguments.rows, arguments.times, arguments.pause), sys.stdout)


if __name__ == "__main__":
    main()

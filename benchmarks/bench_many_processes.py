"""Many processes that record at once, until all is queryable.

Usage: python benchmarks/bench_many_processes.py [--processes N] [--events N]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from machine import facts

from telemetry_store import TelemetryStore


def work(database: str, writer: int, count: int) -> None:
    """Record numbered events."""
    store = TelemetryStore(database)
    for number in range(count):
        store.record("events", {"w": writer, "n": number, "pad": "x" * 100})
    store.close()


def run(processes: int, count: int) -> tuple[float, int, bool]:
    """Seconds from the first start until everything is queryable, rows, and whether each writer's order was kept."""
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "bench.db")
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=work, args=(database, writer, count)) for writer in range(processes)]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        with TelemetryStore(database) as store:
            rows = store.query("SELECT w, n FROM events ORDER BY id")
            seconds = time.perf_counter() - start
    expected = dict.fromkeys(range(processes), 0)
    for row in rows:
        if row["n"] != expected[row["w"]]:
            return seconds, len(rows), False
        expected[row["w"]] += 1
    return seconds, len(rows), all(worker.exitcode == 0 for worker in workers)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--events", type=int, default=10_000)
    arguments = parser.parse_args()
    print(facts())
    seconds, rows, ordered = run(arguments.processes, arguments.events)
    print(f"{arguments.processes} × {arguments.events}: {rows} rows in {seconds:.1f} s, order kept: {ordered}")


def test_smoke(benchmark) -> None:
    """All rows are there, in each writer's order."""
    _, rows, ordered = benchmark.pedantic(run, args=(3, 200), rounds=1)
    assert (rows, ordered) == (600, True)


if __name__ == "__main__":
    main()

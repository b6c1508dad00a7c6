"""Events recorded by one process until they are queryable, beside executemany of the same prepared rows.

Each side runs in a process of its own, in turns. Usage: python benchmarks/bench_end_to_end.py [--events N] [--turns N]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from machine import facts, permission_events

_COLUMNS = ("timestamp", "agent_id", "event_type", "permission_level", "granted_by", "confidence", "justification",
            "approval_signature", "metadata_json")  # fmt: skip


def store(database: str, count: int) -> dict[str, float]:
    """Record and flush; seconds and growth of the peak memory in MB."""
    from telemetry_store import TelemetryStore

    events = permission_events(count)
    gc.freeze()  # the prepared events are the benchmark's, not the store's
    opened = TelemetryStore(database)
    for event in events[:1000]:
        opened.record("warm_up", event)
    opened.flush()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    for event in events:
        opened.record("permission_events", event)
    recorded = time.perf_counter() - start
    opened.flush()
    seconds = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert opened.query("SELECT count(*) AS n FROM permission_events") == [{"n": count}]
    opened.close()
    return {"seconds": seconds, "recorded": recorded, "memory_mb": grown}


def raw(database: str, count: int) -> dict[str, float]:
    """Insert prepared rows with one executemany, with the same settings and indexes."""
    rows = []
    for event in permission_events(count):
        values = list(event.values())
        rows.append((*values[:-1], json.dumps({"metadata": values[-1]}, separators=(",", ":"))))
    gc.freeze()
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "cache_size = -16000"):
        connection.execute(f"PRAGMA {pragma}")
    body = ", ".join(f"{name} {'REAL' if name == 'confidence' else 'TEXT'}" for name in _COLUMNS)
    connection.execute(f"CREATE TABLE permission_events (id INTEGER PRIMARY KEY AUTOINCREMENT, {body})")
    for columns in ("timestamp", "agent_id, timestamp", "event_type, timestamp"):
        connection.execute(f"CREATE INDEX {'i_' + columns[:5]} ON permission_events ({columns})")
    marks = ", ".join("?" * len(_COLUMNS))
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(f"INSERT INTO permission_events ({', '.join(_COLUMNS)}) VALUES ({marks})", rows)
    connection.execute("COMMIT")
    return {"seconds": time.perf_counter() - start}


def run(count: int, turns: int) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Both sides in turns, each in a new process and a new folder."""
    results = []
    for _ in range(turns):
        pair = []
        for side in ("store", "raw"):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, __file__, "--side", side, "--events", str(count)]
                command += ["--database", os.path.join(folder, "bench.db")]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                pair.append(json.loads(done.stdout))
        results.append((pair[0], pair[1]))
    return results


def main() -> None:
    """Print the table, or one side's figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--side", choices=("store", "raw"))
    parser.add_argument("--database", default="")
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps({"store": store, "raw": raw}[arguments.side](arguments.database, arguments.events)))
        return
    print(facts())
    print(f"{'recorded µs':>12} {'queryable µs':>13} {'executemany µs':>15} {'rate ratio':>11} {'memory MB':>10}")
    for ours, theirs in run(arguments.events, arguments.turns):
        each = 1e6 / arguments.events
        ratio = theirs["seconds"] / ours["seconds"]
        print(f"{ours['recorded'] * each:12.2f} {ours['seconds'] * each:13.2f} {theirs['seconds'] * each:15.2f} "
              f"{ratio:11.2f} {ours['memory_mb']:10.1f}")  # fmt: skip


def test_smoke(benchmark) -> None:
    """Both sides run and store everything."""
    ((ours, theirs),) = benchmark.pedantic(run, args=(2000, 1), rounds=1)
    assert ours["seconds"] > 0 < theirs["seconds"]


if __name__ == "__main__":
    main()

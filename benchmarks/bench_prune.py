"""Prunes half of a large database beside writers: how long they wait, what the file does, and whether all is there.

    python -m benchmarks.bench_prune FOLDER --rows 10000000 --archive

Two writers run beside it: a process that records and calls flush() 20 times a second, and a program with plain sqlite3
that commits a row 20 times a second. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

from benchmarks.many_rows import TABLES, make
from telemetry_store import Settings
from telemetry_store.care import archive
from telemetry_store.care.retention import prune
from telemetry_store.engines import sink_for

_WRITER = """
import sys, time
from telemetry_store import Settings, TelemetryStore
waits = []
with TelemetryStore(settings=Settings(sys.argv[1])) as store:
    print("ready", flush=True)
    end = time.monotonic() + 36000
    while time.monotonic() < end and not sys.stdin.closed:
        for n in range(10):
            store.record("chat_events", agent_id="live", event_type="t", session_id="s", n=n, text="x" * 40)
        start = time.monotonic()
        store.flush()
        waits.append(time.monotonic() - start)
        time.sleep(0.05)
        import select
        if select.select([sys.stdin], [], [], 0)[0]:
            break
print(*waits)
"""
_PLAIN = """
import select, sqlite3, sys, time
waits = []
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("CREATE TABLE IF NOT EXISTS theirs (n INTEGER)")
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:
    start = time.monotonic()
    connection.execute("INSERT INTO theirs VALUES (1)")
    waits.append(time.monotonic() - start)
print(*waits)
"""


@contextlib.contextmanager
def beside(code: str, database: str, waits: list[float]):
    """Run a writer while the block runs; its waits are in the list afterwards, in seconds."""
    with subprocess.Popen(
        [sys.executable, "-c", code, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        try:
            yield
        finally:
            out, _ = process.communicate("stop\n")
            waits += map(float, out.split())


def content_hash(database: str, folder: str | None, highest: dict[str, int]) -> dict[str, str]:
    """A hash of the rows of each table up to its highest number, archive included, in whatever order."""
    found = {}
    for table in TABLES:
        total = count = 0
        with sink_for(Settings(database)).reader(30.0) as reader:
            columns = ", ".join(f'"{name}"' for name in ("id", *reader.catalogue.tables[table].columns))
            live = reader.rows(f"SELECT {columns} FROM {table} WHERE id <= {highest[table]}")
            portions = [iter(lambda: list(islice(live, 10_000)), [])]  # noqa: B023
            files = archive.files(folder) if folder else []
            portions += [archive.read(os.path.join(folder, file)) for file in files if archive.table_of(file) == table]
            for portion in portions:
                for rows in portion:
                    count += len(rows)
                    for row in rows:
                        total += int.from_bytes(hashlib.blake2b(archive.row_bytes([row]), digest_size=16).digest())
        found[table] = f"{count}:{total % 2**128:032x}"
    return found


def summary(waits: list[float]) -> dict[str, float]:
    """Waits in milliseconds."""
    ordered = [round(timeout * 1e3, 1) for timeout in sorted(waits)]
    count = len(ordered)
    return {"count": count, "p50_ms": ordered[count // 2], "p99_ms": ordered[count * 99 // 100], "max_ms": ordered[-1]}


def main() -> None:
    """Run as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--database", help="one that many_rows has made, instead of a new one")
    parser.add_argument("--calm", type=float, default=10.0, help="seconds that the writers run alone first")
    parser.add_argument("--archive", action="store_true")
    parser.add_argument("--no-plain", action="store_true", help="without the program that uses plain sqlite3")
    arguments = parser.parse_args()
    database = arguments.database or str(arguments.folder / "many.db")
    folder = str(arguments.folder / "archive") if arguments.archive else None
    if not arguments.database:
        make(database, arguments.rows, 180.0)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        highest = {table: connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0] for table in TABLES}
    before = content_hash(database, None, highest) if folder else {}
    flushes: list[float] = []
    commits: list[float] = []
    calm: list[float] = []
    plain_calm: list[float] = []
    with beside(_WRITER, database, calm), beside(_PLAIN, database, plain_calm):
        time.sleep(arguments.calm)
    with contextlib.ExitStack() as stack:
        stack.enter_context(beside(_WRITER, database, flushes))
        if not arguments.no_plain:
            stack.enter_context(beside(_PLAIN, database, commits))
        size, start = os.stat(database).st_size, time.monotonic()
        done = prune(Settings(database), 90 * 86_400, folder=folder)
        seconds = time.monotonic() - start
        after = os.stat(database).st_size
    result = {
        "pruned": sum(each.rows for each in done),
        "kept": sum(each.kept for each in done),
        "seconds": round(seconds, 1),
        "longest_turn_ms": round(max(each.longest_turn for each in done) * 1e3, 1),
        "load": round(os.getloadavg()[0], 1),
        "flush_alone": summary(calm),
        "flush": summary(flushes),
        "plain_commit_alone": summary(plain_calm),
        "plain_commit": summary(commits or [0.0]),
        "size_before": size,
        "growth": after - size,
        "equal": content_hash(database, folder, highest) == before if folder else None,
    }
    if folder:
        result["archive_bytes"] = sum(os.stat(os.path.join(folder, file)).st_size for file in archive.files(folder))
        result["archive_files"] = len(archive.files(folder))
    json.dump(result, sys.stdout, indent=1)


if __name__ == "__main__":
    main()

"""Restores a backup over a database that four processes are recording into; run as a program, prints one JSON object.

It is a program of its own because it forks, and must not carry threads or databases of a test runner.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from telemetry_store import Settings
from telemetry_store.care.backup import back_up
from telemetry_store.care.restore import restore
from tests.crash.backups import Latencies, write
from tests.crash.children import in_child
from tests.crash.ledger import TABLE, Acknowledged, settle


def numbers_in(database: str, writer: int) -> list[int]:
    with closing(sqlite3.connect(database)) as connection:
        return [n for (n,) in connection.execute(f"SELECT n FROM {TABLE} WHERE w = ? ORDER BY id", (writer,))]


def run(folder: Path, times: int) -> dict:
    """Back up, go on, restore, go on: `times` times; then look at what each writer has in the database."""
    database = str(folder / "live.db")
    settings = Settings(database)
    acknowledged, latencies = Acknowledged(4), Latencies(4)
    children = [in_child(write, database, writer, acknowledged, latencies, 0.01) for writer in range(4)]
    while not all(acknowledged[writer] > 500 for writer in range(4)):
        time.sleep(0.01)
    between, lost, drained = [], 0, []
    for _ in range(times):
        at_backup = [acknowledged[writer] for writer in range(4)]
        copy = back_up(settings).path
        time.sleep(0.5)
        drained.append(restore(settings, copy, force=True, timeout=30.0).drained)
        time.sleep(0.5)
        between.append([range(start, acknowledged[writer]) for writer, start in enumerate(at_backup)])
    time.sleep(0.5)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    settle(database)
    problems = []
    for writer in range(4):
        rows = numbers_in(database, writer)
        there, last = set(rows), acknowledged[writer]
        lost += last - len(there & set(range(last)))
        if len(rows) != len(there):
            problems.append(f"writer {writer}: {len(rows) - len(there)} events are there twice")
        if rows != sorted(rows):
            problems.append(f"writer {writer}: out of order")
        # what came between a backup and its restore may be gone with its segment, whichever of the restores it was
        if missing := set(range(last)).difference(there, *(spans[writer] for spans in between)):
            message = "events acknowledged before a backup or after its restore are missing"
            problems.append(f"writer {writer}: {len(missing)} {message}")
    with closing(sqlite3.connect(database)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            problems.append("integrity_check")
    return {
        "problems": problems,
        "acknowledged": sum(acknowledged[w] for w in range(4)),
        "left_behind": lost,
        "drained": drained,
    }


if __name__ == "__main__":
    json.dump(run(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)

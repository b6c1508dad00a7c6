"""Kills `prune` into an archive at random moments beside a writer; run as a program, prints one JSON object.

It is a program of its own because it forks. It loads neither pyarrow nor duckdb, which have threads: its children do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from benchmarks.many_rows import TABLES, make
from telemetry_store import Settings, TelemetryStore
from telemetry_store.care.retention import prune
from telemetry_store.reading.archive_reader import ask_both
from tests.crash.children import in_child

_DAY = 86_400


def record(database: str) -> None:
    """Record into the tables that are pruned, until killed, or left alone."""
    parent = os.getppid()
    store = TelemetryStore(database)
    number = 0
    while os.getppid() == parent:
        store.record(TABLES[number % 5], agent_id="live", n=number)
        number += 1
        time.sleep(0.001)


def told(settings: Settings, folder: str, table: str, highest: int) -> str:
    """A hash of the rows that table and archive together have, up to a number; their count stands before it."""
    sql = f"SELECT * FROM {table} WHERE id <= {highest} ORDER BY id"
    rows = ask_both(settings, folder, sql)
    text = json.dumps([sorted(row.items()) for row in rows], default=str)
    return f"{len(rows)}:{hashlib.sha256(text.encode()).hexdigest()}"


def run(folder: Path, rows: int, kills: int, seed: int) -> dict:
    """Prune and be killed, `kills` times, look each time at one table, and at the end at all."""
    chance = random.Random(seed)
    database, place = str(folder / "a.db"), str(folder / "archive")
    settings = Settings(database)
    make(database, rows, 180.0)
    os.mkdir(place)
    with closing(sqlite3.connect(database)) as connection:
        highest = {table: connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0] for table in TABLES}
    before = {table: told(settings, place, table, highest[table]) for table in TABLES}
    writer = in_child(record, database)
    problems, killed, left = [], 0, []
    for turn in range(kills):
        child = in_child(lambda: prune(settings, 90 * _DAY, folder=place))
        time.sleep(0.2 + chance.random() * 0.6)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        table = TABLES[turn % 5]
        if told(settings, place, table, highest[table]) != before[table]:
            problems.append(f"after kill {turn}: {table} is not what it was")
        with closing(sqlite3.connect(database)) as connection:
            left.append(sum(connection.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in TABLES))
    _, status = os.waitpid(in_child(lambda: prune(settings, 90 * _DAY, folder=place)), 0)
    problems += [f"the last prune ended with {status}"] * (status != 0)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    after = {table: told(settings, place, table, highest[table]) for table in TABLES}
    problems += [f"{table}: {before[table]} before, {after[table]} after" for table in TABLES if before != after]
    with closing(sqlite3.connect(database)) as connection:
        old = sum(connection.execute(f"SELECT count(*) FROM {table} WHERE timestamp < strftime('%Y-%m-%d', 'now', '-91 days')")
                  .fetchone()[0] for table in TABLES)  # fmt: skip
        states = dict(connection.execute("SELECT state, count(*) FROM _pruned GROUP BY 1"))
        connection.execute(f"DELETE FROM {TABLES[0]} WHERE id = {highest[TABLES[0]]}")
        connection.commit()
    noticed = told(settings, place, TABLES[0], highest[TABLES[0]]) != before[TABLES[0]]
    return {"problems": problems, "killed": killed, "left": left, "old": old, "states": states, "control": noticed}


def main() -> None:
    """Run as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    json.dump(run(arguments.folder, arguments.rows, arguments.kills, arguments.seed), sys.stdout)


if __name__ == "__main__":
    main()

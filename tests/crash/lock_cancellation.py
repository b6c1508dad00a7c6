"""Writers that read their own database file with plain open() while storing; run as a program, prints what was lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

from telemetry_store import Settings, TelemetryStore
from tests.crash.ledger import Acknowledged, problems, settle

WRITERS = 3
EVENTS = 6_000
READER = "import sqlite3,sys;c=sqlite3.connect(sys.argv[1],timeout=5);c.execute('select count(*) from crash_events');c.close()"


def sniff(database: str) -> None:
    """What a backup script or an audit does: open the file, look, close; this drops SQLite's POSIX locks."""
    if os.path.exists(database):
        with open(database, "rb") as file:
            file.read(16)


def with_store(database: str, writer: int, acknowledged: Acknowledged) -> None:
    """Record through the store."""
    store = TelemetryStore(settings=Settings(database=database, drain_interval=0.003))
    for number in range(EVENTS):
        store.record("crash_events", {"w": writer, "n": number, "pad": "x" * 200})
        acknowledged[writer] = number + 1
        if number % 20 == 0:
            sniff(database)
            time.sleep(0.005)


def with_sqlite(database: str, writer: int, acknowledged: Acknowledged) -> None:
    """The control: one connection and a transaction per ten rows, as applications do it by hand."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("SELECT count(*) FROM crash_events").fetchone()
    for number in range(0, EVENTS, 10):
        connection.execute("BEGIN IMMEDIATE")
        rows = [(writer, number + each, "x" * 200) for each in range(10)]
        connection.executemany("INSERT INTO crash_events (timestamp, w, n, pad) VALUES ('', ?, ?, ?)", rows)
        connection.execute("COMMIT")
        acknowledged[writer] = number + 10
        if number % 200 == 0:
            sniff(database)


def fork_writer(work, database: str, writer: int, acknowledged: Acknowledged) -> int:
    """Run one writer, and kill it when it is done, so that nothing is tidied up."""
    child = os.fork()
    if child == 0:
        try:
            work(database, writer, acknowledged)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    return child


def run(database: str, kind: str) -> str:
    """One run of three writers and short readers; returns what is wrong afterwards."""
    acknowledged = Acknowledged(WRITERS)
    work = with_sqlite if kind == "control" else with_store
    child = os.fork()
    if child == 0:  # the table exists before the writers start
        with TelemetryStore(database) as store:
            store.record("crash_events", {"w": -1, "n": 0, "pad": ""})
        os._exit(0)
    os.waitpid(child, 0)
    children = {fork_writer(work, database, writer, acknowledged) for writer in range(WRITERS)}
    while children:
        subprocess.run([sys.executable, "-S", "-c", READER, database], capture_output=True, check=False)
        children -= {child for child in list(children) if os.waitpid(child, os.WNOHANG)[0]}
    if kind != "control":
        settle(database)
        return "; ".join(problems(database, acknowledged))
    try:
        with closing(sqlite3.connect(database)) as connection:
            stored = connection.execute("SELECT count(*) FROM crash_events WHERE w >= 0").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return f"all lost: {error}"
    lost = sum(acknowledged[writer] for writer in range(WRITERS)) - stored
    return f"{lost} lost" if lost else ""


if __name__ == "__main__":
    folder, kind, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
    for turn in range(turns):
        print(turn, run(f"{folder}/{kind}{turn}.db", kind), sep="\t", flush=True)

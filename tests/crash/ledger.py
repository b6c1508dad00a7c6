"""What every crash test compares: which events were acknowledged, and which are in the database."""

from __future__ import annotations

import mmap
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from telemetry_store import Settings, TelemetryStore

TABLE = "crash_events"


class Acknowledged:
    """How many events each writer was told are safe, in memory that outlives the writer."""

    def __init__(self, writers: int) -> None:
        # A view's item is stored in one piece; struct.pack_into clears the bytes first, and a kill would leave zero.
        self._counts = memoryview(mmap.mmap(-1, writers * 8)).cast("q")
        self.writers = writers

    def __getitem__(self, writer: int) -> int:
        return self._counts[writer]

    def __setitem__(self, writer: int, count: int) -> None:
        self._counts[writer] = count


def record_for_ever(store: TelemetryStore, writer: int, acknowledged: Acknowledged, pad: int = 200) -> None:
    """Record numbered events in bursts, and acknowledge each only after `record` has returned."""
    text = "x" * pad
    number = 0
    while True:
        store.record(TABLE, {"w": writer, "n": number, "pad": text[: number * 7 % pad]})
        number += 1
        acknowledged[writer] = number
        if number % 200 == 0:
            time.sleep(0.005)


def settle(database: Path | str) -> None:
    """Drain everything in a process of its own, as the next user of the database would."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            store = TelemetryStore(settings=Settings(database=str(database)))
            status = 0 if store.tidy(30.0) else 3
            store.close()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"draining ended with status {status}"


def problems(database: Path | str, acknowledged: Acknowledged, in_flight: int = 1) -> list[str]:
    """Everything that is wrong: lost, doubled or reordered events, damage, segments left over.

    `in_flight` events beyond the acknowledged ones may be there for each writer: recorded, but killed before it knew.
    """
    found: list[str] = []
    with closing(sqlite3.connect(database)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone():
            numbers: dict[int, list[int]] = {}
            for writer, number in connection.execute(f"SELECT w, n FROM {TABLE} ORDER BY id"):
                numbers.setdefault(writer, []).append(number)
        else:
            numbers = {}
        for writer in range(acknowledged.writers):
            got, want = numbers.get(writer, []), acknowledged[writer]
            if got != list(range(len(got))):
                found.append(f"writer {writer}: not 0, 1, 2, …: {len(got)} rows, {len(set(got))} different")
            if not want <= len(got) <= want + in_flight:
                found.append(f"writer {writer}: {want} acknowledged, {len(got)} stored")
        check = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if check != "ok":
            found.append(f"integrity_check: {check}")
        rejected = connection.execute("SELECT count(*), min(reason) FROM _rejects").fetchone()
        if rejected[0]:
            found.append(f"rejects: {rejected}")
    left = [name for name in os.listdir(f"{database}-spool") if name.endswith((".jsonl", ".new"))]
    if left:
        found.append(f"segments left over: {left}")
    return found

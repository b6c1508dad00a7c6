"""Kills recording processes at random times and at named points; run as a program, prints one JSON object.

It is a program of its own because it forks hundreds of times and must not carry threads or databases of a test runner.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path

from telemetry_store import Settings, TelemetryStore
from telemetry_store.engines.sqlite.sink import SqliteSink
from tests.crash.children import in_child
from tests.crash.ledger import Acknowledged, problems, record_for_ever, settle


def die() -> None:
    """Be killed, here and now."""
    os.kill(os.getpid(), signal.SIGKILL)


def write(database: str, writer: int, acknowledged: Acknowledged) -> None:
    """Record until killed, draining often."""
    settings = Settings(database=database, drain_interval=0.005, sync_interval=0.01)
    record_for_ever(TelemetryStore(settings=settings), writer, acknowledged)


def _victim(running: list[tuple[int, int]], acknowledged: Acknowledged, chance: random.Random) -> tuple[int, int]:
    """One that is recording; in one case of ten any, which may still be starting."""
    for _ in range(1000):
        recording = [each for each in running if acknowledged[each[1]]]
        if recording and chance.random() < 0.9:
            return chance.choice(recording)
        if recording:
            break
        time.sleep(0.002)
    return chance.choice(running)


def random_kills(database: str, workers: int, kills: int, seed: int) -> dict:
    """Keep `workers` processes recording, and kill one of them at random times, `kills` times."""
    chance = random.Random(seed)
    acknowledged = Acknowledged(workers + kills)
    running: list[tuple[int, int]] = []
    unexpected = 0
    for writer in range(workers + kills):
        running.append((in_child(write, database, writer, acknowledged), writer))
        if len(running) > workers:
            time.sleep(chance.random() * 0.04)
            victim = _victim(running, acknowledged, chance)
            running.remove(victim)
            os.kill(victim[0], signal.SIGKILL)
            _, status = os.waitpid(victim[0], 0)
            unexpected += os.WTERMSIG(status) != signal.SIGKILL
    time.sleep(0.1)
    for victim, _ in running:
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    settle(database)
    total = sum(acknowledged[writer] for writer in range(acknowledged.writers))
    silent = sum(acknowledged[writer] == 0 for writer in range(acknowledged.writers))
    found = problems(database, acknowledged)
    return {"kills": kills, "acknowledged": total, "silent": silent, "unexpected": unexpected, "problems": found}


class DyingConnection(sqlite3.Connection):
    """A connection that is killed before or after a certain statement."""

    before = after = during = ""
    countdown = 1

    def execute(self, sql: str, *arguments):
        """Run the statement, unless this is the moment."""
        hit = any(point and sql.startswith(point) for point in (self.before, self.after, self.during))
        if hit:
            type(self).countdown -= 1
        now = hit and type(self).countdown <= 0
        if now and self.before:
            die()
        if now and self.during:
            threading.Timer(random.random() * 0.002, die).start()
        result = super().execute(sql, *arguments)
        if now and self.after:
            die()
        return result


class HalfCopy:
    """A segment's memory whose writer is killed in the middle of copying a line."""

    def __init__(self, memory, chance: random.Random) -> None:
        self._memory, self._chance = memory, chance

    def __setitem__(self, where: slice, data: bytes) -> None:
        cut = self._chance.randrange(len(data))
        self._memory[where.start : where.start + cut] = data[:cut]
        die()


def _sql_point(**point: str):
    def prepare(database: str, chance: random.Random) -> TelemetryStore:
        kind = type("Dying", (DyingConnection,), {**point, "countdown": chance.randrange(1, 4)})

        def connect(path: str) -> sqlite3.Connection:
            return sqlite3.connect(path, isolation_level=None, timeout=0.25, check_same_thread=False, factory=kind)

        settings = Settings(database=database, drain_interval=0.002)
        return TelemetryStore(settings=settings, sink=SqliteSink(database, connect))

    return prepare


def _mid_copy(database: str, chance: random.Random) -> TelemetryStore:
    store = TelemetryStore(settings=Settings(database=database, drain_interval=0.002))

    def later() -> None:
        time.sleep(chance.random() * 0.03 + 0.005)
        with store._spool._lock:
            store._spool._bytes = HalfCopy(store._spool._bytes, chance)

    threading.Thread(target=later).start()
    return store


def _rotation(name: str):
    def prepare(database: str, chance: random.Random) -> TelemetryStore:
        original, left = getattr(os, name), chance.randrange(2, 4)

        def dying(*arguments):
            nonlocal left
            left -= 1
            if left == 0 and chance.random() < 0.5:
                die()
            result = original(*arguments)
            if left <= 0:
                die()
            return result

        setattr(os, name, dying)
        return TelemetryStore(settings=Settings(database=database, drain_interval=0.002))

    return prepare


POINTS = {
    "mid-copy": _mid_copy,
    "after begin": _sql_point(after="BEGIN IMMEDIATE"),
    "during inserts": _sql_point(during="INSERT"),
    "before commit": _sql_point(before="COMMIT"),
    "after commit, before delete": _sql_point(after="COMMIT"),
    "during checkpoint": _sql_point(during="PRAGMA wal_checkpoint"),
    "before checkpoint": _sql_point(before="PRAGMA wal_checkpoint"),
    "during rotation, allocating": _rotation("posix_fallocate"),
    "during rotation, naming": _rotation("rename"),
    "deleting a drained segment": _rotation("unlink"),
}


def _write_at_point(database: str, point: str, seed: int, writer: int, acknowledged: Acknowledged) -> None:
    chance = random.Random(seed)
    store = POINTS[point](database, chance)
    record_for_ever(store, writer, acknowledged, pad=2000)


def _recover_at_point(database: str, point: str, seed: int) -> None:
    """Drain what dead processes left, and be killed at the point."""
    POINTS[point](database, random.Random(seed)).tidy(10.0)
    os._exit(0)


def _wait(child: int, seconds: float) -> bool:
    """Wait for a child to die; kills it and returns False when it takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def named_kills(database: str, times: int, seed: int) -> dict:
    """Kill a recording process, and one that recovers after it, at each named point."""
    recoveries = ("after begin", "during inserts", "before commit", "after commit, before delete", "during checkpoint")
    acknowledged = Acknowledged(len(POINTS) * times)
    writer, reached = 0, dict.fromkeys(POINTS, 0)
    for point in POINTS:
        for turn in range(times):
            child = in_child(_write_at_point, database, point, seed + turn, writer, acknowledged)
            reached[point] += _wait(child, 5.0)
            writer += 1
            if point in recoveries:
                _wait(in_child(_recover_at_point, database, point, seed + turn), 10.0)
    settle(database)
    total = sum(acknowledged[each] for each in range(acknowledged.writers))
    return {"acknowledged": total, "reached": reached, "problems": problems(database, acknowledged)}


def main() -> None:
    """Run one kind of kills as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("random", "named"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    database = str(arguments.folder / "crash.db")
    start = time.monotonic()
    if arguments.kind == "random":
        result = random_kills(database, arguments.workers, arguments.kills, arguments.seed)
    else:
        result = named_kills(database, arguments.kills, arguments.seed)
    json.dump({**result, "seconds": round(time.monotonic() - start, 1)}, sys.stdout)


if __name__ == "__main__":
    main()

"""Damages the write-ahead log after acknowledged commits; run as a program, prints one JSON object."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time

from telemetry_store import Settings, TelemetryStore
from tests.crash.ledger import Acknowledged, problems, settle


def record_and_die(database: str, acknowledged: Acknowledged, seed: int) -> None:
    """Record in bursts, let the background commit them, and be killed without tidying up."""
    chance = random.Random(seed)
    store = TelemetryStore(settings=Settings(database=database, drain_interval=0.003))
    for number in range(chance.randrange(500, 4000)):
        store.record("crash_events", {"w": 0, "n": number, "pad": "x" * chance.randrange(300)})
        acknowledged[0] = number + 1
        if number % 100 == 0:
            time.sleep(0.004)
    store.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def damage(path: str, chance: random.Random) -> str:
    """Cut the log, flip a bit of it, or overwrite a stretch; returns what was done."""
    size = os.path.getsize(path)
    kind = chance.choice(("cut", "flip", "zero", "header", "empty"))
    with open(path, "r+b") as file:
        where = chance.randrange(32) if kind == "header" else chance.randrange(size)
        if kind == "cut":
            file.truncate(where)
        elif kind == "empty":
            file.truncate(0)
        elif kind == "zero":
            file.seek(where)
            file.write(bytes(min(4096, size - where)))
        else:
            file.seek(where)
            byte = file.read(1)[0]
            file.seek(where)
            file.write(bytes([byte ^ 1 << chance.randrange(8)]))
    return f"{kind} at {where} of {size}"


def once(folder: str, seed: int) -> tuple[str, list[str]]:
    """One life, one damage, one recovery; returns the damage and what is wrong afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    database, chance, acknowledged = f"{folder}/a.db", random.Random(seed), Acknowledged(1)
    child = os.fork()
    if child == 0:
        try:
            record_and_die(database, acknowledged, seed)
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    wal = f"{database}-wal"
    done = damage(wal, chance) if os.path.exists(wal) and os.path.getsize(wal) else "no log"
    settle(database)
    return done, problems(database, acknowledged)


if __name__ == "__main__":
    results = [once(sys.argv[1] + "/w", seed) for seed in range(int(sys.argv[2]))]
    wrong = [(done, found) for done, found in results if found]
    json.dump({"damaged": sum(done != "no log" for done, _ in results), "wrong": wrong}, sys.stdout)

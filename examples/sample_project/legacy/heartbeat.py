"""Daemons say that they are alive; two of them write to the same file."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time

BEAT = os.path.join("logs", "daemon_heartbeat.jsonl")


def beat(folder: str, daemon: str, count: int) -> None:
    """Append heartbeats of one daemon; large ones, written in two steps, so that two processes tear lines."""
    os.makedirs(os.path.join(folder, "logs"), exist_ok=True)
    for number in range(count):
        with open(os.path.join(folder, BEAT), "a", encoding="utf-8") as file:
            event = {"timestamp": time.time(), "agent_id": daemon, "event_type": "heartbeat", "beat": number,
                     "queues": {f"queue_{each}": each * number for each in range(700)}}  # fmt: skip
            json.dump(event, file)
            file.write("\n")
        time.sleep(random.uniform(0.001, 0.006))


def run_daemons(folder: str, count: int) -> None:
    """Run two daemons at once."""
    context = multiprocessing.get_context("spawn")
    daemons = [context.Process(target=beat, args=(folder, name, count)) for name in ("youtube_dae", "git_push_dae")]
    for daemon in daemons:
        daemon.start()
    for daemon in daemons:
        daemon.join()

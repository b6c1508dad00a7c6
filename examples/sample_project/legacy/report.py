"""A reader: the last state of each daemon, from the file that they append to."""

from __future__ import annotations

import json
import os


def last_beats(folder: str) -> dict[str, int]:
    """The last heartbeat of each daemon; torn lines are skipped, as such scripts do."""
    last: dict[str, int] = {}
    with open(os.path.join(folder, "logs", "daemon_heartbeat.jsonl"), encoding="utf-8") as file:
        for line in file:
            try:
                event = json.loads(line)
                last[event["agent_id"]] = event["beat"]
            except (ValueError, KeyError, TypeError):
                continue
    return last

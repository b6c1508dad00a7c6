"""Figures of the system, of which only the last ones are kept."""

from __future__ import annotations

import json
import os
import time

KEEP = 100


def log_metric(folder: str, name: str, value: float) -> None:
    """Append one figure, then rewrite the file with the last ones; whoever appends meanwhile loses."""
    path = os.path.join(folder, "memory", "metrics_events.jsonl")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps({"ts": time.time(), "metric": name, "value": value}) + "\n")
    with open(path, encoding="utf-8") as file:
        lines = file.readlines()
    if len(lines) > 2 * KEEP:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(lines[-KEEP:])

"""What every benchmark prints first, and the events that they all use."""

from __future__ import annotations

import os
import platform
import random
import sqlite3
import uuid
from datetime import UTC, datetime


def facts() -> str:
    """The machine in one line."""
    model = platform.processor() or "unknown CPU"
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def permission_events(count: int) -> list[dict[str, object]]:
    """Realistic events: eight scalars and a nested value, about 330 bytes of JSON."""
    chance = random.Random(1)
    return [
        {
            "timestamp": datetime.fromtimestamp(1.76e9 + number * 0.37, UTC).isoformat(timespec="microseconds"),
            "agent_id": f"agent_{chance.randrange(50)}",
            "event_type": chance.choice(("granted", "revoked", "downgraded", "upgraded")),
            "permission_level": "edit_access",
            "granted_by": "0102",
            "confidence": round(chance.random(), 3),
            "justification": f"confidence threshold reached after {number} runs",
            "approval_signature": uuid.UUID(int=chance.getrandbits(128)).hex,
            "metadata": {"run": number, "tags": ["a", "b"], "path": "modules/x/y.py"},
        }
        for number in range(count)
    ]

"""Who may do what: permissions that are granted to agents and taken away."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime


def log_permission(folder: str, agent_id: str, event_type: str, level: str) -> None:
    """Append one permission event."""
    path = os.path.join(folder, "memory", "permission_events.jsonl")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    event = {
        "timestamp": datetime.now(UTC).isoformat(),
        "agent_id": agent_id,
        "event_type": event_type,
        "permission_level": level,
        "granted_by": "0102",
    }
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")

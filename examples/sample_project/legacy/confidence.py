"""How sure each agent is of itself."""

from __future__ import annotations

import json
import time
from pathlib import Path


class ConfidenceTracker:
    """Keeps the confidence of agents, and writes down every change."""

    def __init__(self, folder: str) -> None:
        self.log = Path(folder) / "memory" / "confidence_events.jsonl"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.levels: dict[str, float] = {}

    def update(self, agent_id: str, change: float) -> float:
        """Change an agent's confidence and append the event."""
        level = min(max(self.levels.get(agent_id, 0.5) + change, 0.0), 1.0)
        self.levels[agent_id] = level
        event = {
            "ts": time.time(),
            "agent_id": agent_id,
            "event_type": "confidence",
            "before_after": [level - change, level],
        }
        with self.log.open("a", encoding="utf-8") as file:
            json.dump({**event, "confidence": level}, file)
            file.write("\n")
        return level

"""Sessions of automated browsers."""

from __future__ import annotations

import json
import os
import time


class SessionRecorder:
    """Writes what one browser does."""

    def __init__(self, folder: str, session_id: str) -> None:
        self.session_id = session_id
        self.path = os.path.join(folder, "logs", "selenium_sessions.jsonl")
        os.makedirs(os.path.dirname(self.path), exist_ok=True)

    def step(self, agent_id: str, action: str, *, ok: bool, milliseconds: int) -> None:
        """Append one step of the session."""
        line = {
            "timestamp": int(time.time() * 1000),
            "session_id": self.session_id,
            "agent_id": agent_id,
            "event_type": action,
            "ok": ok,
            "duration_ms": milliseconds,
        }
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")

"""What is said in the chat."""

from __future__ import annotations

import json
import os
from datetime import datetime


def append_line(folder: str, name: str, value: dict) -> None:
    """Append to one of the log files; every module of this project could use it, two do."""
    os.makedirs(os.path.join(folder, "logs"), exist_ok=True)
    with open(os.path.join(folder, "logs", name), "a", encoding="utf-8") as file:
        print(json.dumps(value, ensure_ascii=False), file=file)


def log_message(folder: str, session_id: str, agent_id: str, text: str) -> None:
    """Append one chat message; its time has no zone."""
    message = {"time": datetime.now().isoformat(sep=" "), "session_id": session_id, "agent_id": agent_id, "text": text}
    append_line(folder, "chat_messages.jsonl", message)

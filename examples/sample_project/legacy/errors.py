"""Errors, through the logging module with a formatter that writes JSON."""

from __future__ import annotations

import json
import logging
import os


class JsonFormatter(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as JSON."""
        return json.dumps(
            {
                "created_at": record.created,
                "level": record.levelname,
                "event_type": "error",
                "agent_id": getattr(record, "agent_id", None),
                "message": record.getMessage(),
            }
        )


def error_logger(folder: str) -> logging.Logger:
    """A logger whose file holds JSON lines."""
    os.makedirs(os.path.join(folder, "logs"), exist_ok=True)
    handler = logging.FileHandler(os.path.join(folder, "logs", "error_events.jsonl"))
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("sample.errors")
    logger.propagate = False
    logger.handlers[:] = [handler]
    return logger

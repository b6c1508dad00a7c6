"""Runs the sample project for a while: python -m legacy.run FOLDER."""

from __future__ import annotations

import random
import sys

from .browser import SessionRecorder
from .chat import log_message
from .confidence import ConfidenceTracker
from .errors import error_logger
from .heartbeat import run_daemons
from .metrics import log_metric
from .permissions import log_permission

AGENTS = [f"agent_{number}" for number in range(5)]
WORDS = "one two three four five six seven eight nine ten".split()


def main(folder: str, turns: int = 300) -> None:
    """Let every module write its events; the same each time, apart from the times."""
    chance = random.Random(7)
    tracker, errors = ConfidenceTracker(folder), error_logger(folder)
    for turn in range(turns):
        agent = chance.choice(AGENTS)
        session = f"session_{turn // 50}"
        log_permission(folder, agent, chance.choice(["granted", "revoked"]), chance.choice(["read", "edit"]))
        tracker.update(agent, chance.uniform(-0.1, 0.1))
        log_message(folder, session, agent, " ".join(chance.choices(WORDS, k=6)))
        recorder = SessionRecorder(folder, session)
        recorder.step(
            agent, chance.choice(["click", "type"]), ok=chance.random() > 0.1, milliseconds=chance.randrange(900)
        )
        log_metric(folder, "queue_length", chance.randrange(40))
        if turn % 20 == 0:
            errors.error("could not reach the service", extra={"agent_id": agent})
    run_daemons(folder, 150)


if __name__ == "__main__":
    main(sys.argv[1])

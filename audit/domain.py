"""What a target is about, and how its table might be called."""

from __future__ import annotations

import re

WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("permissions", ("permission", "approval", "grant", "consent")),
    ("confidence", ("confidence",)),
    ("chat", ("chat", "transcript", "conversation", "dialog")),
    ("daemon_health", ("heartbeat", "health", "daemon", "pulse", "alive", "dae_events")),
    ("errors", ("error", "violation", "incident", "alert", "failure", "exception", "escalation", "unicode", "crash")),
    ("training_data", ("training", "train", "sft", "dpo", "label", "dataset", "corpus", "fine_tune", "distill")),
    ("metrics", ("metric", "performance", "fidelity", "outcome", "benchmark", "latency")),
    ("research_results", ("research", "experiment", "detector", "result", "campaign", "ab_test", "eval", "artifact")),
    ("sessions", ("session", "browser", "history", "run_log")),
    ("telemetry", ("telemetry", "event", "log", "audit", "trace", "breadcrumb", "usage", "pattern", "activity")),
)
"""Domains in the order in which they are tried, with the words that decide."""


def domain(target: str) -> tuple[str, tuple[str, ...]]:
    """The domain of a target and the words in it that decided; the file's name counts before its directories."""
    lowered = target.lower()
    for part in (lowered.rpartition("/")[2], lowered):
        for name, words in WORDS:
            hits = tuple(word for word in words if word in part)
            if hits:
                return name, hits
    return "other", ()


def table(target: str) -> str:
    """A table name for a target: the file's name without what varies and without its end."""
    name = target.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = re.sub(r"\{[^}]*\}|\*", "", name)
    name = re.sub(r"(\.(jsonl|ndjson|json|log|txt|md|gz|tmp|chronicle|jsonlines))+$", "", name, flags=re.IGNORECASE)
    name = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not name:
        return "events"
    return f"t_{name}" if name[0].isdigit() else name

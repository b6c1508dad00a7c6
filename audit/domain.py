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

GENERIC = frozenset(
    {
        "command",
        "data",
        "events",
        "event",
        "file",
        "files",
        "history",
        "journal",
        "lines",
        "list",
        "log",
        "logs",
        "main",
        "memory",
        "messages",
        "metrics",
        "out",
        "output",
        "record",
        "records",
        "report",
        "reports",
        "results",
        "rows",
        "run",
        "runs",
        "session",
        "sessions",
        "src",
        "state",
        "telemetry",
        "test",
        "tests",
        "tmp",
    }
)
"""Names that need their folder's beside them."""

_END = re.compile(
    r"(\.(jsonl|ndjson|json|log|txt|md|gz|bz2|xz|zst|tmp|chronicle|jsonlines|ldjson)|\.\d+)+$", re.IGNORECASE
)
_COUNTERS = re.compile(
    r"(?:(?<=[_\-.])|^)"
    r"(?:\d{4}-?\d{2}-?\d{2}(?:[T_-]?\d{4,6})?|\d+|(?=[a-f]*\d)[0-9a-f]{8,})"
    r"(?=[_\-.]|$)",
    re.IGNORECASE,
)
"""Dates, numbers and hashes between separators."""


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
    """A table name for a target: its file's name without what varies and its end; with its folder's where generic."""
    *folders, name = target.replace("\\", "/").strip("/").split("/")
    words = _words(_END.sub("", re.sub(r"\{[^}]*\}|\*", "_", name)))
    if not words or words in GENERIC:
        above = (_words(re.sub(r"\{[^}]*\}|\*", "", folder)) for folder in reversed(folders))
        folder = next((each for each in above if each and each not in GENERIC), "")
        words = "_".join(filter(None, (folder, words or "events")))
    return (words if words[0].isalpha() else f"t_{words}")[:63]


def _words(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", _COUNTERS.sub("", name).lower()).strip("_")

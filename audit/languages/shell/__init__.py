"""Shell scripts: redirections and commands that write or read JSON lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.languages.javascript import scan as scan_javascript
from audit.languages.shell.commands import parse
from audit.languages.shell.embedded import programs, together
from audit.languages.shell.script import Script
from audit.languages.shell.values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.languages.place import Place

__all__ = ["python_in", "scan"]

_HOPE = re.compile(r"jsonl|ndjson|jsonlines|>>|\btee\b|\bjq\b|\{\\?\"|json\.loads", re.IGNORECASE)


def scan(path: str, text: str, outside: Mapping[str, str] | None = None) -> list[Place]:
    """The places of a script.

    Args:
        path: Relative to the root.
        text: The script; its lines are counted from 1.
        outside: Values that the surroundings give to variables, such as ``env`` of a workflow.
    """
    if not _HOPE.search(text):
        return []
    places = Script(path, outside or {}).read(text)
    if re.search(r"\b(?:node|deno|bun)\b", text):
        places += scan_javascript(path, _inside(path, text, outside or {}, "javascript"))
    return places


def python_in(path: str, text: str, outside: Mapping[str, str] | None = None) -> str:
    """The Python programs of a script, on the lines on which they stand; empty without any.

    Args:
        path: Relative to the root.
        text: The script.
        outside: Values that the surroundings give to variables.
    """
    return _inside(path, text, outside or {}, "python") if "python" in text and "json" in text else ""


def _inside(path: str, text: str, outside: Mapping[str, str], language: str) -> str:
    values = Values(path, outside=outside)
    pipelines = parse(text)
    values.learn(pipelines)
    return together(programs(pipelines, values, language))

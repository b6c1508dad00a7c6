"""Sources in languages other than Python: who writes and who reads JSON lines."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from audit.finding import Unparsed
from audit.languages import javascript, notebook, powershell, shell, yaml
from audit.languages.dialects import DIALECTS
from audit.languages.place import findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.finding import Finding
    from audit.languages.place import Place

__all__ = ["python_in", "scan"]

T = TypeVar("T")

_SCRIPTS = re.compile(r"jsonl|ndjson|>>|\bjq\b|\btee\b|json\.|JSON|-json", re.IGNORECASE)
"""What a file has in its text when a script in it may be of interest."""


def python_in(path: str, language: str, text: str) -> str:
    """The Python that a source of another language holds, each line where it stands there; empty without any.

    Nothing that the source holds makes this raise; what fails here fails in ``scan`` too, which says so.

    Args:
        path: Relative to the root.
        language: A value of ``audit.walk.LANGUAGES``.
        text: The source.
    """
    return _tried(lambda: _python(path, language, text), "")[0]


def _python(path: str, language: str, text: str) -> str:
    if language == "notebook":
        return notebook.cells(text, "python")
    if language == "shell":
        return shell.python_in(path, text)
    if language in DIALECTS and "python" in text and "json" in text:
        return shell.python_in(path, DIALECTS[language](text))
    if language == "yaml" and "python" in text and "json" in text:
        scripts, variables = yaml.scripts(text)
        own = [each.placed for each in scripts if each.language == "python"]
        inner = [shell.python_in(path, each.placed, variables) for each in scripts if each.language == "shell"]
        return _laid_over([each for each in (*own, *inner) if each])
    return ""


def _laid_over(texts: list[str]) -> str:
    """Texts that stand on different lines as one."""
    rows = zip_longest(*(text.split("\n") for text in texts), fillvalue="")
    return "\n".join(next(filter(str.strip, row), "") for row in rows)


def scan(
    path: str, language: str, text: str, others: Callable[[str], str] = lambda _: ""
) -> tuple[list[Finding], list[Unparsed], set[str]]:
    """The findings of one source. Nothing that the source holds makes this raise.

    Args:
        path: Relative to the root.
        language: A value of ``audit.walk.LANGUAGES``.
        text: The source.
        others: Gives the text of another source of the tree by its path, an empty string when there is none.

    Returns:
        The findings, what could not be read or failed, and the paths that were looked for, whether they exist or not.
    """
    modules = javascript.Modules(others)
    nothing: list[Place] = []
    places, failed = _tried(lambda: _places(path, language, text, modules), nothing)
    unparsed = notebook.trouble(path, text) if language == "notebook" else []
    unparsed += [Unparsed(path, 0, "A402", failed)] if failed else []
    return findings(path, language, text, places), unparsed, modules.asked


def _tried(work: Callable[[], T], otherwise: T) -> tuple[T, str]:
    """What some work gives, or something else and what failed."""
    try:
        return work(), ""
    except Exception as error:  # noqa: BLE001 - a rule that fails is a finding, and the audit goes on
        return otherwise, f"{type(error).__name__}: {error}"


def _places(path: str, language: str, text: str, modules: javascript.Modules) -> list[Place]:
    if language in ("javascript", "typescript"):
        return javascript.scan(path, text, modules)
    if language == "shell":
        return shell.scan(path, text)
    if language in DIALECTS and _SCRIPTS.search(text):
        return shell.scan(path, DIALECTS[language](text))
    if language == "powershell":
        return powershell.scan(path, text)
    if language == "yaml" and _SCRIPTS.search(text):
        return _in_yaml(path, text)
    if language == "notebook" and ("!" in text or "%%" in text):
        return shell.scan(path, notebook.cells(text, "shell"))
    return []


def _in_yaml(path: str, text: str) -> list[Place]:
    scripts, variables = yaml.scripts(text)
    found: list[Place] = []
    for each in scripts:
        if each.language == "shell":
            found += shell.scan(path, each.placed, variables)
        elif each.language == "powershell":
            found += powershell.scan(path, each.placed)
        elif each.language == "javascript":
            found += javascript.scan(path, each.placed)
    return found

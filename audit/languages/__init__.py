"""Sources in languages other than Python: who writes and who reads JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.finding import Unparsed
from audit.languages import javascript
from audit.languages.place import findings

if TYPE_CHECKING:
    from audit.finding import Finding

__all__ = ["python_in", "scan"]


def python_in(path: str, language: str, text: str) -> str:
    """The Python that a source of another language holds, each line where it stands there; empty without any.

    Args:
        path: Relative to the root.
        language: A value of ``audit.walk.LANGUAGES``.
        text: The source.
    """
    del path, language, text
    return ""


def scan(path: str, language: str, text: str) -> tuple[list[Finding], list[Unparsed]]:
    """The findings of one source. Nothing that the source holds makes this raise.

    Args:
        path: Relative to the root.
        language: A value of ``audit.walk.LANGUAGES``.
        text: The source.

    Returns:
        The findings, and the rules that failed.
    """
    try:
        return _judge(path, language, text), []
    except Exception as error:  # noqa: BLE001 - a rule that fails is a finding, and the audit goes on
        return [], [Unparsed(path, 0, "A402", f"{type(error).__name__}: {error}")]


def _judge(path: str, language: str, text: str) -> list[Finding]:
    if language in ("javascript", "typescript"):
        return findings(path, language, javascript.scan(path, text))
    return []

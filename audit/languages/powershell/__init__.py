"""PowerShell scripts: commands and .NET calls that write or read JSON lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.languages.powershell.script import Script

if TYPE_CHECKING:
    from audit.languages.place import Place

__all__ = ["scan"]

_HOPE = re.compile(r"jsonl|ndjson|json\b|serialize|\{[`\\]?\"", re.IGNORECASE)
_FILES = re.compile(r"content|out-file|tee-object|\]::|>|streamwriter|streamreader|\bgc\b|\bac\b", re.IGNORECASE)


def scan(path: str, text: str) -> list[Place]:
    """The places of a script.

    Args:
        path: Relative to the root.
        text: The script.
    """
    if not _HOPE.search(text) or not _FILES.search(text):
        return []
    return Script(path, text).read()

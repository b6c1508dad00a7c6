"""The sources of a plan: globs for the files of a target, and which target owns a file."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from audit.pattern import regex, solid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.finding import Target

_NO_FIELD = re.compile(
    r"(?i)now|today|ts|tmp|[a-z]|dt|ext|stem|suffix|prefix|unknown|idx|index|name|hex|base"
    r"|\w*(date|time|stamp|path|file|filename|root|dir|folder|home|cwd|get|load|join|format)"
)
"""Names of variable parts that say nothing about an event."""


def glob_of(target: Target) -> str:
    """The glob of a target, relative to the root; empty where it would take in whatever lies in a folder.

    Args:
        target: With the files that it matched.
    """
    if not solid(target.target):
        return ""
    path = re.sub(r"[\[?]", r"[\g<0>]", target.target.replace("\\", "/"))
    if not target.writers and not target.readers:
        return _fields(_numbered(path))
    path = posixpath.normpath(_fields(path))
    parts = path.split("/")
    above = 0
    while above < len(parts) - 1 and re.fullmatch(r"\{[^}]*\}|\*+|\.\.", parts[above]):
        above += 1
    found = [regex("/".join(parts[above:])).fullmatch(each) for each in target.files]
    anywhere = any(match is None or match["above"] for match in found) if found else above > 0
    return ("**/" if anywhere else "") + "/".join(parts[above:])


def _numbered(family: str) -> str:
    """A family of files in which the directories that vary are fields, so that their rows stay apart."""
    *folders, name = family.split("/")
    folders = [folder.replace("{name}", f"{{folder_{number}}}") for number, folder in enumerate(folders, 1)]
    return "/".join([*folders, name])


def _fields(target: str) -> str:
    """Variable parts as fields of the plan, or as ``*`` where they are no field."""

    def part(match: re.Match[str]) -> str:
        is_field = re.fullmatch(r"[a-z_]\w*", match[1]) and not _NO_FIELD.fullmatch(match[1])
        return match[0] if is_field or match[1].startswith("folder_") else "*"

    return re.sub(r"\*\*+", "*", re.sub(r"\{([^}]*)\}", part, target))


def owners(targets: Sequence[Target]) -> dict[str, Target]:
    """The one target that each file goes with: of those that say anything, the one that says most.

    Args:
        targets: Those that may own files.
    """
    chosen: dict[str, Target] = {}
    for target in sorted(targets, key=lambda each: (bool(each.writers), len(re.sub(r"\{[^}]*\}", "", each.target)))):
        if solid(target.target):
            chosen.update(dict.fromkeys(target.files, target))
    return chosen

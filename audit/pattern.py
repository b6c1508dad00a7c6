"""Targets as patterns: which names mean the same file, and which paths a name may mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.walk import LINE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable


def key(target: str) -> str:
    """A target with its variable parts made equal, so that two names of one family meet."""
    return re.sub(r"\{[^}]*\}|\*+", "*", target.replace("\\", "/")).removeprefix("./")


def solid(target: str) -> str:
    """What is certain in the name of a target's file, without its end: empty when the name says nothing."""
    name = target.replace("\\", "/").rpartition("/")[2].lower()
    for suffix in LINE_SUFFIXES:
        name = name.removesuffix(suffix)
    return re.sub(r"\{[^}]*\}|[*._\- ]", "", name)


def regex(target: str) -> re.Pattern[str]:
    """Paths that a target may mean, relative to the root; the group ``above`` is what stands before it."""
    body = "[^/]*".join(re.escape(part) for part in key(target).split("*"))
    return re.compile(rf"(?P<above>.*/)?{body.removeprefix('[^/]*/')}")


def fields(target: str, path: str) -> dict[str, str]:
    """What the named parts of a target are in one of its paths.

    Args:
        target: Such as ``logs/{agent}/events.jsonl``; a part that stands twice must be the same both times to count.
        path: A path that the target may mean.
    """
    parts = re.split(r"(\{\w+\}|\{[^}]*\}|\*+)", target.replace("\\", "/").removeprefix("./"))
    if parts[:1] == [""] and len(parts) > 2 and parts[2].startswith("/"):
        parts = ["", "", parts[2][1:], *parts[3:]]  # a beginning that varies is a directory, not a field of the event
    names: list[str] = []
    body = ""
    for part in parts:
        if re.fullmatch(r"\{[A-Za-z_]\w*\}", part):
            names.append(part[1:-1])
            body += "([^/]*)"
        else:
            body += "[^/]*" if part[:1] in ("{", "*") else re.escape(part)
    found = re.fullmatch(rf"(?:.*/)?{body}", path)
    if found is None:
        return {}
    values = list(zip(names, found.groups(), strict=True))
    return {name: value for name, value in values if all(value == other for each, other in values if each == name)}


def matching(target: str, paths: Iterable[str]) -> list[str]:
    """Those of the paths that a target may mean, from their ends when it is not anchored."""
    if not re.sub(r"[*/.]", "", key(target)):
        return []
    pattern = regex(target)
    return [path for path in paths if pattern.fullmatch(path)]

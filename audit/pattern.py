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


def matching(target: str, paths: Iterable[str]) -> list[str]:
    """Those of the paths that a target may mean, from their ends when it is not anchored."""
    if not re.sub(r"[*/.]", "", key(target)):
        return []
    pattern = regex(target)
    return [path for path in paths if pattern.fullmatch(path)]

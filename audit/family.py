"""Files brought into families: a pattern where only parts of their names vary."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VARIES = "{name}"
"""What stands for the part that varies."""
_WORD = 3  # letters that a name must share to be of one family
_FEW = 3  # directories that are told apart, if there are more than so many files for each
_MANY = 3  # files of one directory that are a family when each of their names has a number


@dataclass(frozen=True, slots=True)
class Family:
    """Files that are one target.

    Args:
        target: The path, or the pattern.
        kind: ``literal`` or ``pattern``.
        files: The members.
    """

    target: str
    kind: str
    files: tuple[str, ...]


def families(files: Iterable[str]) -> list[Family]:
    """Bring files into families.

    Args:
        files: Paths with forward slashes.

    Returns:
        One family per target, the largest first. Files that share no more than their directory and their suffix stay
        apart: a pattern for them would match whatever else lies there.
    """
    found: list[Family] = []
    rest: list[str] = []
    for named in _by(lambda path: (path.count("/"), path.rpartition("/")[2]), files):
        for group in _apart(named):
            found += [_family(group)] if len(group) > 1 else []
            rest += group if len(group) == 1 else []
    for group in _by(lambda path: (path.rpartition("/")[0], os.path.splitext(path)[1]), rest):
        found += _alike(group)
    return sorted(found, key=lambda each: (-len(each.files), each.target))


def _apart(group: list[str], depth: int = 0) -> list[list[str]]:
    """Files of one name and depth, apart where many of them stand below a few directories."""
    if depth >= group[0].count("/"):
        return [group]
    below = _by(lambda path: path.split("/")[depth], group)
    if len(below) > _FEW or len(group) <= _FEW * len(below):
        return [group]
    return [part for each in below for part in _apart(each, depth + 1)]


def _alike(group: Sequence[str]) -> list[Family]:
    """The families among files of one directory and suffix."""
    named = _by(lambda path: _likeness(path.rpartition("/")[2]), group)
    alone = [each for part in named if len(part) == 1 for each in part]
    found = [_family(part) for part in named if len(part) > 1]
    if len(alone) >= _MANY and all("/" in each and re.search(r"\d", each.rpartition("/")[2]) for each in alone):
        return [*found, _family(alone)]
    return [*found, *(Family(each, "literal", (each,)) for each in alone)]


def _likeness(name: str) -> str:
    word = re.match(r"[A-Za-z]*", name)[0]  # type: ignore[index]
    return word.lower() if len(word) >= _WORD else re.sub(r"\d+", "0", name)


def _by(key: object, files: Iterable[str]) -> list[list[str]]:
    groups: defaultdict[object, list[str]] = defaultdict(list)
    for path in dict.fromkeys(files):
        groups[key(path)].append(path)  # type: ignore[operator]
    return list(groups.values())


def _family(files: Sequence[str]) -> Family:
    rows = zip(*(path.split("/") for path in files), strict=True)
    target = "/".join(_part(tuple(dict.fromkeys(row))) for row in rows)
    return Family(target, "pattern", tuple(files))


def _part(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return names[0]
    before = _shared(names)
    rest = [name[len(before) :] for name in names]
    after = _shared([each[::-1] for each in rest])[::-1]
    return f"{before}{VARIES}{after}"


def _shared(names: Sequence[str]) -> str:
    """What names begin with in common, not ending within a number or, where one of them goes on, within a word."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    shared = "".join(letters[0] for letters in same).rstrip("0123456789")
    if any(name[len(shared) : len(shared) + 1].isalpha() for name in names):
        shared = re.sub(r"[A-Za-z]+$", "", shared)
    return shared

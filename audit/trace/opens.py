"""The openings of a run, brought together by file, mode and place."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from audit.trace.content import judge
from audit.trace.trace import Content, Frame, Open
from audit.walk import LINE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.trace.recording import Opening, Process

STACKS = 20
"""So many different stacks of one place are kept."""
NOWHERE = Frame("", 0, "")


@dataclass(slots=True)
class _Group:
    """Openings of one file in one mode from one place."""

    path: str
    mode: str
    place: Frame
    openings: list[tuple[int, Opening]] = field(default_factory=list)


class Disk:
    """The files of a run after it: which names they have now, and what removed ones held.

    Args:
        processes: What was recorded.
        root: The directory of the project, absolute.
    """

    def __init__(self, processes: Sequence[Process], root: str) -> None:
        self._root = os.path.join(os.path.realpath(root), "")
        self._names: dict[str, str] = {}
        self._samples = {self.name(path): found for each in processes for path, found in each.samples.items()}
        renames = sorted(rename for each in processes for rename in each.renames)
        self._renames = [(moment, self.name(old), self.name(new)) for moment, old, new in renames]
        self._judged: dict[tuple[str, int, bool], Content] = {}

    def name(self, path: str) -> str:
        """A path without links in its directories; the file's own name stays, link or not."""
        if path not in self._names:
            directory, name = os.path.split(os.path.normpath(path))
            self._names[path] = os.path.join(os.path.realpath(directory), name)
        return self._names[path]

    def shown(self, path: str) -> str:
        """A path relative to the root where it is inside."""
        return path.removeprefix(self._root).replace(os.sep, "/")

    def later(self, path: str, moment: int) -> list[str]:
        """The names that a file of this name got from a moment on, each followed to its last one."""
        found: list[str] = []
        for at, (when, old, new) in enumerate(self._renames):
            moved = _moved(path, old, new)
            if when >= moment and moved:
                for _, source, target in self._renames[at + 1 :]:
                    if not os.path.lexists(moved):
                        moved = _moved(moved, source, target) or moved
                found.append(moved)
        return list(dict.fromkeys(found))

    def content(self, path: str, later: Iterable[str], offset: int, mode: str) -> Content:
        """What the file holds under its own name, a later one, or held when it was removed."""
        lines = mode == "append" or path.lower().endswith(LINE_SUFFIXES)
        for name in (path, *later):
            found = self._judge(Path(name), offset, lines=lines)
            if found.kind != "nothing":
                return found
        for name in (path, *later):
            sample, size = self._samples.get(name, (None, 0))
            if sample is not None and not os.path.exists(name):
                found = judge(sample, offset, lines=lines)
                return Content(found.kind, max(size - offset, 0), found.lines, found.objects, found.keys)
        return Content("nothing")

    def _judge(self, path: Path, offset: int, *, lines: bool) -> Content:
        key = (str(path), offset, lines)
        if key not in self._judged:
            self._judged[key] = judge(path, offset, lines=lines)
        return self._judged[key]


def opens(processes: Sequence[Process], root: str, held: Mapping[str, set[int]]) -> tuple[Open, ...]:
    """Bring the openings of a run together.

    Args:
        processes: What was recorded.
        root: The directory of the project, absolute.
        held: Processes that were seen to have a file open for writing at the same time, by file.

    Returns:
        One entry per file, mode and place, by place and file.
    """
    disk = Disk(processes, root)
    overlaps = _overlaps(processes, disk, held)
    groups: dict[tuple[str, str, Frame], _Group] = {}
    for process in processes:
        known = {each.path: _mode(each.flags) for each in process.openings if each.way != "d"}
        for each in _handles(process.openings):
            path = disk.name(each.path)
            mode = known.get(each.path, _mode(each.flags)) if each.way == "d" else _mode(each.flags)
            place = each.frames[0] if each.frames else NOWHERE
            final = _final(path, each, mode, disk)
            for name in final:
                group = groups.setdefault((name, mode, place), _Group(path, mode, place))
                group.openings.append((process.pid, each))
    found = [_open(name, group, disk, overlaps) for (name, _, _), group in groups.items()]
    return tuple(sorted(found, key=lambda each: (each.place.path, each.place.line, each.file, each.mode)))


def _handles(openings: Sequence[Opening]) -> list[Opening]:
    """The openings without those by ``os.open`` whose descriptor was given to ``fdopen``: there the handle is made."""
    given = {(each.path, each.thread, each.count) for each in openings if each.way == "d" and each.frames}
    return [each for each in openings if each.way != "o" or (each.path, each.thread, each.count) not in given]


def _moved(path: str, old: str, new: str) -> str:
    """The name of a file after a rename of it or of a directory above it, or an empty string."""
    if path == old:
        return new
    return new + path[len(old) :] if path.startswith(old + os.sep) else ""


def _mode(flags: int) -> str:
    if not flags & (os.O_WRONLY | os.O_RDWR):
        return "read"
    return "truncate" if flags & (os.O_TRUNC | os.O_EXCL) else "append"


def _final(path: str, opening: Opening, mode: str, disk: Disk) -> list[str]:
    """The names to show: those that a file got which was written anew under a passing name."""
    if mode != "truncate" or os.path.lexists(path):
        return [path]
    return disk.later(path, opening.first) or [path]


def _open(name: str, group: _Group, disk: Disk, overlaps: dict[str, str]) -> Open:
    openings = [each for _, each in group.openings]
    ways: Counter[str] = Counter()
    threads: defaultdict[int, set[int]] = defaultdict(set)
    for pid, each in group.openings:
        ways[each.way] += each.count
        threads[pid].add(each.thread)
    offset = max(min(each.size for each in openings), 0) if group.mode == "append" else 0
    later = disk.later(group.path, min(each.first for each in openings)) if group.mode != "read" else []
    return Open(
        file=disk.shown(name),
        opened=disk.shown(group.path) if name != group.path else "",
        mode=group.mode,
        place=group.place,
        stacks=tuple(dict.fromkeys(each.frames for each in openings))[:STACKS],
        processes=tuple(sorted(threads)),
        threads=max(len(each) for each in threads.values()),
        # one opening may be seen on its way by a name, by os.open and by its descriptor
        count=max(ways.values()),
        content=disk.content(name, later, offset, group.mode),
        overlap=overlaps.get(group.path, "") if group.mode != "read" else "",
    )


def _overlaps(processes: Sequence[Process], disk: Disk, held: Mapping[str, set[int]]) -> dict[str, str]:
    """How several processes wrote one file, by file."""
    spans: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    together: defaultdict[str, set[int]] = defaultdict(set)
    for process in processes:
        for each in process.openings:
            if _mode(each.flags) == "read":
                continue
            path = disk.name(each.path)
            first, last = spans[path].get(process.pid, (each.first, each.last))
            spans[path][process.pid] = (min(first, each.first), max(last, each.last))
            together[path] |= each.together - {process.pid}
    found: dict[str, str] = {}
    for path, known in spans.items():
        # a forked child that only inherited the handle is none of them
        if together[path] & set(known) or len(held.get(path, set()) & set(known)) > 1:
            found[path] = "same-time"
        elif _alternate(sorted(known.values())):
            found[path] = "alternating"
    return found


def _alternate(spans: Sequence[tuple[int, int]]) -> bool:
    """Whether one process opened a file between two openings of another; the spans are in order of their starts."""
    latest = -1
    for first, last in spans:
        if first < latest:
            return True
        latest = max(latest, last)
    return False

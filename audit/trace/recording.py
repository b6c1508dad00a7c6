"""A recording: what the processes of one traced run wrote down, read back."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.trace.trace import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


@dataclass(slots=True)
class Opening:
    """One file opened in one way by one thread of a process from one stack.

    Args:
        path: The file as it was named, absolute.
        frames: The frames inside the root, innermost first.
        thread: Which thread, as the system numbers it.
        way: ``n`` by a name, ``o`` by ``os.open``, ``d`` by a descriptor.
        flags: The flags of the system call.
        size: Bytes before the first opening, -1 when the file was not there.
        first: When it was first opened, in nanoseconds of the monotonic clock.
        last: When it was last opened.
        count: How often.
        together: Processes that had it open for writing at one of these moments.
    """

    path: str
    frames: tuple[Frame, ...]
    thread: int
    way: str
    flags: int
    size: int
    first: int
    last: int
    count: int = 1
    together: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Process:
    """What one process recorded. A process that runs another program in its place is a second one.

    Args:
        pid: Its number.
        parent: The number of its parent.
        version: Its Python.
        command: Its arguments.
        openings: What it opened.
        renames: When, from which name, to which name.
        samples: The beginning of what removed files held, and how many bytes they had, by path.
        commands: Commands that it started, and whether they got the environment that traces them.
        cut: Whether it had too much to record.
    """

    pid: int
    parent: int = 0
    version: str = ""
    command: tuple[str, ...] = ()
    openings: list[Opening] = field(default_factory=list)
    renames: list[tuple[int, str, str]] = field(default_factory=list)
    samples: dict[str, tuple[Path, int]] = field(default_factory=dict)
    commands: list[tuple[bool, tuple[str, ...]]] = field(default_factory=list)
    cut: bool = False


def read(directory: Path) -> list[Process]:
    """The processes of a run, in the order in which they began.

    Args:
        directory: Where they recorded. Lines that a killed process left unfinished are passed over.

    Returns:
        One entry per file of records.
    """
    files = [path for path in directory.iterdir() if path.name.count(".") == 1]
    return [_process(path) for path in sorted(files, key=lambda path: (path.suffix[1:].zfill(24), path.name))]


def _process(path: Path) -> Process:
    process = Process(int(path.name.partition(".")[0]))
    openings: dict[int, Opening] = {}
    stacks: dict[int, tuple[Frame, ...]] = {0: ()}
    for kind, fields in _records(path):
        # a full disk leaves lines without their ends or beginnings
        with contextlib.suppress(KeyError, IndexError, ValueError):
            if kind in "SOR":
                _opening(kind, fields, openings, stacks)
            elif kind == "C":
                openings[int(fields[0])].together.update(map(int, fields[1:]))
            else:
                _other(kind, fields, process, path.parent)
    process.openings = list(openings.values())
    return process


def _opening(kind: str, fields: list[str], openings: dict[int, Opening], stacks: dict[int, tuple[Frame, ...]]) -> None:
    if kind == "S":
        rest = fields[1:]
        stacks[int(fields[0])] = tuple(
            Frame(*each) for each in zip(rest[::3], map(int, rest[1::3]), rest[2::3], strict=True)
        )
    elif kind == "O":
        number, stack, thread, flags, moment, size = (int(fields[at]) for at in (0, 1, 2, 4, 5, 6))
        openings[number] = Opening(fields[7], stacks[stack], thread, fields[3], flags, size, moment, moment)
    else:
        known, moment = openings[int(fields[0])], int(fields[1])
        known.count, known.last = known.count + 1, moment


def _other(kind: str, fields: list[str], process: Process, directory: Path) -> None:
    if kind == "H":
        process.parent, process.version, process.command = int(fields[1]), fields[2], tuple(fields[3:])
    elif kind == "M":
        process.renames.append((int(fields[0]), fields[1], fields[2]))
    elif kind == "G":
        process.samples[fields[0]] = (directory / fields[2], int(fields[1]))
    elif kind == "P":
        process.commands.append((fields[0] == "1", tuple(fields[1:])))
    elif kind == "X":
        process.cut = True


def _records(path: Path) -> Iterator[tuple[str, list[str]]]:
    with open(path, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                kind, *fields = os.fsdecode(line[:-1]).split("\t")
                yield kind, [re.sub(r"\\[\\tnr]", lambda m: _ESCAPES[m[0]], each) for each in fields]

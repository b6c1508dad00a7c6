"""A trace: what a program that ran was seen to open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in the code of the project.

    Args:
        path: Source file relative to the root, empty when no frame of the stack is inside it.
        line: Line that was being run.
        function: Name of the function; qualified where the program's Python is 3.11 or later.
    """

    path: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds from the place where an opening found its end.

    Args:
        kind: ``json-lines``, ``json`` (one document), ``text``, ``binary`` or ``nothing``.
        bytes: How many there are, compressed ones as they are.
        lines: Lines that are not blank, of the first megabytes.
        objects: How many of them are a JSON object.
        keys: Keys of the first few objects.
    """

    kind: str
    bytes: int = 0
    lines: int = 0
    objects: int = 0
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """A file that was opened, in one mode, from one place.

    Args:
        file: Relative to the root where it is inside, else absolute. The final name when it was written under another.
        opened: The name under which it was opened, when that is another.
        mode: ``append``, ``truncate`` or ``read``.
        place: The innermost frame inside the root.
        stacks: The different stacks of frames inside the root, innermost first; at most 20.
        processes: Numbers of the processes.
        threads: Most threads that one process did it from.
        count: How often.
        content: What was written, or, for a reader, what the file holds.
        overlap: For writers: ``same-time`` when several processes had the file open for writing at once,
            ``alternating`` when one opened it between the openings of another, else empty.
    """

    file: str
    opened: str
    mode: str
    place: Frame
    stacks: tuple[tuple[Frame, ...], ...]
    processes: tuple[int, ...]
    threads: int
    count: int
    content: Content
    overlap: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """A run of a program.

    Args:
        command: The program with its arguments.
        root: The directory of the project, absolute.
        status: Its exit status; minus the number of the signal that killed it.
        seconds: How long it ran.
        processes: How many Python processes were seen.
        opens: What they opened, by file and place.
        notes: What could not be seen, each a sentence.
    """

    command: tuple[str, ...]
    root: str
    status: int
    seconds: float
    processes: int
    opens: tuple[Open, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The trace as JSON values, without what was opened."""
        return {
            "command": list(self.command),
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "processes": self.processes,
            "opens": len(self.opens),
            "notes": list(self.notes),
        }

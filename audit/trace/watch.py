"""Watches, from outside, which files several traced processes have open for writing at the same time.

A process that opens a file looks who else has it open, but two that open it in the same moment do not see each other.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PAUSE = 0.05
"""Seconds between two looks, at least."""
SHARE = 20
"""The pause is at least so many times as long as a look, which takes little of the machine however many there are."""


class Watch:
    """What was seen so far.

    Args:
        directory: Where the processes record; names there begin with their numbers.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._gone: set[str] = set()
        self.together: defaultdict[str, set[int]] = defaultdict(set)
        """Processes that had a file open for writing while another one had, by file."""

    def look(self) -> float:
        """Look once; returns the seconds to pause. Only Linux tells, elsewhere nothing is seen."""
        start = time.perf_counter()
        holders: defaultdict[str, set[str]] = defaultdict(set)
        for pid in {name.partition(".")[0] for name in os.listdir(self._directory)} - self._gone:
            for path in self._open(pid):
                holders[path].add(pid)
        for path, pids in holders.items():
            writing = {int(pid) for pid in pids if _writes(pid, path)} if len(pids) > 1 else set()
            if len(writing) > 1:
                self.together[path] |= writing
        return max(PAUSE, SHARE * (time.perf_counter() - start))

    def _open(self, pid: str) -> set[str]:
        """The files that a process has open."""
        found: set[str] = set()
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            self._gone.add(pid)
            return found
        for name in names:
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
        own = str(self._directory)
        return {path for path in found if path.startswith("/") and not path.startswith(("/dev/", "/proc/", own))}


def _writes(pid: str, path: str) -> bool:
    """Whether a process still has a file open, and for writing."""
    with contextlib.suppress(OSError, ValueError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{name}") != path:
                    continue
                with open(f"/proc/{pid}/fdinfo/{name}", encoding="ascii") as info:
                    words = info.read().split()
                if int(words[words.index("flags:") + 1], 8) & (os.O_WRONLY | os.O_RDWR):
                    return True
    return False

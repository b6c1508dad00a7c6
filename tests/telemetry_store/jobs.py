"""What the workers of the tests do."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from telemetry_store import QueryStopped


@dataclass(frozen=True, slots=True)
class Job:
    """What to do: a number, a place, or nothing in particular."""

    number: int = 0
    place: Path = Path()


@dataclass(frozen=True, slots=True)
class Said:
    """Plain values."""

    value: object
    more: tuple[object, ...] = ()


def count(job: Job) -> Iterator[Said]:
    """So many frames."""
    yield from map(Said, range(job.number))


def values(job: Job) -> Iterator[Said]:
    """Values of all kinds."""
    yield Said(VALUES, (1, None))


VALUES = [None, True, -(2**70), 0.1, float("inf"), "ä\ud800\0", b"\xff\n", [1, [2]], (3, {"a": (4,)}), "x" * 300_000]


def circumstances(job: Job) -> Iterator[Said]:
    """Where this process is and what it has."""
    yield Said([sys.path, sorted({"orjson", "typing", "subprocess"} & set(sys.modules)), os.getcwd(), json.__file__])


def prints(job: Job) -> Iterator[Said]:
    """Speaks where frames are sent."""
    print("this is no frame", flush=True)
    os.write(1, b"neither is this")
    yield Said("heard")


def refuses(job: Job) -> Iterator[Said]:
    """Raises an error of ours after one frame."""
    yield Said(1)
    raise QueryStopped("stopped", "a hint")


def fails(job: Job) -> Iterator[Said]:
    """Raises another error."""
    yield Said(1)
    raise KeyError("nothing")


def dies(job: Job) -> Iterator[Said]:
    """Is gone after one frame."""
    yield Said(1)
    os._exit(9)


def sleeps(job: Job) -> Iterator[Said]:
    """Says who it is, and does nothing for long."""
    yield Said(os.getpid())
    time.sleep(job.number)


def spins(job: Job) -> Iterator[Said]:
    """Says who it is, and is busy for ever."""
    yield Said(os.getpid())
    while True:
        sum(range(1000))


def grows(job: Job) -> Iterator[Said]:
    """Takes so many bytes."""
    yield Said(len(bytes(job.number)))


def writes(job: Job) -> Iterator[Said]:
    """Writes so many bytes into a file."""
    job.place.write_bytes(bytes(job.number))
    yield Said(job.place.stat().st_size)

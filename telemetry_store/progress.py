"""How far long work has come: the one thing that all of it tells, and that one bar draws."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one piece of long work has come.

    Attributes:
        what: is worked on: a file's path, a table, a phase.
        done: of it, counted in `unit`.
        total: all of it; 0 where nobody knows.
        rows: events that it has given so far.
        unit: what `done` and `total` count, such as rows or sources.
    """

    what: str
    done: int = 0
    total: int = 0
    rows: int = 0
    unit: str = "bytes"

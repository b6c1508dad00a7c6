"""What an import tells about each file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Outcome(Enum):
    """What became of a file; the value says it to people."""

    IMPORTED = "imported"
    CONTINUED = "continued"
    ALREADY_IMPORTED = "already imported"
    MOVED = "moved"
    REWRITTEN = "rewritten, imported as new"
    DUPLICATE = "duplicate of {original}"
    EMPTY = "empty"
    UNFINISHED = "being written, it seems: not read before it is whole, or was left alone for a minute"
    UNREADABLE = "cannot be read: {reason}"


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What became of one file, in this run.

    Attributes:
        read, imported, duplicate, rejected, blank: lines; read = imported + duplicate + rejected + blank.
        pending: bytes of a last line that is not complete yet; they are read once it is.
        bytes: read in this run.
        time_origin: where the time of events without a time field came from: the path or the file's mtime.
        original: the path of the file that it is a duplicate of.
        reason: why it cannot be read, or not to its end.
    """

    path: str
    table: str
    outcome: Outcome
    read: int = 0
    imported: int = 0
    duplicate: int = 0
    rejected: int = 0
    blank: int = 0
    pending: int = 0
    bytes: int = 0
    time_origin: str = ""
    original: str = ""
    reason: str = ""

    @property
    def status(self) -> str:
        """The outcome in words."""
        words = self.outcome.value.format(original=self.original, reason=self.reason)
        return f"{words}; {self.reason}" if self.reason and self.outcome is not Outcome.UNREADABLE else words

    def as_dict(self) -> dict[str, Any]:
        """The summary in JSON's types, with the outcome in words."""
        row = {"path": self.path, "table": self.table, "status": self.status} | asdict(self)
        return {name: value for name, value in row.items() if name not in ("outcome", "original", "reason")}

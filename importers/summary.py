"""What an import tells about each file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What became of one file, in this run.

    Attributes:
        path: as found.
        table: where its events went.
        read, imported, duplicate, rejected, blank: lines; read = imported + duplicate + rejected + blank.
        pending: bytes of a last line that is not complete yet; they are read once it is.
        bytes: read in this run.
        status: imported, continued, already imported, empty, moved, rewritten, what it is a duplicate of, or why it
            cannot be read.
        time_origin: where the time of events without a time field came from: the path or the file's mtime.
    """

    path: str
    table: str
    status: str
    read: int = 0
    imported: int = 0
    duplicate: int = 0
    rejected: int = 0
    blank: int = 0
    pending: int = 0
    bytes: int = 0
    time_origin: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The summary in JSON's types."""
        return asdict(self)

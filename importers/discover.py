"""Which files to import, and into which table each goes."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, TypeAlias

import orjson

from telemetry_store import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Device and inode.
Identity: TypeAlias = "tuple[int, int]"
_SURE = (".jsonl", ".ndjson")
_MAYBE = (".txt", ".json", ".log")
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_SAMPLE = 64 << 10
#: What a rotation adds to the name of a file.
_TURN = re.compile(r"(?:[._-]\d[\dTZ:]*)+$")
#: What rotation and people add to the name of a file when they keep a copy of it.
_KEPT = re.compile(
    r"(?:[._~-](?:\d[\dTZ:]*|old|bak|backup|prev|copy|jsonl|ndjson|json|log|txt|gz|bz2|xz|zst))*~?$", re.IGNORECASE
)
_COUNTERS = re.compile(
    r"(?:(?<=[_\-.])|^)(?:\d{4}-?\d{2}-?\d{2}(?:[T_-]?\d{4,6})?|\d+|[0-9a-f]{8,})(?=[_\-.]|$)", re.IGNORECASE
)
_OTHER = re.compile(r"[^0-9A-Za-z]+")


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The files to import: those that are named, and the JSONL files below folders.

    Below a folder `.jsonl` and `.ndjson` count, rotated (`.jsonl.1`) and packed ones too; so do `.txt`, `.json` and
    `.log` whose first lines are JSON objects. Hidden folders and spools (`…-spool`) are left out.

    Raises:
        UsageError: a path does not exist.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            files.update(dict.fromkeys(_below(path)))
        elif path.is_file():
            files[path] = None
        elif path.exists():
            raise UsageError(f"{path} is no file that can be read twice", "write a pipe's content to a file first")
        else:
            raise UsageError(f"{path} does not exist", "give JSONL files, or folders that hold some")
    return list(files)


def unrotated(name: str) -> str:
    """A file's name before a rotation added a number or a date to it: `a.jsonl` for `a.jsonl.1.gz`."""
    return _TURN.sub("", next((name.removesuffix(end) for end in _PACKED if name.endswith(end)), name))


def stem(name: str) -> str:
    """A file's name without what rotation and people add to it: the same for `a.jsonl` and `a.jsonl.1.gz`."""
    return _KEPT.sub("", name, count=1)


def _below(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not name.endswith("-spool"))
        for name in sorted(names):
            path = type(folder)(where) / name
            if not path.is_file():
                continue
            if unrotated(name).endswith(_SURE) or (name.endswith(_MAYBE) and holds_lines(path)):
                yield path


def holds_lines(path: Path) -> bool:
    """Tell whether the first lines of a file, at least two or the only one, are JSON objects."""
    try:
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
    except OSError:
        return False
    lines = sample.split(b"\n")
    whole = [line for line in (lines[:-1] if len(sample) == _SAMPLE else lines) if line.strip()]
    try:
        return bool(whole) and all(isinstance(orjson.loads(line), dict) for line in whole)
    except ValueError:
        return False


def identity_of(file: Path | str | int) -> Identity | None:
    """Device and inode of a file, also by its descriptor; None when it is not there, or no file."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def table_for(path: Path) -> str:
    """The table that a file's name suggests: its words, without dates, counters and identifiers."""
    name = path.name.split(".")[0] or path.stem
    words = _OTHER.sub("_", _COUNTERS.sub("", name)).strip("_").lower()
    if not words:
        words = _OTHER.sub("_", path.parent.name).strip("_").lower() or "events"
    return (words if words[0].isalpha() else f"t_{words}")[:63]

"""Old databases: found below folders, and looked into."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry_store import UsageError
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.foreign import moment_of
from telemetry_store.engines.sqlite.open import Connection, Error, OperationalError
from telemetry_store.engines.sqlite.shape import Kind, Schema, read_schema

from .comparison import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


#: What the names of databases end with, below a folder.
SUFFIXES = (".db", ".sqlite", ".sqlite3", ".db3")
#: What the name of a folder ends with that holds the backups of merges.
FOLDER = "-merges"
#: Folders that hold what others have installed or computed.
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})


@dataclass(frozen=True, slots=True)
class OldDatabase:
    """A file, and what is in it.

    Attributes:
        path, size: of the file; the size in bytes, without its write-ahead log.
        problem: why it cannot be read as a database; empty when it can.
        schema: what it defines.
        rows: table → how many rows it has; views are left out.
    """

    path: str
    size: int
    problem: str
    schema: Schema
    rows: dict[str, int]


def databases_in(paths: Iterable[Path | str], *, target: str) -> list[OldDatabase]:
    """The databases to merge: those that are named, and those below folders.

    Args:
        paths: files and folders. Below a folder the files ending in `.db`, `.sqlite`, `.sqlite3` and `.db3` count.
        target: the database to merge into, which is left out, with its spool and the backups of merges.

    Raises:
        UsageError: a path does not exist.
    """
    files: dict[tuple[int, int], Path] = {}
    own = _identity(Path(target))
    for path in map(Path, paths):
        if not path.exists():
            raise UsageError(f"{path} does not exist", "give SQLite files, or folders that hold some")
        for file in _below(path) if path.is_dir() else (path,):
            identity = _identity(file)
            if identity is not None and identity != own:
                files.setdefault(identity, file)
    return [look(file) for file in files.values()]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _below(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _SKIPPED and not name.endswith((FOLDER, "-spool"))
        )
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES):
                yield Path(where) / name


def look(path: Path | str) -> OldDatabase:
    """What is in a file; a problem is told, not raised."""
    path = os.fspath(path)
    size = os.stat(path).st_size
    try:
        with moment_of(path) as connection:
            schema = read_schema(connection)
            names = [shape.name for shape in schema.of_kind(Kind.TABLE, Kind.VIRTUAL)]
            rows = {name: number for name in names if (number := _count(connection, name)) is not None}
    except Error as error:
        return OldDatabase(path, size, str(error), Schema({}), {})
    return OldDatabase(path, size, "", schema, rows)


def _count(connection: Connection, table: str) -> int | None:
    try:
        return count(connection, quoted(table))
    except OperationalError:  # a virtual table whose module is not there
        return None

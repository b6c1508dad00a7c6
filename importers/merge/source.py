"""Old databases: found below folders, opened for reading only, copied through SQLite's backup API and nothing else.

A plain open() of a database that somebody has open would drop SQLite's locks, so nothing here ever does that.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from telemetry_store import UsageError
from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.engines.sqlite.open import translated

from .shape import Schema, read_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SUFFIXES = (".db", ".sqlite", ".sqlite3", ".db3")
#: Folders that hold the backups of a merge.
FOLDER = "-merges"
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})
#: How long to wait for a source that is being written, in seconds.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Database:
    """A file that was found.

    Attributes:
        path: of it.
        size: bytes, without its write-ahead log.
        problem: why it cannot be read as a database; empty when it can.
        schema: what it defines.
        rows: table → how many rows it has; views are left out.
    """

    path: str
    size: int
    problem: str
    schema: Schema
    rows: dict[str, int]


def databases_in(paths: Iterable[Path | str], *, target: str) -> list[Database]:
    """The databases to merge: those that are named, and those below folders.

    Args:
        paths: files and folders. Below a folder the files ending in `.db`, `.sqlite`, `.sqlite3` and `.db3` count.
        target: the database to merge into, which is left out, with its spool and the backups of merges.

    Raises:
        UsageError: a path does not exist.
    """
    found: dict[tuple[int, int], Path] = {}
    own = _identity(Path(target))
    for path in map(Path, paths):
        if not path.exists():
            raise UsageError(f"{path} does not exist", "give SQLite files, or folders that hold some")
        for each in _below(path) if path.is_dir() else (path,):
            identity = _identity(each)
            if identity is not None and identity != own:
                found.setdefault(identity, each)
    return [look(each) for each in found.values()]


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


def look(path: Path | str) -> Database:
    """What is in a file; a problem is told, not raised."""
    path = os.fspath(path)
    size = os.stat(path).st_size
    try:
        with reading(path) as connection:
            schema = read_schema(connection)
            rows = {each.name: _count(connection, each.name) for each in schema.of_kind("table", "virtual")}
    except sqlite3.Error as error:
        return Database(path, size, str(error), Schema({}), {})
    return Database(path, size, "", schema, {name: count for name, count in rows.items() if count is not None})


def _count(connection: sqlite3.Connection, table: str) -> int | None:
    try:
        (count,) = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()
    except sqlite3.OperationalError:  # a virtual table whose module is not there
        return None
    return int(count)


def uri(path: str, mode: str) -> str:
    """The path as an SQLite URI, opened as `mode=ro`, `immutable=1` or the like."""
    return f"file:{quote(os.path.abspath(path))}?{mode}"


@contextlib.contextmanager
def reading(path: str) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, and sees the database as it is at one moment.

    Where a writer died half-way, SQLite first puts the file right.
    """
    connection = _connected(path, "mode=ro")
    try:
        try:
            _look_in(connection)
        except sqlite3.OperationalError as error:
            if not getattr(error, "sqlite_errorname", "").startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
                raise
            connection.close()
            connection = _connected(path, "mode=rw")
            _look_in(connection)
        yield connection
    finally:
        connection.close()


def _look_in(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = 1")
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


@contextlib.contextmanager
def watching(path: str) -> Iterator[Callable[[], bool]]:
    """Tells whether somebody has written to a database since this began; keeps nobody waiting."""
    with contextlib.closing(_connected(path, "mode=ro")) as connection:
        before = _version(connection)
        yield lambda: _version(connection) != before


def _version(connection: sqlite3.Connection) -> int:
    """A number that differs once somebody else has written."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)


def _connected(path: str, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(uri(path, mode), uri=True, isolation_level=None, timeout=_PATIENCE)


def copy(path: str, to: str) -> None:
    """Copy a database as it is at one moment, whoever is writing to it, and bring the copy onto the disk.

    Args:
        path: of the database.
        to: a new file.

    Raises:
        DatabaseError: by cause.
    """
    try:
        with reading(path) as source, contextlib.closing(sqlite3.connect(to, isolation_level=None)) as made:
            made.execute("PRAGMA synchronous = OFF")
            source.backup(made)
            made.execute("PRAGMA journal_mode = DELETE")  # a copy that is read must not get a log beside it
    except sqlite3.Error as error:
        raise translated(error, path) from error
    descriptor = os.open(to, os.O_RDWR)  # nobody else has the copy, and SQLite has closed it
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.chmod(to, os.stat(path).st_mode & 0o777)  # no more people may read it than the original

"""Removes files that the plan no longer wants, after their backup and after the merge; and brings them back."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from .content import content_hash
from .failure import MergeFailed
from .shape import read_schema
from .source import copy, reading, uri

if TYPE_CHECKING:
    from .journal import Record, Source

_ENDS = ("", "-wal", "-shm", "-journal")


def remove(record: Record) -> list[str]:
    """Remove the files that the plan wants deleted, where they are still what the backup holds.

    Returns:
        What people should know: which files are gone, and which were left and why.
    """
    return [note for each in record.sources if each.action == "delete" and (note := _remove(each))]


def _remove(source: Source) -> str:
    if not os.path.exists(source.path):
        return ""
    try:
        with contextlib.closing(_alone(source.path)) as connection:
            if fingerprint(connection) != fingerprint_of(source.backup):
                return f"{source.path} was written to since its backup; it was not deleted"
            for end in _ENDS:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(source.path + end)
    except sqlite3.OperationalError as error:
        return f"{source.path} was not deleted, since somebody uses it: {error}"
    return f"{source.path} was deleted; its backup is {source.backup}"


def _alone(path: str) -> sqlite3.Connection:
    """A connection that nobody shares; a database with a write-ahead log tells whether anybody else has it open."""
    connection = sqlite3.connect(uri(path, "mode=rw"), uri=True, isolation_level=None, timeout=1.0)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        connection.close()
        raise
    return connection


def fingerprint_of(path: str) -> dict[str, str]:
    """The content of every table of a copy that nobody writes to."""
    with contextlib.closing(sqlite3.connect(uri(path, "immutable=1"), uri=True)) as connection:
        return fingerprint(connection)


def fingerprint(connection: sqlite3.Connection) -> dict[str, str]:
    """Table → hash of its content, for every table with rows of its own."""
    schema = read_schema(connection)
    return {each.name: content_hash(connection, each) for each in schema.of_kind("table", "shadow")}


def restore(source: Source) -> str:
    """Bring a file back from its backup where it is gone; one that somebody has made since stays.

    Returns:
        What people should know; empty when there is nothing to say.

    Raises:
        MergeFailed: a file whose tables were merged is gone, and so is its backup: undoing would lose them.
    """
    if os.path.exists(source.path):
        return _is_other(source) if source.action == "delete" else ""
    if not os.path.exists(source.backup):
        message = f"{source.path} is gone, and so is its backup {source.backup}"
        if source.action == "delete":
            return message
        raise MergeFailed(f"{message}; only the database has its tables", "put the backup back first")
    new = f"{source.path}.restored"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    copy(source.backup, new)
    os.rename(new, source.path)
    return f"{source.path} is back"


def _is_other(source: Source) -> str:
    """A note where the file is not the one that was to be deleted."""
    if not os.path.exists(source.backup):
        return ""
    with reading(source.path) as connection:
        same = fingerprint(connection) == fingerprint_of(source.backup)
    return "" if same else f"{source.path} is there and is not what was deleted; the backup is {source.backup}"

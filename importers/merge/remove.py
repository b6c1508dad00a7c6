"""Removes files that the plan no longer wants, after their backup and after the merge; and brings them back."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.foreign import copy_database, moment_of, taken
from telemetry_store.engines.sqlite.open import Access, Connection, OperationalError, connect
from telemetry_store.engines.sqlite.shape import Kind, read_schema

from .comparison import content_hash
from .failure import MergeFailed
from .merge_plan import Action

if TYPE_CHECKING:
    from .journal import MergedFile, MergeRecord

#: What the names of a database's files end with.
_ENDS = ("", "-wal", "-shm", "-journal")


def remove(record: MergeRecord) -> list[str]:
    """Remove the files that the plan wants deleted, where they are still what the backup holds.

    Returns:
        What people should know: which files are gone, and which were left and why.
    """
    return [_remove(file) for file in record.sources if file.action is Action.DELETE and os.path.exists(file.path)]


def _remove(file: MergedFile) -> str:
    try:
        with taken(file.path) as connection:
            if _fingerprint(connection) != _fingerprint_of(file.backup):
                return f"{file.path} was written to since its backup; it was not deleted"
            for end in _ENDS:
                Path(file.path + end).unlink(missing_ok=True)
    except OperationalError as error:
        return f"{file.path} was not deleted, since somebody uses it: {error}"
    return f"{file.path} was deleted; its backup is {file.backup}"


def _fingerprint_of(path: str) -> dict[str, str]:
    with contextlib.closing(connect(path, Access.IMMUTABLE)) as connection:
        return _fingerprint(connection)


def _fingerprint(connection: Connection) -> dict[str, str]:
    """Table → hash of its content, for every table with rows of its own."""
    shapes = read_schema(connection).of_kind(Kind.TABLE, Kind.SHADOW)
    return {shape.name: content_hash(connection, shape) for shape in shapes}


def restore(file: MergedFile) -> str:
    """Bring a file back from its backup where it is gone; one that somebody has made since stays.

    Returns:
        What people should know; empty when there is nothing to say.

    Raises:
        MergeFailed: a file whose tables were merged is gone, and so is its backup: undoing would lose them.
    """
    is_deleted = file.action is Action.DELETE
    if os.path.exists(file.path):
        return _is_other(file) if is_deleted else ""
    if not os.path.exists(file.backup):
        message = f"{file.path} is gone, and so is its backup {file.backup}"
        if is_deleted:
            return message
        raise MergeFailed(f"{message}; only the database has its tables", "put the backup back first")
    new = f"{file.path}.restored"
    Path(new).unlink(missing_ok=True)  # an earlier rollback was killed
    copy_database(file.backup, new)
    os.rename(new, file.path)
    return f"{file.path} is back"


def _is_other(file: MergedFile) -> str:
    """A note where the file is not the one that was to be deleted."""
    if not os.path.exists(file.backup):
        return ""
    with moment_of(file.path) as connection:
        is_same = _fingerprint(connection) == _fingerprint_of(file.backup)
    return "" if is_same else f"{file.path} is there and is not what was deleted; the backup is {file.backup}"

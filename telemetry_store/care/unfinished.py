"""A copy of a database that gets its name only when it is complete, checked and on the disk."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from telemetry_store.errors import UsageError
from telemetry_store.segment import locked_file, sync_directory, sync_file

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What the folder's name ends with where a copy is made until then.
PARTIAL = ".backup-partial"
_LOCK = "lock"


@contextlib.contextmanager
def unfinished(path: str, mode: int) -> Iterator[str]:
    """The name to write to; at the end of the block the file gets its own, and is on the disk. Undone by an error.

    Args:
        path: its own name; nothing is replaced.
        mode: its permissions.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    _remove_abandoned(folder)
    workshop = path + PARTIAL
    os.mkdir(workshop, 0o700)
    with locked_file(os.path.join(workshop, _LOCK)):  # a living process has its lock, see _remove_abandoned()
        try:
            partial = os.path.join(workshop, "copy.db")
            os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode))
            yield partial
            sync_file(partial)
            _place(partial, path)
            sync_directory(folder)
        finally:
            shutil.rmtree(workshop)


def mode_of(path: str) -> int:
    """The permissions of a file, which its copies get too; those of a new file where there is none."""
    return os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o644


def _place(partial: str, path: str) -> None:
    """Give a file its name without replacing another, where the file system has links."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise UsageError(f"{path} has come into being meanwhile", "name another file") from None
    except OSError:  # a file system without links, as on a memory stick
        os.rename(partial, path)


def _remove_abandoned(folder: str) -> None:
    """Delete what killed processes have left of copies."""
    for name in os.listdir(folder):
        lock = os.path.join(folder, name, _LOCK)
        if name.endswith(PARTIAL) and os.path.exists(lock):
            with locked_file(lock) as abandoned:
                if abandoned:
                    shutil.rmtree(os.path.join(folder, name))

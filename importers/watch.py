"""Which files there are at this moment, below folders, by globs and by name."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .discover import files_in, stem, unrotated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .import_plan import Plan

#: Device and inode.
Identity: TypeAlias = "tuple[int, int]"
#: A look round that takes longer than this, in seconds, is not repeated at once but takes at most a part of the time.
_QUICK, _SHARE = 0.05, 0.1


class Watch:
    """Looks round for files, again and again; what is not there yet may come.

    Args:
        paths: files, folders and globs; without any, the sources of the plan.
        plan: whose sources they are.
        clock: seconds, for how long looking takes.
    """

    def __init__(
        self, paths: Iterable[Path | str], plan: Plan | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._paths = [str(path) for path in paths]
        self._plan = plan
        self._clock = clock
        self._next = float("-inf")
        self._seen: list[Path] = []

    def files(self) -> dict[Identity, Path]:
        """Every file once, under its own name rather than that of a link to it."""
        now = self._clock()
        if now >= self._next:
            self._seen = list(self._look())
            took = self._clock() - now
            self._next = now + (took / _SHARE if took > _QUICK else 0.0)
        files: dict[Identity, Path] = {}
        for path in self._seen:
            identity = identity_of(path)
            if identity is not None and (identity not in files or files[identity].is_symlink()):
                files[identity] = path
        return files

    def _look(self) -> Iterator[Path]:
        if not self._paths and self._plan is not None:
            yield from (path.absolute() for path, _, _ in self._plan.files())
        for asked in self._paths:
            if os.path.isdir(asked):
                yield from (path.absolute() for path in files_in([Path(asked)]))
            elif os.path.exists(asked):
                yield Path(asked).absolute()
            else:
                yield from (Path(name).absolute() for name in sorted(glob.glob(asked, recursive=True)))

    def rotated(self, live: Iterable[Path]) -> dict[Identity, tuple[Path, Path | None]]:
        """Files whose names say that a rotation or a person made them of one of these, in the same folder.

        Returns:
            For each where it is, and the file that it was where the name leaves no doubt: a.jsonl for a.jsonl.1, but
            nothing for a-1.jsonl or a.old.
        """
        names = {(path.parent, path.name) for path in live}
        stems: dict[Path, set[str]] = {}
        for folder, name in names:
            stems.setdefault(folder, set()).add(stem(name))
        copies: dict[Identity, tuple[Path, Path | None]] = {}
        for folder, wanted in stems.items():
            with contextlib.suppress(OSError):
                for name in sorted(name for name in os.listdir(folder) if stem(name) in wanted):
                    identity = identity_of(folder / name) if (folder, name) not in names else None
                    if identity is not None:
                        origin = unrotated(name)
                        copies[identity] = (folder / name, folder / origin if (folder, origin) in names else None)
        return copies


def identity_of(path: Path) -> Identity | None:
    """Device and inode of a file; None when it is not there, or no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None

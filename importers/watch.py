"""Which files there are at this moment, below folders, by globs and by name."""

from __future__ import annotations

import contextlib
import glob
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .discover import files_in, identity_of, stem, unrotated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .discover import Identity
    from .import_plan import Plan

#: A look round that takes longer than this, in seconds, is not repeated at once but takes at most a part of the time.
_QUICK, _SHARE = 0.05, 0.1


class Watch:
    """Looks round for files, again and again; what is not there yet may come.

    Args:
        paths: files, folders and globs; without any, the sources of the plan.
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
        for path in self._paths:
            if os.path.isdir(path):
                yield from (file.absolute() for file in files_in([Path(path)]))
            elif os.path.exists(path):
                yield Path(path).absolute()
            else:
                yield from (Path(name).absolute() for name in sorted(glob.glob(path, recursive=True)))

    def rotated(self, live: Iterable[Path]) -> dict[Identity, tuple[Path, Path | None]]:
        """Files whose names say that a rotation or a person made them of one of these, in the same folder.

        Returns:
            For each where it is, and the file that it was where the name leaves no doubt: a.jsonl for a.jsonl.1, but
            nothing for a-1.jsonl or a.old.
        """
        living = set(live)
        stems: dict[Path, set[str]] = {}
        for path in living:
            stems.setdefault(path.parent, set()).add(stem(path.name))
        copies: dict[Identity, tuple[Path, Path | None]] = {}
        for folder, wanted in stems.items():
            with contextlib.suppress(OSError):
                for path in sorted(folder / name for name in os.listdir(folder) if stem(name) in wanted):
                    if path not in living and (identity := identity_of(path)) is not None:
                        origin = folder / unrotated(path.name)
                        copies[identity] = (path, origin if origin in living else None)
        return copies

"""Goes on importing what others still append, through rotation, until it is stopped.

It looks at the files again and again instead of asking the system to be told: `stat` works alike on every system, on
network file systems and in containers, and misses nothing, since what counts is how far a file was read and not which
event was seen. A file stays open, so it is read to its end whatever becomes of its name.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from telemetry_store import UsageError
from telemetry_store.schema import check_table_name

from .imports import QUIET, FileImport, Overtaken, Run
from .ledger import Match, moved
from .route import route_of
from .source_file import SourceFile
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from telemetry_store import TelemetryStore

    from .import_plan import Plan
    from .watch import Identity

#: How many files are kept open; those that were not written to for longest are closed, and found again.
_OPEN = 256


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind its writer the import of one file is.

    Attributes:
        path: where the file is now.
        table: where its events go.
        bytes: not imported yet, half-written lines included.
        seconds: for how long there has been something that is not imported, as far as this process has seen.
        imported: events since the following began.
        problem: why it cannot be read, or an empty string.
    """

    path: str
    table: str
    bytes: int = 0
    seconds: float = 0.0
    imported: int = 0
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self)


class Follower:
    """Keeps importing.

    Args:
        store: where events go.
        paths: files, folders and globs, which may come later; without any, the sources of the plan.
        plan: which file goes into which table.
        table: for all of them.
        encoding: of their text, where it is not UTF-8 and no byte order mark says so.
        clock: seconds since 1970.

    Raises:
        TableNameError: the table's name cannot be one.
    """

    def __init__(
        self,
        store: TelemetryStore,
        paths: Iterable[Path | str] = (),
        *,
        plan: Plan | None = None,
        table: str | None = None,
        encoding: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if table is not None:
            check_table_name(table)
        for each in plan.tables if plan is not None else ():
            if each.declared is not None:
                store.declare(each.declared)
        store.flush()
        self._run = Run(store, partial(route_of, plan=plan, table=table), encoding, following=True)
        self._watch = Watch(paths, plan)
        self._clock = clock
        self._files: dict[Identity, _Followed] = {}

    def round(self, stopping: Callable[[], bool] = lambda: False) -> list[Lag]:
        """Import everything that is there now.

        Args:
            stopping: asked between two transactions; True ends the round.

        Returns:
            How far each file is behind; those that were rotated away only while something is left in them.

        Raises:
            DatabaseError: by cause; what was committed before stays, and the next round goes on.
        """
        for each in self._files.values():  # first what is open: it may have no name any more
            if not stopping():
                each.advance(stopping)
        live = self._watch.files()
        rotated = self._watch.rotated(live.values())
        for identity, (path, origin) in ({each: (path, path) for each, path in live.items()} | rotated).items():
            if identity not in self._files:
                self._files[identity] = _Followed(self._run, path, self._clock)
            if not stopping():
                self._files[identity].look(path, origin, stopping)
            self._files[identity].live = identity in live
        self._look_again(live.keys() | rotated.keys())
        self._let_go(live.keys() | rotated.keys())
        return [each.lag() for each in self._files.values() if each.live or each.behind]

    def _look_again(self, there: Iterable[Identity]) -> None:
        """When a file was cut or removed, look at the copies of it again: one of them is now what it was."""
        for identity in self._files.keys() - set(there):
            self._files[identity].vanish()
        lost = {each.lost for each in self._files.values()} - {None}
        for each in self._files.values():
            if each.lost is None and each.entry in lost:
                each.forget()
            each.lost = None

    def _let_go(self, there: Iterable[Identity]) -> None:
        """Forget files that are gone and quiet, and keep no more than so many open."""
        for identity in self._files.keys() - set(there):
            if self._files[identity].is_over():
                self._files.pop(identity).close()
        opened = sorted((each for each in self._files.values() if each.opened), key=lambda each: each.grew)
        for each in opened[: max(0, len(opened) - _OPEN)]:
            each.close()

    def close(self) -> None:
        """Let go of all files."""
        for each in self._files.values():
            each.close()
        self._files.clear()


class _Followed:
    """One file, whatever it is called.

    Args:
        run: what is the same for all files.
        path: where it was found.
        clock: seconds since 1970.

    Attributes:
        live: whether it was asked for under its name, and not found beside such a file.
        behind: bytes that are not imported.
        grew: when it was last written to.
        entry: path and generation of the ledger's entry that it is, or is a copy of.
        lost: the entry that it was until it was cut, rewritten or removed, just now.
    """

    def __init__(self, run: Run, path: Path, clock: Callable[[], float]) -> None:
        self._run, self._path, self._clock = run, path, clock
        self._table = run.route_of(path).plan.name
        self._file: SourceFile | None = None
        self._last: FileImport | None = None
        self._looked: tuple[int, int, bool] | None = None
        self._current = clock()
        self._imported = 0
        self._problem = ""
        self._vanished = False
        self.live = False
        self._origin: Path | None = None
        self.behind = 0
        self.grew = 0.0
        self.entry: tuple[str, int] | None = None
        self.lost: tuple[str, int] | None = None

    @property
    def opened(self) -> bool:
        """Whether the file is kept open."""
        return self._file is not None

    def lag(self) -> Lag:
        """How far behind it is."""
        late = max(0.0, self._clock() - self._current) if self.behind else 0.0
        return Lag(str(self._path), self._table, self.behind, round(late, 3), self._imported, self._problem)

    def is_over(self) -> bool:
        """Tell whether a file without a name has not been written to for so long that nobody will."""
        return self._file is None or self._clock() - self.grew >= QUIET

    def close(self) -> None:
        """Close the file; when it changes it is opened and recognised again."""
        if self._file is not None:
            self._file.close()
        self._file = self._last = None

    def forget(self) -> None:
        """Look at it afresh next time."""
        self._last = self._looked = None

    def vanish(self) -> None:
        """Note, once, that the file has no name any more."""
        if not self._vanished:
            self._vanished, self.lost = True, self.entry

    def advance(self, stopping: Callable[[], bool]) -> None:
        """Import what was appended to the file that is open."""
        with self._noting():
            if self._file is None or not self._changed(status := os.fstat(self._file.fileno())):
                return
            if self._last is None:
                self._recognise(self._file, stopping)
            else:
                known, prefix = self._last.source, self._last.prefix
                match = Match("continued", prefix.offset, known, known, prefix.hash, status.st_size)
                self._continue(self._file, match, stopping)

    def look(self, path: Path, origin: Path | None, stopping: Callable[[], bool]) -> None:
        """Take note of where the file is, and begin it, or go on with it if it was closed.

        Args:
            path: where it is.
            origin: the name that it was written to; None where only its content can say whether it is to be read.
            stopping: see `Follower.round`.
        """
        renamed, self._path, self._origin, self._vanished = path != self._path, path, origin, False
        with self._noting():
            if self._file is None:
                if self._changed(os.stat(path)) or renamed:
                    self._begin(stopping)
            elif renamed and self._last is not None:
                self._file.path = path
                known, prefix = self._last.source, self._last.prefix
                match = Match("moved", prefix.offset, known, moved(known, self._file), prefix.hash, prefix.offset)
                self._continue(self._file, match, stopping)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """Note why the file cannot be read; it is tried again."""
        try:
            yield
            self._problem = ""
        except (OSError, UsageError) as error:
            self._looked = None
            self._problem = getattr(error, "strerror", None) or str(error)

    def _changed(self, status: os.stat_result) -> bool:
        """Tell whether the file was written to since it was looked at, or what is left of it has become quiet."""
        quiet = self.behind > 0 and self._clock() - status.st_mtime >= QUIET
        now = (status.st_size, status.st_mtime_ns, quiet)
        if now == self._looked:
            return False
        if self._looked is None or now[:2] != self._looked[:2]:
            self.grew = self._clock()
        self._looked = now
        return True

    def _begin(self, stopping: Callable[[], bool]) -> None:
        """Open the file, and keep it open if it is one that lines are appended to."""
        self._file = SourceFile(self._path, self._run.encoding)
        try:
            self._recognise(self._file, stopping)
        finally:
            if self._last is None or not self._file.plain:
                self.close()

    def _recognise(self, file: SourceFile, stopping: Callable[[], bool]) -> None:
        """Find out what the file is, and import what is new in it."""
        status = os.fstat(file.fileno())
        length = file.length()
        if not length or (file.damage and self._clock() - status.st_mtime < QUIET):
            self.behind = status.st_size  # an archive that is being written is not read before it is whole
            return
        match = self._run.match(file, self._origin or file.path)
        self.behind = 0
        self.entry = (match.known.path, match.known.generation) if match.known is not None else None
        if match.status.startswith("duplicate of"):
            if self._origin is not None:
                self._run.link(file, match)
        elif self._origin is not None or match.known is not None:
            self._continue(file, match, stopping)

    def _continue(self, file: SourceFile, match: Match, stopping: Callable[[], bool]) -> None:
        """Import from where the match says; a file that turns out to be another one is looked at afresh next time."""
        prefix = self._last.prefix if self._last is not None else None
        passing = FileImport(self._run, self._run.route_of(self._origin or file.path), file, match, prefix)
        before = passing.source
        looked, self._looked = self._looked, None  # whatever fails here is tried again
        try:
            for _ in passing.steps():
                if stopping():
                    break
            overtaken = not passing.prefix.stands(file)
        except Overtaken:
            overtaken = True
        now = passing.source
        self._imported += now.imported - before.imported
        self._table, self.entry = now.table, (now.path, now.generation)
        if overtaken:
            self.lost = self.entry if match.known is not None else None
            self.forget()
            return
        self._last = passing if passing.prefix.offset else None  # until it has a line it may become anything
        self._looked = looked
        self.behind = os.fstat(file.fileno()).st_size - passing.prefix.offset if file.plain else passing.pending
        if not self.behind:
            self._current = self._clock()

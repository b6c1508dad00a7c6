"""Goes on importing what others still append, through rotation, until it is stopped.

It looks at the files again and again instead of asking the system to be told: `stat` works alike on every system, on
network file systems and in containers, and misses nothing, since what counts is how far a file was read and not which
event was seen. A file stays open, so it is read to its end whatever becomes of its name.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from telemetry_store import UsageError, check_table_name

from .imports import QUIET, FileImport, Overtaken, Run
from .ledger import moved
from .recognition import Copy, Known, New
from .route import route_of
from .source_file import SourceFile
from .summary import Outcome
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from telemetry_store import Source, TelemetryStore

    from .discover import Identity
    from .import_plan import Plan
    from .prefix import Prefix

#: How many files are kept open; those that were not written to for longest are closed, and found again.
_OPEN = 256


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind its writer the import of one file is.

    Attributes:
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


class Follower:
    """Keeps importing.

    Args:
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
        for table_plan in plan.tables if plan is not None else ():
            if table_plan.declared is not None:
                store.declare(table_plan.declared)
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
        for followed in self._files.values():  # first what is open: it may have no name any more
            if not stopping():
                followed.advance(stopping)
        asked = self._watch.files()
        places = {identity: (path, path) for identity, path in asked.items()} | self._watch.rotated(asked.values())
        for identity, (path, origin) in places.items():
            followed = self._files.get(identity) or _Followed(self._run, path, self._clock)
            self._files[identity] = followed
            if not stopping():
                followed.look(path, origin, stopping)
            followed.name = _Name.ASKED if identity in asked else _Name.BESIDE
        nameless = self._files.keys() - places.keys()
        for identity in nameless:
            self._files[identity].vanish()
        self._look_again()
        self._let_go(nameless)
        return [file.lag() for file in self._files.values() if file.name is _Name.ASKED or file.behind]

    def _look_again(self) -> None:
        """When a file was cut or removed, look at the copies of it again: one of them is now what it was."""
        lost = {followed.lost for followed in self._files.values()} - {None}
        for followed in self._files.values():
            if followed.lost is None and followed.entry in lost:
                followed.doubt()
            followed.lost = None

    def _let_go(self, nameless: Iterable[Identity]) -> None:
        """Forget files that are gone and quiet, and keep no more than so many open."""
        for identity in nameless:
            if self._files[identity].is_over():
                self._files.pop(identity).close()
        opened = sorted((file for file in self._files.values() if file.opened), key=lambda file: file.grew)
        for followed in opened[: max(0, len(opened) - _OPEN)]:
            followed.close()

    def close(self) -> None:
        """Let go of all files."""
        for followed in self._files.values():
            followed.close()
        self._files.clear()


class _Name(Enum):
    """How a followed file is called."""

    ASKED = "by a name that was asked for"
    BESIDE = "by one that a rotation or a person gave it, beside such a file"
    NONE = "by none any more"


#: What a file looks like: size, time of its last change, and whether what is left of it has become quiet.
_Look: TypeAlias = "tuple[int, int, bool]"


@dataclass(frozen=True, slots=True)
class _Closed:
    """Not open: it is opened and recognised when it does not look like this, or under another name."""

    look: _Look | None = None


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """Open, but nobody knows what it is: it is recognised when it does not look like this."""

    file: SourceFile
    look: _Look | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """Open and known: it is read on behind the prefix when it does not look like this."""

    file: SourceFile
    look: _Look | None
    source: Source
    prefix: Prefix


class _Followed:
    """One file, whatever it is called.

    | state     | what happens                                                    | leads to  |
    |-----------|-----------------------------------------------------------------|-----------|
    | _Closed   | it is new, has changed or another name, and gives lines         | _Reading  |
    |           | the same, but it is empty, a copy, a stranger, or an archive    | _Closed   |
    | _Reading  | it has grown, or another name                                   | _Reading  |
    |           | it was cut or rewritten, or the file that it was a copy of      | _Doubtful |
    |           | too many are open, or it has no name and is quiet               | _Closed   |
    | _Doubtful | it has changed, and gives lines                                 | _Reading  |
    |           | it has changed, but is empty or a copy                          | _Doubtful |

    Where something fails, the state stays, and since the file does not look like it, it is tried again.

    Attributes:
        name: how it is called.
        behind: bytes that are not imported.
        grew: when it was last written to.
        entry: path and generation of the ledger's entry that it is, or is a copy of.
        lost: the entry that it was until it was cut, rewritten or removed, just now.
    """

    def __init__(self, run: Run, path: Path, clock: Callable[[], float]) -> None:
        self._run, self._path, self._clock = run, path, clock
        self._state: _Closed | _Doubtful | _Reading = _Closed()
        self._origin: Path | None = None
        self._table, self._problem = run.route_of(path).plan.name, ""
        self._current, self._imported = clock(), 0
        self.name = _Name.BESIDE
        self.behind, self.grew = 0, 0.0
        self.entry: tuple[str, int] | None = None
        self.lost: tuple[str, int] | None = None

    @property
    def opened(self) -> bool:
        return not isinstance(self._state, _Closed)

    def lag(self) -> Lag:
        late = max(0.0, self._clock() - self._current) if self.behind else 0.0
        return Lag(str(self._path), self._table, self.behind, round(late, 3), self._imported, self._problem)

    def is_over(self) -> bool:
        """Tell whether a file without a name has not been written to for so long that nobody will."""
        return not self.opened or self._clock() - self.grew >= QUIET

    def close(self) -> None:
        """Close the file; when it changes it is opened and recognised again."""
        if not isinstance(self._state, _Closed):
            self._state.file.close()
            self._state = _Closed(self._state.look)

    def doubt(self) -> None:
        """Recognise it afresh next time."""
        self._state = _Closed() if isinstance(self._state, _Closed) else _Doubtful(self._state.file)

    def vanish(self) -> None:
        """Note that the file has no name any more."""
        if self.name is not _Name.NONE:
            self.name, self.lost = _Name.NONE, self.entry

    def advance(self, stopping: Callable[[], bool]) -> None:
        """Import what was appended to the file that is open."""
        with self._noting():
            match self._state:
                case _Doubtful(file, before) if (look := self._look(os.fstat(file.fileno()))) != before:
                    self._state = self._recognised(file, look, stopping)
                case _Reading(file, before, source, prefix) if (look := self._look(os.fstat(file.fileno()))) != before:
                    known = Known(Outcome.CONTINUED, source, source, prefix, look[0])
                    self._state = self._imported_from(file, known, look, stopping)

    def look(self, path: Path, origin: Path | None, stopping: Callable[[], bool]) -> None:
        """Take note of where the file is, and begin it, or go on with it if it was closed.

        Its origin is the name that it was written to; None where only its content can say whether it is to be read.
        """
        renamed, self._path, self._origin, state = path != self._path, path, origin, self._state
        if renamed:
            self.doubt()  # until the new name is in the ledger
        with self._noting():
            match state:
                case _Closed():
                    if (look := self._look(os.stat(path))) != self._state.look:
                        self._state = self._opened(look, stopping)
                case _Doubtful(file):
                    file.path = path
                case _Reading(file, before, source, prefix) if renamed:
                    file.path = path
                    known = Known(Outcome.MOVED, source, moved(source, file), prefix, prefix.offset)
                    self._state = self._imported_from(file, known, before, stopping)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """Note why the file cannot be read; it is tried again."""
        try:
            yield
            self._problem = ""
        except (OSError, UsageError) as error:
            self._problem = getattr(error, "strerror", None) or str(error)

    def _look(self, status: os.stat_result) -> _Look:
        """What the file looks like now."""
        quiet = self.behind > 0 and self._clock() - status.st_mtime >= QUIET
        look, before = (status.st_size, status.st_mtime_ns, quiet), self._state.look
        if before is None or look[:2] != before[:2]:
            self.grew = self._clock()
        return look

    def _opened(self, look: _Look, stopping: Callable[[], bool]) -> _Closed | _Reading:
        """Open the file, and keep it open if it is one that lines are appended to."""
        with contextlib.ExitStack() as opened:
            file = opened.enter_context(SourceFile(self._path, self._run.encoding))
            state = self._recognised(file, look, stopping)
            if isinstance(state, _Reading) and file.plain:
                opened.pop_all()
                return state
        return _Closed(state.look)

    def _recognised(self, file: SourceFile, look: _Look, stopping: Callable[[], bool]) -> _Doubtful | _Reading:
        """Find out what the file is, and import what is new in it."""
        status = os.fstat(file.fileno())
        length = file.length()
        if not length or (file.damage and self._clock() - status.st_mtime < QUIET):
            self.behind = status.st_size  # an archive that is being written is not read before it is whole
            return _Doubtful(file, look)
        recognition = self._run.recognise(file, self._origin or file.path)
        self.behind = 0
        self.entry = None if isinstance(recognition, New) else _key(recognition.source)
        match recognition:
            case Copy() if self._origin is not None:
                self._run.link(file, recognition)
            case Known():
                return self._imported_from(file, recognition, look, stopping)
            case New() if self._origin is not None:
                return self._imported_from(file, recognition, look, stopping)
        return _Doubtful(file, look)

    def _imported_from(
        self, file: SourceFile, recognition: New | Known, look: _Look | None, stopping: Callable[[], bool]
    ) -> _Doubtful | _Reading:
        """Import what is not imported yet, until the file turns out to be another one."""
        passing = FileImport(self._run, self._run.route_of(self._origin or file.path), file, recognition)
        before = passing.source.imported
        try:
            for _ in passing.steps():
                if stopping():
                    look = None  # the rest is for the next round
                    break
            overtaken = not passing.prefix.stands(file)
        except Overtaken:
            overtaken = True
        source, prefix = passing.source, passing.prefix
        self._imported += source.imported - before
        self._table, self.entry = source.table, _key(source)
        if overtaken:
            self.lost = self.entry if isinstance(recognition, Known) else None
            return _Doubtful(file)
        self.behind = os.fstat(file.fileno()).st_size - prefix.offset if file.plain else passing.pending
        if not self.behind:
            self._current = self._clock()
        # Until it has a line it may become anything.
        return _Reading(file, look, source, prefix) if prefix.offset else _Doubtful(file, look)


def _key(source: Source) -> tuple[str, int]:
    return source.path, source.generation

"""A merge from beginning to end: backups, rehearsal, one transaction, files that are no longer wanted."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from telemetry_store import Progress
from telemetry_store.engines.sqlite.foreign import copy_database, watching
from telemetry_store.engines.sqlite.shape import Kind
from telemetry_store.terminal import size as size_text

from .conflicts import Conflict, Examination, examine
from .failure import MergeFailed
from .hashing import HashJob, hashing
from .journal import RECODED, MergedFile, MergeRecord, alone, finish, new_folder, records_of
from .merge_plan import Action
from .publish import publish
from .rehearse import rehearse
from .remove import remove
from .soundness import check, check_entries
from .target import TIMEOUT, prepare, writing
from .utf8 import in_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from .conflicts import Incoming
    from .merge_plan import DatabasePlan, Plan
    from .rehearse import Rehearsed

    _Draw: TypeAlias = Callable[[Progress], None] | None

#: For each file its bytes are copied, rehearsed and merged.
_PASSES = 3
#: How often a file's bytes are on the disk: a backup and the rehearsal; of old files also the log, and their place in
#: the database.
_COPIES_OF_OWN, _COPIES_OF_OLD = 2, 4
#: The backup of the database itself.
_BEFORE = "before.db"


class MergeStatus(StrEnum):
    """How a merge ended."""

    MERGED = "merged"
    REHEARSED = "rehearsed"
    #: Something must be decided first; nothing was done.
    CONFLICTS = "conflicts"
    NOTHING = "nothing to merge"
    #: A merge that is in force has done all of it.
    ALREADY = "already merged"


@dataclass(slots=True)
class Merged:
    """What a merge did, or why it did nothing.

    Attributes:
        status: how it ended.
        conflicts: what must be decided first.
        notes: what people should know.
        record: what was made; None when nothing was.
        seconds: step → how long it took.
    """

    status: MergeStatus
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    record: MergeRecord | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        values = asdict(self)
        record = values.pop("record") or {"sources": [], "tables": []}
        return {**values, **record}


def merge(
    database: str,
    plan: Plan,
    *,
    progress: Callable[[Progress], None] | None = None,
    dry_run: bool = False,
    timeout: float = TIMEOUT,
) -> Merged:
    """Carry out a plan.

    Args:
        database: path of the database to merge into; it is made when it is not there.
        plan: what becomes of each file.
        progress: called with how far it is, as it goes.
        dry_run: rehearse, and change nothing.
        timeout: seconds to wait for others that write to the database.

    Returns:
        What was done; with conflicts, nothing was.

    Raises:
        MergeFailed: the rehearsal or the verification found a fault; the database is as it was.
        DatabaseError: by cause; the database is as it was.
    """
    database = os.path.abspath(database)
    folders: AbstractContextManager[str | Path] = (
        tempfile.TemporaryDirectory(prefix="telemetry-merge-") if dry_run else alone(database)
    )
    with folders as root:
        if (known := _already(plan, records_of(database))) is not None:
            notes = [] if dry_run else remove(known)
            return Merged(MergeStatus.ALREADY, notes=notes, record=known)
        examination = examine(plan, database)
        if examination.conflicts:
            return Merged(MergeStatus.CONFLICTS, examination.conflicts, examination.notes)
        if not examination.incoming and all(file.action != Action.DELETE for file in plan.databases):
            return Merged(MergeStatus.NOTHING, notes=examination.notes)
        run = _Run(database, plan, examination, progress, Path(root))
        return run.rehearse_only() if dry_run else run.merge(timeout)


def _already(plan: Plan, in_force: list[MergeRecord]) -> MergeRecord | None:
    """The merge that has done all of this already."""
    wanted = _actions(file for file in plan.databases if file.action in (Action.MERGE, Action.DELETE))
    return next((record for record in reversed(in_force) if wanted and _actions(record.sources) == wanted), None)


def _actions(files: Iterable[DatabasePlan | MergedFile]) -> set[tuple[str, Action]]:
    return {(os.path.realpath(file.path), file.action) for file in files}


def _to_hash(copies: list[tuple[Incoming, str]]) -> HashJob:
    """The tables of copies whose rows are compared with these hashes later."""
    files = [
        (incoming.path, path, tuple(name for name in incoming.tables if incoming.shape(name).kind is Kind.TABLE))
        for incoming, path in copies
    ]
    return HashJob(tuple(files))


class _Run:
    """One merge whose plan has no conflicts."""

    def __init__(self, database: str, plan: Plan, examination: Examination, progress: _Draw, root: Path) -> None:
        self._database, self._plan, self._progress, self._root = database, plan, progress, root
        self._incoming = examination.incoming
        self._deleted = [file.path for file in plan.databases
                         if file.action == Action.DELETE and os.path.exists(file.path)]  # fmt: skip
        self._total = _PASSES * sum(incoming.database.size for incoming in self._incoming) or 1
        self._done = 0
        self._outcome = Merged(MergeStatus.MERGED, notes=list(examination.notes))

    def rehearse_only(self) -> Merged:
        """Everything up to the rehearsal, which is looked at more closely then."""
        self._outcome.status = MergeStatus.REHEARSED
        with self._watching():
            self._outcome.record = self._rehearse(*self._back_up()).record
            check_entries(self._outcome.record.rehearsal)
        return self._outcome

    def merge(self, timeout: float) -> Merged:
        """All of it."""
        with self._timed("drain"):
            prepare(self._database, timeout)
        with self._watching():
            record, copies = self._back_up()
            with hashing(_to_hash(copies), sum(file.size for file in record.sources)) as hashes:
                rehearsed = self._rehearse(record, copies)
                with self._timed("merge"), writing(self._database, timeout) as connection:
                    self._outcome.record = publish(connection, rehearsed, hashes)
        self._advance("merged", self._total)
        finish(Path(record.folder))
        self._outcome.notes += remove(record)
        return self._outcome

    def _check_space(self) -> None:
        """Backups, the rehearsal, and the log of the merge are all on the disk at once.

        Raises:
            MergeFailed: there is not enough space for them.
        """
        own = os.stat(self._database).st_size if os.path.exists(self._database) else 0
        old = sum(incoming.database.size for incoming in self._incoming)
        needed = _COPIES_OF_OWN * own + _COPIES_OF_OLD * old + sum(os.stat(path).st_size for path in self._deleted)
        free = shutil.disk_usage(self._root).free
        if free < needed:
            raise MergeFailed(f"{self._root} needs {size_text(needed)} of free space, and has {size_text(free)}")

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """Note which of the old files somebody writes to during the block."""
        with contextlib.ExitStack() as stack:
            watched = {incoming.path: stack.enter_context(watching(incoming.path)) for incoming in self._incoming}
            yield
            for path, has_changed in watched.items():
                if has_changed():
                    self._outcome.notes.append(f"{path} was written to meanwhile; what is newer is not merged")

    @contextlib.contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._outcome.seconds[step] = round(time.perf_counter() - start, 3)

    def _advance(self, label: str, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(Progress(label, min(self._done, self._total), self._total))

    def _back_up(self) -> tuple[MergeRecord, list[tuple[Incoming, str]]]:
        """Copy the database, and every file that is deleted or merged; of these, gives what is read for each."""
        self._check_space()
        folder = new_folder(self._root)
        wanted = [(incoming.path, Action.MERGE) for incoming in self._incoming]
        wanted += [(os.path.abspath(path), Action.DELETE) for path in self._deleted]
        files = []
        with self._timed("backups"):
            if os.path.exists(self._database):
                copy_database(self._database, str(folder / _BEFORE))
            for number, (path, action) in enumerate(wanted, 1):
                backup = str(folder / f"{number:02}-{Path(path).stem}.db")
                copy_database(path, backup)
                files.append(MergedFile(path, action, backup, os.stat(path).st_size))
                if action is Action.MERGE:
                    self._advance(f"backup of {path}", files[-1].size)
            copies = [(incoming, in_utf8(file.backup, file.backup + RECODED))
                      for incoming, file in zip(self._incoming, files, strict=False)]  # fmt: skip
        return MergeRecord(tuple(files), folder=str(folder)), copies

    def _rehearse(self, record: MergeRecord, copies: list[tuple[Incoming, str]]) -> Rehearsed:
        """Merge into a copy of the database."""
        with self._timed("rehearsal"):
            before = os.path.join(record.folder, _BEFORE)
            if os.path.exists(before):
                copy_database(before, record.rehearsal)
            rehearsed = rehearse(record, self._plan, copies,
                                 lambda path, count: self._advance(f"rehearsal of {path}", count))  # fmt: skip
            check(rehearsed)
        self._outcome.notes += rehearsed.notes
        return rehearsed

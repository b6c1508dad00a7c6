"""A merge from beginning to end: backups, rehearsal, one transaction, files that are no longer wanted."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry_store import DatabaseBusy
from telemetry_store.drain import Drain
from telemetry_store.engines.sqlite.open import translated
from telemetry_store.engines.sqlite.sink import SqliteSink
from telemetry_store.terminal import size as size_text

from .conflicts import Conflict, Examined, examine
from .encoding import in_utf8
from .failure import MergeFailed
from .hashing import HashJob, hashing
from .journal import RECODED, REHEARSAL, Folders, Record, Source, Table, finish, new_folder, records
from .publish import publish
from .rehearse import rehearse
from .remove import remove
from .soundness import check, check_entries
from .source import copy, reading, uri, watching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conflicts import Incoming
    from .hashing import Hashes
    from .plan import Plan
    from .rehearse import Rehearsed

    Progress = Callable[[str, int, int], None]

#: How long to wait for others that write to the database, in seconds.
WAIT = 60.0
#: For each file its bytes are copied, rehearsed and merged.
_PASSES = 3
#: A backup and the rehearsal; of old files also the log, and their place in the database.
_COPIES_OF_OWN, _COPIES_OF_OLD = 2, 4


@dataclass(slots=True)
class Merged:
    """What a merge did, or why it did nothing.

    Attributes:
        status: merged, rehearsed, conflicts, nothing to merge, or already merged.
        conflicts: what must be decided first.
        notes: what people should know.
        record: what was made; None when nothing was.
        seconds: step → how long it took.
    """

    status: str
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    record: Record | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        record = self.record.as_dict() if self.record else {"sources": [], "tables": []}
        return {"status": self.status, "conflicts": [each.as_dict() for each in self.conflicts],
                "notes": self.notes, "seconds": self.seconds, **record}  # fmt: skip


def merge(
    database: str, plan: Plan, *, progress: Progress | None = None, dry_run: bool = False, wait: float = WAIT
) -> Merged:
    """Carry out a plan.

    Args:
        database: path of the database to merge into; it is made when it is not there.
        plan: what becomes of each file.
        progress: called with what is being done, the bytes done and the bytes in all.
        dry_run: rehearse, and change nothing.
        wait: seconds to wait for others that write to the database.

    Returns:
        What was done; with conflicts, nothing was.

    Raises:
        MergeFailed: the rehearsal or the verification found a fault; the database is as it was.
        DatabaseError: by cause; the database is as it was.
    """
    database = os.path.abspath(database)
    with contextlib.ExitStack() as stack:
        if dry_run:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="telemetry-merge-")))
        else:
            root = stack.enter_context(Folders(database).alone())
        in_force = _records(database)
        if (known := _already(plan, in_force)) is not None:
            notes = [] if dry_run else remove(known)
            return Merged("already merged", notes=notes, record=known)
        examined = examine(plan, database)
        if examined.conflicts:
            return Merged("conflicts", examined.conflicts, examined.notes)
        if not examined.incoming and not any(each.action == "delete" for each in plan.databases):
            return Merged("nothing to merge", notes=examined.notes)
        return _Run(database, plan, examined, progress, wait).run(root, dry_run=dry_run)


def _records(database: str) -> list[Record]:
    if not os.path.exists(database):
        return []
    with reading(database) as connection:
        return records(connection)


def _already(plan: Plan, in_force: list[Record]) -> Record | None:
    """The merge that has done all of this already."""
    wanted = {(os.path.realpath(each.path), each.action) for each in plan.databases
              if each.action in ("merge", "delete")}  # fmt: skip
    for record in reversed(in_force):
        if wanted and wanted == {(os.path.realpath(each.path), each.action) for each in record.sources}:
            return record
    return None


def _to_hash(copied: list[tuple[Incoming, str]]) -> HashJob:
    """The tables of copies that hold rows."""
    return HashJob(
        tuple(
            (each.path, path, tuple(name for name in each.tables if each.database.schema.shapes[name].kind == "table"))
            for each, path in copied
        )
    )


class _Run:
    def __init__(self, database: str, plan: Plan, examined: Examined, progress: Progress | None, wait: float) -> None:
        self._database, self._plan, self._examined = database, plan, examined
        self._report, self._wait = progress, wait
        self._deleted = [each for each in plan.databases if each.action == "delete" and os.path.exists(each.path)]
        self._total = _PASSES * sum(each.database.size for each in examined.incoming) or 1
        self._done = 0
        self._result = Merged("merged", notes=list(examined.notes))

    def run(self, root: Path, *, dry_run: bool) -> Merged:
        if not dry_run:
            with self._timed("drain"):
                self._prepare()
        self._check_space(root)
        folder = new_folder(root)
        with contextlib.ExitStack() as stack:
            watched = {each.path: stack.enter_context(watching(each.path)) for each in self._examined.incoming}
            with self._timed("backups"):
                sources, copied = self._back_up(folder)
            hashes = stack.enter_context(hashing(_to_hash(copied), sum(source.size for source in sources)))
            with self._timed("rehearsal"):
                rehearsed = self._rehearse(folder, copied)
            record = self._record(folder, sources, rehearsed)
            if dry_run:
                check_entries(str(folder / REHEARSAL))
            else:
                with self._timed("merge"):
                    record = self._publish(folder, record, rehearsed, hashes)
            for path, has_changed in watched.items():
                if has_changed():
                    self._result.notes.append(f"{path} was written to meanwhile; what is newer is not merged")
        if dry_run:
            self._result.status, self._result.record = "rehearsed", record
            return self._result
        finish(folder)
        self._result.record = record
        self._result.notes += remove(record)
        return self._result

    def _check_space(self, root: Path) -> None:
        """Backups, the rehearsal, and the log of the merge are all on the disk at once.

        Raises:
            MergeFailed: there is not enough space for them.
        """
        own = os.stat(self._database).st_size if os.path.exists(self._database) else 0
        old = sum(each.database.size for each in self._examined.incoming)
        needed = _COPIES_OF_OWN * own + _COPIES_OF_OLD * old + sum(os.stat(each.path).st_size for each in self._deleted)
        free = shutil.disk_usage(root).free
        if free < needed:
            raise MergeFailed(f"{root} needs {size_text(needed)} of free space, and has {size_text(free)}")

    @contextlib.contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._result.seconds[step] = round(time.perf_counter() - start, 3)

    def _advance(self, label: str, count: int) -> None:
        self._done += count
        if self._report is not None:
            self._report(label, min(self._done, self._total), self._total)

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[Drain]:
        """Keep the other writers of this package out."""
        sink = SqliteSink(self._database)
        drain = Drain(self._database + "-spool", sink)
        try:
            with drain.exclusive(self._wait) as mine:
                if not mine:
                    raise DatabaseBusy("another process is writing to the database", "try again")
                yield drain
        finally:
            drain.close()

    def _prepare(self) -> None:
        """Bring in what waits in the spool, and make the system tables: that is the state before."""
        sink = SqliteSink(self._database)
        drain = Drain(self._database + "-spool", sink)
        try:
            drain.run(self._wait, tidy=True)
            with drain.exclusive(self._wait) as mine, sink.transaction(self._wait):
                if not mine:
                    raise DatabaseBusy("another process is writing to the database", "try again")
        finally:
            drain.close()

    def _back_up(self, folder: Path) -> tuple[tuple[Source, ...], list[tuple[Incoming, str]]]:
        """A copy of every file that is merged or deleted, and of the database itself."""
        if os.path.exists(self._database):
            copy(self._database, str(folder / "before.db"))
        copied: list[tuple[Incoming, str]] = []
        sources = []
        paths = [each.path for each in self._examined.incoming] + [each.path for each in self._deleted]
        for number, path in enumerate(paths, 1):
            backup = str(folder / f"{number:02}-{Path(path).stem}.db")
            copy(path, backup)
            size = os.stat(path).st_size
            merged = number <= len(self._examined.incoming)
            if merged:
                copied.append(
                    (self._examined.incoming[number - 1], in_utf8(backup, str(folder / f"{number:02}{RECODED}")))
                )
                self._advance(f"backup of {path}", size)
            sources.append(Source(os.path.abspath(path), "merge" if merged else "delete", backup, size))
        return tuple(sources), copied

    def _rehearse(self, folder: Path, copied: list[tuple[Incoming, str]]) -> Rehearsed:
        rehearsal = str(folder / REHEARSAL)
        if os.path.exists(folder / "before.db"):
            copy(str(folder / "before.db"), rehearsal)
        done = rehearse(rehearsal, self._plan, copied, lambda path, count: self._advance(f"rehearsal of {path}", count))
        check(rehearsal, done)
        self._result.notes += done.notes
        return done

    def _record(self, folder: Path, sources: tuple[Source, ...], rehearsed: Rehearsed) -> Record:
        tables = tuple(
            Table(each.name, each.kind, each.path, each.old, each.rows, "", each.doc, each.joined)
            for each in rehearsed.made
        )
        return Record(sources, tables, tuple(rehearsed.indexes), tuple(rehearsed.triggers), folder=str(folder))

    def _publish(self, folder: Path, record: Record, rehearsed: Rehearsed, hashes: Hashes) -> Record:
        with self._exclusive() as drain, self._connected() as connection:
            connection.execute("ATTACH ? AS rehearsal", (uri(str(folder / REHEARSAL), "immutable=1"),))
            record = publish(connection, record, rehearsed, hashes)
            connection.close()
            drain.sink.settle(force=True)
        self._advance("merged", self._total)
        return record

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(uri(self._database, "mode=rw"), uri=True, isolation_level=None, timeout=self._wait)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA foreign_keys = 0")
            connection.execute("PRAGMA cache_size = -64000")
            yield connection
        except sqlite3.Error as error:
            raise translated(error, self._database) from error
        finally:
            connection.close()

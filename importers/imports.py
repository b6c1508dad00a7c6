"""The import of JSONL files: rows, rejects and the ledger's offset commit together."""

from __future__ import annotations

import os
import re
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry_store import Progress, Source, WorkerLost, check_table_name, prefetched

from .jsonl import LineReader, Tail
from .ledger import line_marks
from .loads import loading
from .parser import Job, is_worth, parsed
from .recognition import Copy, Known, recognise
from .route import route_of, routes
from .source_file import SourceFile
from .summary import FileSummary, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from telemetry_store import Block, TelemetryStore, Transaction

    from .import_plan import Plan
    from .jsonl import LineExtent
    from .recognition import New, Recognition
    from .route import Route

#: Bytes of one transaction.
_BATCH = 8 << 20
#: Of more bytes than this, lines are parsed by a thread of their own.
_AHEAD = 1 << 20
#: A file that was written to less than this many seconds ago may still grow.
QUIET = 60.0
#: A date in a path.
_DATE = re.compile(r"(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")


class Overtaken(Exception):
    """The file, or the ledger's entry of it, is not what it was when this import looked."""


def import_paths(
    store: TelemetryStore,
    paths: Iterable[Path | str] = (),
    *,
    plan: Plan | None = None,
    table: str | None = None,
    encoding: str = "",
    sample: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[FileSummary]:
    """Import files, and the JSONL files below folders, each line exactly once.

    Args:
        store: where they go.
        paths: files and folders; without any, everything that the plan names.
        plan: which file goes into which table; files that it does not name go by their names.
        table: for all of them; None derives each from the plan or the file's name.
        encoding: of their text, where it is not UTF-8 and no byte order mark says so.
        sample: whole lines of about so many bytes of each file, for a look at them; None for all.
        progress: called after each batch with how far a file is, in bytes, and the rows that it has given so far.

    Returns:
        One summary per file, for this run alone: importing again finds everything imported.

    Raises:
        UsageError, TableNameError: a path does not exist, or the table's name cannot be one.
        DatabaseError: by cause; what was committed before stays.
    """
    if table is not None:
        check_table_name(table)
    chosen = list(routes([Path(path) for path in paths], plan, table))
    for declared in {route.plan.name: route.plan.declared for route in chosen}.values():
        if declared is not None:
            store.declare(declared)
    store.flush()
    run = Run(store, partial(route_of, plan=plan, table=table), encoding, sample, progress)
    with loading(store, chosen, progress):
        return [run.file(route) for route in chosen]


@dataclass(frozen=True, slots=True)
class Run:
    """What is the same for all files of an import; see `import_paths`.

    Attributes:
        route_of: from a file's path to its table and form.
        following: they are written to at this moment.
    """

    store: TelemetryStore
    route_of: Callable[[Path], Route]
    encoding: str = ""
    sample: int | None = None
    progress: Callable[[Progress], None] | None = None
    following: bool = False

    def file(self, route: Route) -> FileSummary:
        """Import one file; one that cannot be read says so in its status."""
        try:
            return self._file(route)
        except OSError as error:
            reason = error.strerror or str(error)
            return FileSummary(str(route.path), route.plan.name, Outcome.UNREADABLE, reason=reason)

    def _file(self, route: Route) -> FileSummary:
        with SourceFile(route.path, self.encoding) as file:
            if not os.fstat(file.fileno()).st_size:
                return FileSummary(str(route.path), route.plan.name, Outcome.EMPTY)
            alone = self.sample is not None
            while True:
                recognition = self.recognise(file, route.path)
                if file.damage and time.time() - os.fstat(file.fileno()).st_mtime < QUIET:  # somebody is packing it
                    return FileSummary(str(route.path), route.plan.name, Outcome.UNFINISHED)
                if isinstance(recognition, Copy):
                    return self.link(file, recognition)
                try:
                    return FileImport(self, route, file, recognition, alone=alone).run()
                except Overtaken:
                    continue
                except WorkerLost:
                    alone = True

    def recognise(self, file: SourceFile, path: Path) -> Recognition:
        """What the ledger says of a file that was written to under a path."""
        with self.store.transaction() as transaction:
            sources = transaction.ledger.sources()
        return recognise(file, path, sources, self._marks)

    def _marks(self, source: Source) -> bytes:
        with self.store.transaction() as transaction:
            entry = transaction.ledger.source(source.path, source.generation)
        return entry.recent if entry is not None else b""

    def link(self, file: SourceFile, copy: Copy) -> FileSummary:
        """Note that a file is an exact duplicate of one that is imported."""
        path, status, table = str(file.path), os.fstat(file.fileno()), copy.source.table
        original = copy.source.duplicate_of or copy.source.path
        with self.store.transaction() as transaction:
            here = [source for source in transaction.ledger.sources() if source.path == path]
            linked = [source.generation for source in here if source.duplicate_of and source.prefix_hash == copy.digest]
            generation = linked[-1] if linked else max((source.generation + 1 for source in here), default=0)
            entry = Source(path, table, status.st_dev, status.st_ino, copy.size, copy.digest, copy.size,
                           duplicate_of=original, generation=generation)  # fmt: skip
            transaction.ledger.save_source(entry)
        return FileSummary(path, table, Outcome.DUPLICATE, original=original)


def _batch(blocks: Iterable[Block[LineExtent]], size: int) -> Iterator[Block[LineExtent]]:
    """The next blocks, until they have so many bytes."""
    for block in blocks:
        yield block
        size -= block.extent.end - block.extent.start
        if size <= 0:
            return


class FileImport:
    """One pass over one file.

    Args:
        run: what is the same for all files.
        route: where it goes, by the path under which it was written to.
        file: its content.
        recognition: what the ledger says of it.
        alone: parse it here, whatever its size.

    Attributes:
        source: the ledger's entry, as it is committed.
        prefix: the part of the file that is committed.
        pending: bytes of a last line that is not complete yet.
    """

    def __init__(
        self, run: Run, route: Route, file: SourceFile, recognition: New | Known, *, alone: bool = True
    ) -> None:
        self._run, self._file, self._outcome, self._alone = run, file, recognition.outcome, alone
        status = os.fstat(file.fileno())
        fallback, origin = fallback_time(file.path, status.st_mtime_ns)
        if isinstance(recognition, Known):
            self._start = recognition.source
            self.source = replace(recognition.entry, size=recognition.size)
            if self._start.path != str(route.path):  # it was renamed: the same lines go on
                route = run.route_of(Path(self._start.path))
        else:
            place = "" if route.path == file.path else os.path.realpath(file.path)
            self._start = self.source = Source(
                str(route.path), route.plan.name, status.st_dev, status.st_ino, recognition.size, "",
                time_origin=origin, generation=recognition.generation, place=place)  # fmt: skip
        self.prefix = recognition.prefix
        table = self.source.table
        self._job = Job(file.path, route, table, fallback, self._tail(status.st_mtime), file.encoding,
                        (status.st_dev, status.st_ino), self._start.offset)  # fmt: skip
        self._reader = LineReader(file, route, table, fallback, self._job.tail)

    def _tail(self, modified: float) -> Tail:
        """What becomes of a last line without a newline."""
        quiet = time.time() - modified >= QUIET
        if self._run.following and not (quiet and self.source.place):
            return Tail.OBJECT if quiet else Tail.WAIT
        return Tail.TAKE if quiet or not self._file.grows else Tail.OBJECT

    @property
    def pending(self) -> int:
        return self._reader.pending

    def run(self) -> FileSummary:
        """Import what is not imported yet, or the sample of it."""
        sample = self._run.sample
        for _ in self.steps(_BATCH if sample is None else min(sample, _BATCH)):
            if self._run.progress is not None:
                rows = self.source.imported - self._start.imported
                self._run.progress(Progress(str(self._file.path), self.source.offset, self.source.size, rows))
            if sample is not None and self.source.offset - self._start.offset >= sample:
                break
        now, before = self.source, self._start
        return FileSummary(
            str(self._file.path), now.table, self._outcome,
            now.read - before.read, now.imported - before.imported, now.duplicate - before.duplicate,
            now.rejected - before.rejected, now.blank - before.blank,
            self.pending, now.offset - before.offset, now.time_origin, reason=self._file.damage)  # fmt: skip

    def steps(self, size: int = _BATCH) -> Iterator[None]:
        """Import batch by batch, each of about so many bytes; whoever stops between two of them loses nothing.

        Raises:
            Overtaken: the file was changed, or another import was faster; the batch at hand was not stored.
        """
        stored = False
        with closing(self._blocks()) as blocks:
            for first in blocks:
                self._store_batch(chain([first], blocks), size)
                stored = True
                yield
        if not stored and self.source != self._start:
            with self._run.store.transaction() as transaction:  # it was moved, and nothing was added
                marks = self._check(transaction)
                transaction.ledger.save_source(replace(self.source, recent=b"" if self.source.place else marks))

    def _blocks(self) -> Generator[Block[LineExtent]]:
        """The lines that are not imported yet, parsed here, by a thread ahead, or by a process."""
        left = self.source.size - self._start.offset
        if not self._alone and is_worth(self._file, left):
            return parsed(self._job, self._file, self._note_pending)
        blocks = self._reader.read(self.prefix)
        return prefetched(blocks) if left > _AHEAD else blocks

    def _note_pending(self, count: int) -> None:
        self._reader.pending = count

    def _store_batch(self, blocks: Iterable[Block[LineExtent]], size: int) -> None:
        """Store blocks of about so many bytes in one transaction."""
        source = self.source
        with self._run.store.transaction() as transaction:
            marks = self._check(transaction)
            inserted = transaction.insert(_batch(blocks, size))
            counts, extents = inserted.counts, inserted.extents
            prefix, blank = extents[-1].prefix, sum(extent.blank for extent in extents)
            if not (prefix.stands(self._file) and self.prefix.stands(self._file)):
                raise Overtaken
            after = replace(
                source,
                prefix_hash=prefix.hash.hexdigest(),
                offset=prefix.offset,
                recent=b"" if source.place else line_marks(marks, self.prefix, extents),
                read=source.read + counts.stored + counts.duplicate + counts.rejected + blank,
                imported=source.imported + counts.stored,
                duplicate=source.duplicate + counts.duplicate,
                rejected=source.rejected + counts.rejected,
                blank=source.blank + blank,
            )
            transaction.ledger.save_source(after)
        self.source, self.prefix = after, prefix

    def _check(self, transaction: Transaction) -> bytes:
        """Go on only from where the ledger says; another import may have come first. Gives the marks that it has."""
        now = self.source
        entry = transaction.ledger.source(now.path, now.generation)
        if entry is None and now.offset == 0:
            return b""
        if entry is None or not now.offset or (entry.offset, entry.prefix_hash) != (now.offset, now.prefix_hash):
            raise Overtaken
        return entry.recent


def fallback_time(path: Path, modified: int) -> tuple[int, str]:
    """Nanoseconds since 1970 for events that have no time, and where they come from: a date in the path, or mtime."""
    for part in reversed(path.parts):
        if match := _DATE.search(part):
            try:
                moment = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
            except ValueError:
                continue
            return int(moment.timestamp()) * 10**9, "path"
    return modified, "mtime"

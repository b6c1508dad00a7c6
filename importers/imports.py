"""The import of JSONL files: rows, rejects and the ledger's offset commit together."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry_store.schema import check_table_name
from telemetry_store.sinks.base import Source

from .content import Content
from .jsonl import LineReader
from .ledger import Match, identify
from .route import route_of, routes
from .summary import FileSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from telemetry_store import TelemetryStore
    from telemetry_store.sinks.base import Transaction

    from .jsonl import Lines
    from .plan import Plan
    from .route import Route

_BATCH = 4 << 20
#: A file that was written to less than this many seconds ago may still grow.
_QUIET = 60.0
_DATE = re.compile(r"(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")


class _Overtaken(Exception):
    """The ledger's entry is not what it was when this import looked."""


def import_paths(
    store: TelemetryStore,
    paths: Iterable[Path | str] = (),
    *,
    plan: Plan | None = None,
    table: str | None = None,
    encoding: str = "",
    sample: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[FileSummary]:
    """Import files, and the JSONL files below folders, each line exactly once.

    Args:
        store: where they go.
        paths: files and folders; without any, everything that the plan names.
        plan: which file goes into which table; files that it does not name go by their names.
        table: for all of them; None derives each from the plan or the file's name.
        encoding: of their text, where it is not UTF-8 and no byte order mark says so.
        sample: whole lines of about so many bytes of each file, for a look at them; None for all.
        progress: called with a file's path, the bytes done and its size.

    Returns:
        One summary per file, for this run alone: importing again finds everything imported.

    Raises:
        UsageError, TableNameError: a path does not exist, or the table's name cannot be one.
        DatabaseError: by cause; what was committed before stays.
        OSError: a file cannot be read.
    """
    if table is not None:
        check_table_name(table)
    chosen = list(routes([Path(each) for each in paths], plan, table))
    for declared in {route.plan.name: route.plan.declared for route in chosen}.values():
        if declared is not None:
            store.declare(declared)
    store.flush()
    run = _Run(store, partial(route_of, plan=plan, table=table), encoding, sample, progress)
    return [run.file(route) for route in chosen]


@dataclass(frozen=True, slots=True)
class _Run:
    """What is the same for all files of an import."""

    store: TelemetryStore
    route_of: Callable[[Path], Route]
    encoding: str
    sample: int | None
    progress: Callable[[str, int, int], None] | None

    def file(self, route: Route) -> FileSummary:
        """Import one file."""
        path = route.path
        with Content(path, self.encoding) as file:
            if not os.fstat(file.fileno()).st_size:
                return FileSummary(str(path), route.plan.name, "empty")
            while True:
                with self.store.transaction() as transaction:
                    sources = transaction.sources()
                match = identify(file, path, sources)
                if match.status.startswith("duplicate of") and match.known is not None:
                    return _link(self.store, path, file, match.known)
                if match.known is not None and match.known.path != str(path):  # it was renamed: the same lines go on
                    route = replace(self.route_of(Path(match.known.path)), path=path)
                try:
                    return _FileImport(self, route, file, match).run()
                except _Overtaken:
                    continue


def _link(store: TelemetryStore, path: Path, file: Content, original: Source) -> FileSummary:
    """Note that a file is an exact duplicate of one that is imported."""
    status = os.fstat(file.fileno())
    copy = Source(str(path), original.table, status.st_dev, status.st_ino, original.offset, original.prefix_hash,
                  duplicate_of=original.path)  # fmt: skip
    with store.transaction() as transaction:
        transaction.save_source(copy)
    return FileSummary(str(path), original.table, f"duplicate of {original.path}")


class _FileImport:
    """One pass over one file."""

    def __init__(self, run: _Run, route: Route, file: Content, match: Match) -> None:
        path, table = route.path, route.plan.name
        self._run, self._path, self._file, self._match = run, path, file, match
        status = os.fstat(file.fileno())
        self._size = match.size
        fallback, origin = fallback_time(path, status.st_mtime_ns)
        known = match.known
        self._start = known or Source("", "", 0, 0, 0, "", 0)
        if known is None:
            known = Source(str(path), table, status.st_dev, status.st_ino, 0, "", time_origin=origin)
        elif match.status != "moved":  # a file that was renamed goes on under the name it was imported from
            known = replace(known, device=status.st_dev, inode=status.st_ino)
        self._source = replace(known, size=self._size)
        growing = file.plain and time.time() - status.st_mtime < _QUIET
        self._reader = LineReader(file, route, self._source.table, fallback, growing=growing)

    def run(self) -> FileSummary:
        """Import what is not imported yet, or the sample of it."""
        sample = self._run.sample
        for batch in self._batches(_BATCH if sample is None else min(sample, _BATCH)):
            self._store_batch(batch)
            if self._run.progress is not None:
                self._run.progress(str(self._path), self._source.offset, self._size)
            if sample is not None and self._source.offset - self._start.offset >= sample:
                break
        now, before = self._source, self._start
        return FileSummary(
            str(self._path), now.table, "; ".join(filter(None, (self._match.status, self._file.damage))),
            now.read - before.read, now.imported - before.imported, now.duplicate - before.duplicate,
            now.rejected - before.rejected, now.blank - before.blank,
            self._reader.pending, now.offset - before.offset, now.time_origin)  # fmt: skip

    def _batches(self, most: int) -> Iterator[list[Lines]]:
        batch: list[Lines] = []
        size = 0
        for lines in self._reader.read(self._match.offset):
            batch.append(lines)
            size += len(lines.data)
            if size >= most:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _store_batch(self, batch: list[Lines]) -> None:
        source, digest = self._source, self._match.hash.copy()
        for lines in batch:
            digest.update(lines.data)
        with self._run.store.transaction() as transaction:
            self._check(transaction)
            counts = transaction.insert(lines.chunk for lines in batch)
            rejects = [reject for lines in batch for reject in lines.rejects]
            transaction.reject(rejects)
            blank = sum(lines.blank for lines in batch)
            rejected = counts.rejected + len(rejects)
            after = replace(
                source,
                prefix_hash=digest.hexdigest(),
                offset=source.offset + sum(len(lines.data) for lines in batch),
                read=source.read + counts.stored + counts.duplicate + rejected + blank,
                imported=source.imported + counts.stored,
                duplicate=source.duplicate + counts.duplicate,
                rejected=source.rejected + rejected,
                blank=source.blank + blank,
            )
            transaction.save_source(after)
        self._source, self._match.hash = after, digest

    def _check(self, transaction: Transaction) -> None:
        """Go on only from where the ledger says; another import may have come first."""
        now = self._source
        others = [each for each in transaction.sources() if not each.duplicate_of and each.offset > 0]
        if now.offset == 0:
            taken = any(
                each.path == now.path and each.inode == now.inode and self._match.status == "imported"
                for each in others
            )
        else:
            taken = not any(each.offset == now.offset and each.prefix_hash == now.prefix_hash for each in others)
        if taken:
            raise _Overtaken


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

"""The import of JSONL files: rows, rejects and the ledger's offset commit together."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry_store.schema import check_table_name
from telemetry_store.sinks.base import Source

from .content import Content
from .discover import files_in, table_for
from .jsonl import LineReader
from .ledger import Match, identify
from .summary import FileSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from telemetry_store import TelemetryStore
    from telemetry_store.sinks.base import Transaction

    from .jsonl import Lines

_BATCH = 4 << 20
#: A file that was written to less than this many seconds ago may still grow.
_QUIET = 60.0
_DATE = re.compile(r"(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")


class _Overtaken(Exception):
    """The ledger's entry is not what it was when this import looked."""


def import_paths(
    store: TelemetryStore,
    paths: Iterable[Path | str],
    *,
    table: str | None = None,
    encoding: str = "",
    progress: Callable[[str, int, int], None] | None = None,
) -> list[FileSummary]:
    """Import files, and the JSONL files below folders, each line exactly once.

    Args:
        store: where they go.
        paths: files and folders.
        table: for all of them; None derives each from the file's name.
        encoding: of their text, where it is not UTF-8 and no byte order mark says so.
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
    return [
        _import_file(store, path, table or table_for(path), encoding, progress)
        for path in files_in(Path(each) for each in paths)
    ]


def _import_file(
    store: TelemetryStore, path: Path, table: str, encoding: str, progress: Callable[[str, int, int], None] | None
) -> FileSummary:
    path = path.absolute()
    with Content(path, encoding) as file:
        if not os.fstat(file.fileno()).st_size:
            return FileSummary(str(path), table, "empty")
        while True:
            with store.transaction() as transaction:
                sources = transaction.sources()
            match = identify(file, path, sources)
            if match.status.startswith("duplicate of") and match.known is not None:
                return _link(store, path, file, match.known)
            try:
                return _FileImport(store, path, file, match, table).run(progress)
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

    def __init__(self, store: TelemetryStore, path: Path, file: Content, match: Match, table: str) -> None:
        self._store, self._path, self._file, self._match = store, path, file, match
        status = os.fstat(file.fileno())
        self._size = match.size
        fallback, origin = _fallback_time(path, status.st_mtime_ns)
        known = match.known
        self._start = known or Source("", "", 0, 0, 0, "", 0)
        if known is None:
            known = Source(str(path), table, status.st_dev, status.st_ino, 0, "", time_origin=origin)
        elif match.status != "moved":  # a file that was renamed goes on under the name it was imported from
            known = replace(known, device=status.st_dev, inode=status.st_ino)
        self._source = replace(known, size=self._size)
        growing = file.plain and time.time() - status.st_mtime < _QUIET
        self._reader = LineReader(file, str(path), self._source.table, fallback, growing=growing)

    def run(self, progress: Callable[[str, int, int], None] | None) -> FileSummary:
        """Import what is not imported yet."""
        for batch in self._batches():
            self._store_batch(batch)
            if progress is not None:
                progress(str(self._path), self._source.offset, self._size)
        now, before = self._source, self._start
        return FileSummary(
            str(self._path), now.table, "; ".join(filter(None, (self._match.status, self._file.damage))),
            now.read - before.read, now.imported - before.imported, now.duplicate - before.duplicate,
            now.rejected - before.rejected, now.blank - before.blank,
            self._reader.pending, now.offset - before.offset, now.time_origin)  # fmt: skip

    def _batches(self) -> Iterator[list[Lines]]:
        batch: list[Lines] = []
        size = 0
        for lines in self._reader.read(self._match.offset):
            batch.append(lines)
            size += len(lines.data)
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _store_batch(self, batch: list[Lines]) -> None:
        source, digest = self._source, self._match.hash.copy()
        for lines in batch:
            digest.update(lines.data)
        with self._store.transaction() as transaction:
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


def _fallback_time(path: Path, modified: int) -> tuple[int, str]:
    """Nanoseconds since 1970 for events that have no time, and where they come from: a date in the path, or mtime."""
    for part in reversed(path.parts):
        if match := _DATE.search(part):
            try:
                moment = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
            except ValueError:
                continue
            return int(moment.timestamp()) * 10**9, "path"
    return modified, "mtime"

"""A process that parses a large file and takes its events apart, while this one inserts them.

Two threads would wait for each other's interpreter lock most of the time. The process never sees the database.
"""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telemetry_store import Block, Chunk, ColumnChunk, Columns, Origin, RecordChunk, Reject, Worker

from .jsonl import LineExtent, LineReader, Tail, origin_of_lines
from .prefix import KnownDigest, Prefix, prefix_hashes
from .source_file import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from .route import Route

#: Fewer bytes than this are parsed sooner than a process has started.
_WORTH = 16 << 20
#: Frames that wait here while the database is busy with a commit, about 200 KB each.
_WAITING = 96
_KINDS = (str, int, float, bool, dict, list)


@dataclass(frozen=True, slots=True)
class Job:
    """What to parse, from an offset on; see `LineReader` and `SourceFile`.

    Attributes:
        path: where the file is now; the route has the name that it was written to.
        identity: device and inode of the file that is meant.
    """

    path: Path
    route: Route
    table: str
    fallback: int
    tail: Tail
    encoding: str
    identity: tuple[int, int]
    offset: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """Lines that were parsed, in plain values, as a frame has them.

    Attributes:
        columns: their events taken apart, as far as they were: values, kinds, canonical, written, and how many events.
        records: the events otherwise.
        places: offset and length of each event's line; None where each line is one event.
        rejects: offset, table, reason and bytes of each.
        blank: lines with nothing on them.
        start: where they begin.
        prefix: offset, hash in hexadecimal digits, head and tail of the file up to their end.
    """

    columns: tuple[Any, ...] | None
    records: Sequence[Any]
    places: list[tuple[int, int]] | None
    rejects: list[tuple[int, str, str, bytes]]
    blank: int
    start: int
    prefix: tuple[int, str, bytes, bytes]


@dataclass(frozen=True, slots=True)
class End:
    """The end of the file, and the bytes of an incomplete last line that were left."""

    pending: int


def is_worth(file: SourceFile, size: int) -> bool:
    """Tell whether a process gains anything for so many bytes of a file."""
    return size >= _WORTH and file.plain and hasattr(os, "pread") and (os.cpu_count() or 1) > 1


def parsed(job: Job, file: SourceFile, ended: Callable[[int], None]) -> Generator[Block[LineExtent]]:
    """Yield what `LineReader.read` would as blocks, parsed by a process of its own.

    Args:
        job: what to parse.
        file: the same file, open here; bytes of rejected lines are read from it again.
        ended: called with the bytes of an incomplete last line.

    Raises:
        WorkerLost: the process has ended before the file did, or could not be started.
    """
    with Worker[Parsed | End](parse, job, (Parsed, End), waiting=_WAITING) as worker:
        for frame in worker:
            if isinstance(frame, End):
                ended(frame.pending)
            else:
                yield _block_of(frame, job, file)


def parse(job: Job) -> Iterator[Parsed | End]:
    """Parse what a job says, as the work of a process; OSError where the file is another one by now."""
    gc.disable()  # events make no circles of objects
    with SourceFile(job.path, job.encoding) as file:
        status = os.fstat(file.fileno())
        digest = prefix_hashes(file, {job.offset}).get(job.offset)
        if (status.st_dev, status.st_ino) != job.identity or digest is None:
            raise OSError(f"{job.path} is not what it was")
        reader = LineReader(file, job.route, job.table, job.fallback, job.tail)
        for block in reader.read(Prefix.of(file, job.offset, digest)):
            yield _parsed(block)
        yield End(reader.pending)


def _parsed(block: Block[LineExtent]) -> Parsed:
    (chunk,), extent, prefix = block.chunks, block.extent, block.extent.prefix
    columns: tuple[Any, ...] | None = None
    records: Sequence[Any] = ()
    if isinstance(chunk, ColumnChunk):
        apart, count = chunk.columns, len(chunk.columns.stamps)
        kinds = {key: [_KINDS.index(kind) for kind in types] for key, types in apart.kinds.items()}
        columns = apart.values, kinds, apart.canonical, apart.written, count
    else:
        records, count = chunk.records, len(chunk.records)
    places = None if extent.regular else [(at, len(line)) for at, line in map(chunk.origin.raw, range(count))]
    rejects = [(reject.offset, reject.table, reject.reason, reject.raw) for reject in extent.rejects]
    standing = (prefix.offset, prefix.hash.hexdigest(), prefix.head, prefix.tail)
    return Parsed(columns, records, places, rejects, extent.blank, extent.start, standing)


def _block_of(parsed: Parsed, job: Job, file: SourceFile) -> Block[LineExtent]:
    source, start = str(job.route.path), parsed.start
    end, digest, head, tail = parsed.prefix

    places = parsed.places
    if places is None:
        origin = origin_of_lines(source, start, lambda: file.peek(start, end - start))
    else:
        origin = Origin(source, lambda index: (places[index][0], file.peek(*places[index])))
    chunk: Chunk
    if parsed.columns is not None:
        values, kinds, canonical, written, count = parsed.columns
        kinds = {key: frozenset(_KINDS[number] for number in numbers) for key, numbers in kinds.items()}
        apart = Columns(job.table, (job.fallback,) * count, values, kinds, canonical, written)
        chunk = ColumnChunk(origin, apart, apart.records)
    else:
        chunk = RecordChunk(origin, parsed.records, job.route.plan.times())
    rejects = tuple(Reject(source, *reject) for reject in parsed.rejects)
    prefix = Prefix(end, KnownDigest(digest), head, tail)
    return Block(LineExtent(source, start, end, rejects, blank=parsed.blank, prefix=prefix), (chunk,))

"""A process that parses a large file while this one inserts what it has parsed.

Two threads would wait for each other's interpreter lock most of the time. The process reads the file and takes the
events apart; it never sees the database. What it sends is one frame for each block of lines: its length in eight
bytes, and a tuple in the `marshal` format, which carries every JSON value as it is.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import pickle
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from telemetry_store.ahead import ahead
from telemetry_store.batch import Block, Chunk, ColumnChunk, Origin, RecordChunk, Reject
from telemetry_store.columns import Columns

from .content import Content
from .jsonl import LineExtent, LineReader, Lines, Tail
from .ledger import prefix_hashes
from .prefix import KnownDigest, Prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from .route import Route

#: Fewer bytes than this are parsed sooner than a process has started.
_WORTH = 16 << 20
#: Frames that wait here while the database is busy with a commit, about 200 KB each.
_WAITING = 96
_KINDS = (str, int, float, bool, dict, list)
_COMMAND = "from importers.parser import main; main()"


class ParserLost(Exception):
    """The parsing process has ended before the file did, or could not be started."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to parse.

    Attributes:
        path: where the file is.
        route, table, fallback, tail: see `LineReader`.
        encoding: see `Content`.
        identity: device and inode of the file that is meant.
        offset: where to begin.
    """

    path: Path
    route: Route
    table: str
    fallback: int
    tail: Tail
    encoding: str
    identity: tuple[int, int]
    offset: int


def is_worth(file: Content, size: int) -> bool:
    """Tell whether a process gains anything for so many bytes of a file."""
    return size >= _WORTH and file.plain and hasattr(os, "pread") and (os.cpu_count() or 1) > 1 and bool(sys.executable)


def parsed(job: Job, file: Content, ended: Callable[[int], None]) -> Generator[Block[LineExtent]]:
    """Yield what `LineReader.read` would as blocks, parsed by a process of its own.

    Args:
        job: what to parse.
        file: the same file, open here; bytes of rejected lines are read from it again.
        ended: called with the bytes of an incomplete last line.

    Raises:
        ParserLost: see there.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", "-c", _COMMAND]
    try:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    except OSError as error:
        raise ParserLost from error
    with process, closing(ahead(_frames(process, job), _WAITING)) as frames:
        try:
            for frame in frames:
                told = marshal.loads(frame)  # noqa: S302 - our own process has written it
                if isinstance(told, int):
                    ended(told)
                    return
                yield _block_of(told, job, file)
            raise ParserLost
        finally:
            process.kill()


def _frames(process: subprocess.Popen[bytes], job: Job) -> Iterator[bytes]:
    """Give the job to the process, and yield what it sends, as far as it comes."""
    if process.stdin is None or process.stdout is None:
        return
    with contextlib.suppress(BrokenPipeError):
        pickle.dump(job, process.stdin)
        process.stdin.close()
    while len(size := process.stdout.read(8)) == 8:
        length = int.from_bytes(size, "little")
        data = process.stdout.read(length)
        if len(data) < length:
            return
        yield data


def main() -> None:
    """Parse what standard input says, and write frames to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process ends it
    gc.disable()  # events make no circles of objects
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301 - it comes from the process that started this one
    with contextlib.suppress(BrokenPipeError), Content(job.path, job.encoding) as file:
        status = os.fstat(file.fileno())
        if (status.st_dev, status.st_ino) == job.identity:
            _parse(job, file, sys.stdout.buffer)
    os._exit(0)  # there is nothing to be flushed into a pipe that is gone


def _parse(job: Job, file: Content, out: BinaryIO) -> None:
    reader = LineReader(file, job.route, job.table, job.fallback, job.tail)
    digest = prefix_hashes(file, {job.offset}).get(job.offset)
    if digest is None:
        return
    prefix = Prefix.of(file, job.offset, digest)
    for lines in reader.read(job.offset):
        prefix = prefix.extended([lines.data])
        _send(out, _frame_of(lines, prefix))
    _send(out, reader.pending)
    out.flush()


def _send(out: BinaryIO, frame: Any) -> None:
    data = marshal.dumps(frame)
    out.write(len(data).to_bytes(8, "little") + data)


def _frame_of(lines: Lines, prefix: Prefix) -> tuple[Any, ...]:
    """What is told about lines: their columns, or else their records and where each stands."""
    columns: tuple[Any, ...] | None = None
    records, places = None, None
    if isinstance(chunk := lines.chunk, ColumnChunk):
        apart = chunk.columns
        kinds = {key: [_KINDS.index(kind) for kind in types] for key, types in apart.kinds.items()}
        columns = apart.values, kinds, apart.canonical, apart.written, len(apart.stamps)
    else:
        records = chunk.records
    if not lines.regular:
        places = [(at, len(line)) for at, line in map(chunk.origin.raw, range(len(lines.records())))]
    rejects = [(reject.offset, reject.table, reject.reason, reject.raw) for reject in lines.rejects]
    told = (prefix.offset, prefix.hash.hexdigest(), prefix.head, prefix.tail)
    return columns, records, places, rejects, lines.blank, lines.offset, told


def _block_of(frame: tuple[Any, ...], job: Job, file: Content) -> Block[LineExtent]:
    """The lines that a frame tells of."""
    columns, records, places, rejects, blank, start, (end, digest, head, tail) = frame
    source = str(job.route.path)

    def raw(index: int) -> tuple[int, bytes]:
        if places is not None:
            at, length = places[index]
            return at, file.peek(at, length)
        lines = file.peek(start, end - start).split(b"\n")
        return start + sum(map(len, lines[:index])) + index, lines[index]

    origin = Origin(source, raw)
    chunk: Chunk
    if columns is not None:
        values, kinds, canonical, written, count = columns
        kinds = {key: frozenset(_KINDS[place] for place in places) for key, places in kinds.items()}
        stamps = (job.fallback,) * count
        apart = Columns(job.table, stamps, values, kinds, canonical, written)
        chunk = ColumnChunk(origin, apart, apart.records)
    else:
        chunk = RecordChunk(origin, records, job.route.plan.times())
    kept = tuple(Reject(source, *values) for values in rejects)
    prefix = Prefix(end, KnownDigest(digest), head, tail)
    return Block(LineExtent(source, start, end, kept, blank=blank, prefix=prefix, data=b""), (chunk,))

"""Hashes of old tables, made by a process of its own while their rows are being copied."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from telemetry_store import Worker, WorkerLost
from telemetry_store.engines.sqlite.open import Access, connect
from telemetry_store.engines.sqlite.shape import read_schema

from .comparison import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Below this many bytes a process costs more than it saves.
_WORTH_A_PROCESS = 8 << 20


@dataclass(frozen=True, slots=True)
class HashJob:
    """What is to be hashed: for each file what it is called later, the path of a copy at rest, and which tables."""

    files: tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class TableHash:
    """The hash of a table's content, in hexadecimal digits, with what its file is called and its name there."""

    key: str
    table: str
    digest: str


def hashed(job: HashJob) -> Iterator[TableHash]:
    """Hash the tables of files, one after the other."""
    for key, path, tables in job.files:
        with contextlib.closing(connect(path, Access.IMMUTABLE)) as connection:
            shapes = read_schema(connection).shapes
            for name in tables:
                yield TableHash(key, name, content_hash(connection, shapes[name]))


class Hashes:
    """The hashes of a job's tables, made by a worker, or here when they are asked for, without one."""

    def __init__(self, job: HashJob, worker: Worker[TableHash] | None) -> None:
        self._job, self._worker = job, worker

    def get(self, key: str, table: str) -> str:
        """The hash of a table's content; waits for all of them."""
        return self._known[key, table]

    @cached_property
    def _known(self) -> dict[tuple[str, str], str]:
        try:
            return _by_table(self._worker or hashed(self._job))
        except WorkerLost:  # somebody killed it
            return _by_table(hashed(self._job))


def _by_table(hashes: Iterable[TableHash]) -> dict[tuple[str, str], str]:
    return {(entry.key, entry.table): entry.digest for entry in hashes}


@contextlib.contextmanager
def hashing(job: HashJob, size: int) -> Iterator[Hashes]:
    """Hashes of the tables of files, of so many bytes together."""
    if size < _WORTH_A_PROCESS:
        yield Hashes(job, None)
        return
    with Worker(hashed, job, (TableHash,)) as worker:
        yield Hashes(job, worker)

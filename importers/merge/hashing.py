"""Hashes of old tables, made by a process of its own while their rows are being copied."""

from __future__ import annotations

import contextlib
import multiprocessing
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.open import Access, connect
from telemetry_store.engines.sqlite.shape import read_schema

from .comparison import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Below this many bytes a process costs more than it saves.
_WORTH_A_PROCESS = 8 << 20


def hashes_of(path: str, tables: tuple[str, ...]) -> dict[str, str]:
    """Table → hash of its content, in a copy that nobody writes to."""
    with contextlib.closing(connect(path, Access.IMMUTABLE)) as connection:
        shapes = read_schema(connection).shapes
        return {name: content_hash(connection, shapes[name]) for name in tables}


class Hashes:
    """Hashes of the tables of several files.

    Args:
        executor: does the work elsewhere; None does it here, when it is asked for.
    """

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        self._asked: dict[str, tuple[str, tuple[str, ...], Future[dict[str, str]] | None]] = {}
        self._known: dict[str, dict[str, str]] = {}

    def ask(self, key: str, path: str, tables: tuple[str, ...]) -> None:
        """Begin with a file.

        Args:
            key: what it is called later.
            path: of a copy that nobody writes to.
            tables: which of its tables.
        """
        future = None if self._executor is None else self._executor.submit(hashes_of, path, tables)
        self._asked[key] = (path, tables, future)

    def get(self, key: str, table: str) -> str:
        """The hash of a table's content; waits for it."""
        if key not in self._known:
            path, tables, future = self._asked[key]
            try:
                self._known[key] = hashes_of(path, tables) if future is None else future.result()
            except BrokenExecutor:  # somebody killed it
                self._known[key] = hashes_of(path, tables)
        return self._known[key][table]


@contextlib.contextmanager
def hashing(size: int) -> Iterator[Hashes]:
    """Hashes of files of this size together, in bytes."""
    if size < _WORTH_A_PROCESS:
        yield Hashes(None)
        return
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        try:
            yield Hashes(executor)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

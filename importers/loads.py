"""Large imports into new tables: their indexes wait until the rows are in."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from telemetry_store import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from telemetry_store import TelemetryStore

    from .route import Route

#: Bytes of files for one table from which on it pays.
_LARGE = 16 << 20


@contextmanager
def loading(
    store: TelemetryStore, routes: Iterable[Route], progress: Callable[[Progress], None] | None
) -> Iterator[None]:
    """While files are imported, let the indexes of new tables wait that get much; afterwards make all that wait.

    Also makes those that an import has left behind which was killed. Progress names the tables meanwhile.
    """
    sizes: Counter[str] = Counter()
    for route in routes:
        sizes[route.plan.name] += os.path.getsize(route.path)
    large = [table for table, size in sizes.items() if size >= _LARGE]
    if large:
        with store.transaction() as transaction:
            for table in large:
                transaction.begin_load(table)
    try:
        yield
    finally:
        _finish(store, progress)


def _finish(store: TelemetryStore, progress: Callable[[Progress], None] | None) -> None:
    """Make the indexes that wait, each in a transaction of its own."""
    table: str | None = ""
    while table is not None:
        if progress is not None:
            progress(Progress(f"indexes of {table}" if table else "indexes"))
        with store.transaction() as transaction:
            table = transaction.go_on_loading()

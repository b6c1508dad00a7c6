"""Large imports into new tables: their indexes wait until the rows are in."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from telemetry_store import TelemetryStore

    from .route import Route

#: Bytes of files for one table from which on it pays.
_LARGE = 16 << 20


@contextmanager
def loading(
    store: TelemetryStore, routes: Iterable[Route], progress: Callable[[str, int, int, int], None] | None
) -> Iterator[None]:
    """While files are imported, let the indexes of new tables wait that get much; afterwards make all that wait.

    Also makes those that an import has left behind which was killed.

    Args:
        store: where they are.
        routes: of the files.
        progress: see `import_paths`; called with "indexes" and zeros while they are made.
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


def _finish(store: TelemetryStore, progress: Callable[[str, int, int, int], None] | None) -> None:
    """Make the indexes that wait, each in a transaction of its own."""
    made: str | None = ""
    while made is not None:
        if progress is not None:
            progress(f"indexes of {made}" if made else "indexes", 0, 0, 0)
        with store.transaction() as transaction:
            made = transaction.go_on_loading()

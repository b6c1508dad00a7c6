"""Proves that every imported line is in the database: rebuilds each event from its row and compares the JSON values."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite.catalogue import load_tables
from telemetry_store.engines.sqlite.query import read_only
from telemetry_store.event import dumps
from telemetry_store.reading.stored import events

from .content import Content
from .jsonl import LineByLine, Tail
from .ledger import place_of, prefix_hashes
from .route import route_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from telemetry_store import TelemetryStore
    from telemetry_store.engines.base import Source
    from telemetry_store.schema import Table

    from .plan import Plan

_WHOLE = 1 << 53


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one source.

    Attributes:
        path: of the file.
        table: where its events went.
        status: "verified", "different", "gone" (only its counts are known), "changed" (its imported part is another
            one now), or "duplicate of PATH".
        events: that stand in the imported part of the file.
        equal: of them, those that come back equal from a row.
        dropped: of them, those whose dedupe key stood in a row already.
        missing: of them, those that no row gives back.
        rejected: lines that are in `_rejects`.
        example: the first event that is missing, as JSON text.
    """

    path: str
    table: str
    status: str
    events: int = 0
    equal: int = 0
    dropped: int = 0
    missing: int = 0
    rejected: int = 0
    example: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self)


def verify(
    store: TelemetryStore,
    paths: Iterable[Path | str] = (),
    *,
    plan: Plan | None = None,
    encoding: str = "",
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Verified]:
    """Compare imported files with the database.

    Args:
        store: whose database; a file, not memory.
        paths: which files; all that were imported when none is given.
        plan: that they were imported by.
        encoding: of their text, as it was given to the import.
        progress: called with a file's path, the bytes done and the bytes to do.
    """
    with store.transaction() as transaction:
        sources = transaction.sources()
    wanted = {str(Path(path).absolute()) for path in paths}
    with read_only(store.settings.database, guarded=False) as connection:
        newest = {source.path: source.generation for source in sources}
        check = partial(_verified, _Rows(connection), plan, encoding, progress, newest)
        return [check(source) for source in sources if not wanted or source.path in wanted]


def _verified(
    rows: _Rows,
    plan: Plan | None,
    encoding: str,
    progress: Callable[[str, int, int], None] | None,
    newest: dict[str, int],
    source: Source,
) -> Verified:
    if source.duplicate_of:
        return Verified(source.path, source.table, f"duplicate of {source.duplicate_of}")
    place = place_of(source)
    if not os.path.exists(place):
        return Verified(source.path, source.table, "gone", events=source.imported, rejected=source.rejected)
    with Content(Path(place), encoding) as file:
        hashed = prefix_hashes(file, {source.offset}).get(source.offset)
        if hashed is None or hashed.hexdigest() != source.prefix_hash:
            if newest[source.path] > source.generation and not source.place:  # cut, and no copy was found
                return Verified(source.path, source.table, "gone", events=source.imported, rejected=source.rejected)
            return Verified(source.path, source.table, "changed")
        refused = rows.refused(source.path)
        counts: Counter[str] = Counter()
        example = ""
        done = 0
        reader = LineByLine(file, route_of(Path(source.path), plan), source.table, 0, Tail.TAKE)
        for lines in reader.read(0, source.offset):
            for index, (table, _, event) in enumerate(lines.records()):
                found = "rejected" if refused and lines.chunk.origin.raw(index) in refused else rows.take(table, event)
                counts[found] += 1
                if found == "missing" and not example:
                    example = dumps(event)
            done += len(lines.data)
            if progress is not None:
                progress(source.path, done, source.offset)
    events = counts["equal"] + counts["dropped"] + counts["missing"]
    status = "different" if counts["missing"] else "verified"
    return Verified(source.path, source.table, status, events, counts["equal"], counts["dropped"], counts["missing"],
                    source.rejected, example)  # fmt: skip


class _Rows:
    """What the rows of the tables give back, each row once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables, self._keys = load_tables(connection)
        self._by_name = {name.lower(): table for name, table in self._tables.items()}
        self._left: dict[str, Counter[bytes]] = {}
        self._known: dict[str, set[str]] = {}

    def refused(self, path: str) -> set[tuple[int, bytes]]:
        """Where the lines of a file begin that are in `_rejects`, and their bytes."""
        return set(self._connection.execute("SELECT offset, raw FROM _rejects WHERE source = ?", (path,)))

    def take(self, name: str, event: dict[str, Any]) -> str:
        """Whether a row that is left gives back this event: "equal", "dropped" by its key, or "missing"."""
        table = self._by_name.get(name.lower())
        if table is None:
            return "missing"
        left = self._left.get(table.name)
        if left is None:
            left = self._left[table.name] = self._read(table)
        mark = digest(event)
        if left[mark] > 0:
            left[mark] -= 1
            return "equal"
        key = self._keys.get(table.name)
        return "dropped" if key and dumps([event.get(name) for name in key]) in self._known[table.name] else "missing"

    def _read(self, table: Table) -> Counter[bytes]:
        key = self._keys.get(table.name, ())
        known = self._known[table.name] = set()
        counts: Counter[bytes] = Counter()
        for each in events(self._connection, table):
            counts[digest(each.event)] += 1
            if key:
                known.add(dumps([each.event.get(name) for name in key]))
        return counts


def digest(event: dict[str, Any]) -> bytes:
    """A hash of an event as a JSON value: the order of keys, nulls, and 1.0 for 1 make no difference."""
    plain = {name: _plain(value) for name, value in event.items() if value is not None}
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=12).digest()


def _plain(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() and abs(value) <= _WHOLE else value

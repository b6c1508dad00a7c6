"""Proves that every imported line is in the database: rebuilds each event from its row and compares the JSON values."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry_store import Progress, dumps

from .jsonl import LineByLine, Tail, records_of
from .ledger import hash_of, place_of
from .prefix import Prefix
from .route import route_of
from .source_file import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telemetry_store import Reader, Source, Table, TelemetryStore

    from .import_plan import Plan

#: Up to here a REAL holds every integer exactly.
_WHOLE = 1 << 53


class Verdict(Enum):
    """What was found of a file; the value says it to people."""

    VERIFIED = "verified"
    DIFFERENT = "different"
    #: It is not there any more, and only its counts are known.
    GONE = "gone"
    #: The part of it that was imported is another one now.
    CHANGED = "changed"
    DUPLICATE = "duplicate of {original}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one source.

    Attributes:
        events: that stand in the imported part of the file.
        equal: of them, those that come back equal from a row.
        dropped: of them, those whose dedupe key stood in a row already.
        missing: of them, those that no row gives back.
        rejected: lines that are in `_rejects`.
        example: the first event that is missing, as JSON text.
        original: the path of the file that it is a duplicate of.
    """

    path: str
    table: str
    verdict: Verdict
    events: int = 0
    equal: int = 0
    dropped: int = 0
    missing: int = 0
    rejected: int = 0
    example: str = ""
    original: str = ""

    @property
    def status(self) -> str:
        """The verdict in words."""
        return self.verdict.value.format(original=self.original)

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types, with the verdict in words."""
        row = {"path": self.path, "table": self.table, "status": self.status} | asdict(self)
        return {name: value for name, value in row.items() if name not in ("verdict", "original")}


def verify(
    store: TelemetryStore,
    paths: Iterable[Path | str] = (),
    *,
    plan: Plan | None = None,
    encoding: str = "",
    progress: Callable[[Progress], None] | None = None,
) -> list[Verified]:
    """Compare imported files with the database.

    Args:
        store: whose database; a file, not memory.
        paths: which files; all that were imported when none is given.
        plan: that they were imported by.
        encoding: of their text, as it was given to the import.
        progress: called with how far a file is, in bytes.
    """
    with store.transaction() as transaction:
        sources = transaction.ledger.sources()
    wanted = {str(Path(path).absolute()) for path in paths}
    newest = {source.path: source.generation for source in sources}
    with store.reader() as reader:
        rows = _Rows(reader)

        def verified(source: Source) -> Verified:
            if source.duplicate_of:
                return Verified(source.path, source.table, Verdict.DUPLICATE, original=source.duplicate_of)
            gone = Verified(source.path, source.table, Verdict.GONE, events=source.imported, rejected=source.rejected)
            place = place_of(source)
            if not os.path.exists(place):
                return gone
            with SourceFile(Path(place), encoding) as file:
                if hash_of(file, source.offset) != source.prefix_hash:
                    cut = newest[source.path] > source.generation and not source.place  # and no copy was found
                    return gone if cut else Verified(source.path, source.table, Verdict.CHANGED)
                lines = LineByLine(file, route_of(Path(source.path), plan), source.table, 0, Tail.TAKE)
                return _compared(rows, lines, source, progress)

        return [verified(source) for source in sources if not wanted or source.path in wanted]


def _compared(rows: _Rows, reader: LineByLine, source: Source, progress: Callable[[Progress], None] | None) -> Verified:
    """What the tables have of the lines of a file that is as it was."""
    refused = rows.refused(source.path)
    counts: Counter[_Trace] = Counter()
    example = ""
    for block in reader.read(Prefix.empty(), source.offset):
        (chunk,) = block.chunks
        for index, (table, _, event) in enumerate(records_of(block)):
            rejected = refused and chunk.origin.raw(index) in refused
            trace = _Trace.REJECTED if rejected else rows.take(table, event)
            counts[trace] += 1
            if trace is _Trace.MISSING:
                example = example or dumps(event)
        if progress is not None:
            progress(Progress(source.path, block.extent.end, source.offset))
    equal, dropped, missing = counts[_Trace.EQUAL], counts[_Trace.DROPPED], counts[_Trace.MISSING]
    verdict = Verdict.DIFFERENT if missing else Verdict.VERIFIED
    return Verified(source.path, source.table, verdict, equal + dropped + missing, equal, dropped, missing,
                    source.rejected, example)  # fmt: skip


class _Trace(Enum):
    """What the database has of an event."""

    EQUAL = "a row that gives it back"
    DROPPED = "a row with its dedupe key"
    REJECTED = "its line in `_rejects`"
    MISSING = "nothing"


class _Rows:
    """What the rows of the tables give back, each row once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_name = {name.lower(): table for name, table in reader.catalogue.tables.items()}
        self._left: dict[str, Counter[bytes]] = {}
        self._known: dict[str, set[str]] = {}

    def refused(self, path: str) -> set[tuple[int, bytes]]:
        """Where the lines of a file begin that are in `_rejects`, and their bytes."""
        return set(self._reader.rows("SELECT offset, raw FROM _rejects WHERE source = ?", (path,)))

    def take(self, name: str, event: dict[str, Any]) -> _Trace:
        """Look for a row that gives back this event, among those that are left, and take it."""
        table = self._by_name.get(name.lower())
        if table is None:
            return _Trace.MISSING
        left = self._left.get(table.name)
        if left is None:
            left = self._left[table.name] = self._read(table)
        mark = digest(event)
        if left[mark] > 0:
            left[mark] -= 1
            return _Trace.EQUAL
        key = self._reader.catalogue.key(table.name)
        dropped = key and dumps([event.get(name) for name in key]) in self._known[table.name]
        return _Trace.DROPPED if dropped else _Trace.MISSING

    def _read(self, table: Table) -> Counter[bytes]:
        key = self._reader.catalogue.key(table.name)
        known = self._known[table.name] = set()
        counts: Counter[bytes] = Counter()
        for stored in self._reader.events(table):
            counts[digest(stored.event)] += 1
            if key:
                known.add(dumps([stored.event.get(name) for name in key]))
        return counts


def digest(event: dict[str, Any]) -> bytes:
    """A hash of an event as a JSON value: the order of keys, nulls, and 1.0 for 1 make no difference."""
    plain = {name: _plain(value) for name, value in event.items() if value is not None}
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=12).digest()


def _plain(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() and abs(value) <= _WHOLE else value

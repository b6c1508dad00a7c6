"""What could not be stored, tried again: as it is after the cause is gone, or with bytes that somebody has mended."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from telemetry_store import USUAL_TIME, Block, Counts, Extent, Origin, RecordChunk, Reject, UsageError

from .imports import fallback_time
from .jsonl import documents, segment_records
from .route import route_of

if TYPE_CHECKING:
    from telemetry_store import Record, TelemetryStore, Transaction

    from .import_plan import Plan


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the rejects.

    Attributes:
        tried: how many there were.
        stored: events that are in a table now.
        duplicate: events that were there already.
        rejected: rejects that stay.
    """

    tried: int
    stored: int
    duplicate: int
    rejected: int

    def as_dict(self) -> dict[str, int]:
        """The same in JSON's types."""
        return asdict(self)


def export(store: TelemetryStore, file: Path) -> int:
    """Write all rejects as JSON lines with id, source, offset, table, reason and raw text; returns how many.

    Raw bytes that are not UTF-8 stand there as Latin-1, and `latin1` says so.
    """
    rows = store.query('SELECT id, source, offset, "table", reason, raw FROM _rejects ORDER BY id')
    with file.open("wb") as handle:  # audit: allow the user asked for this file
        for row in rows:
            try:
                row["raw"] = row["raw"].decode()
            except UnicodeDecodeError:
                row["raw"], row["latin1"] = row["raw"].decode("latin-1"), True
            handle.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return len(rows)


def mended(file: Path) -> dict[int, bytes]:
    """The bytes of an exported file after somebody has mended it, by the reject's id.

    Raises:
        UsageError: it is not such a file.
    """
    try:
        rows = [orjson.loads(line) for line in file.read_bytes().splitlines() if line.strip()]
        return {int(row["id"]): row["raw"].encode("latin-1" if row.get("latin1") else "utf-8") for row in rows}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "edit what `telemetry rejects --export FILE` has written, and keep id and raw"
        raise UsageError(f"{file} does not hold exported rejects: {error}", hint) from error


def replay(store: TelemetryStore, bytes_of: dict[int, bytes] | None = None, *, plan: Plan | None = None) -> Replayed:
    """Try to store rejects again, all in one transaction; those that fail stay, with the new reason.

    Args:
        store: whose rejects.
        bytes_of: mended bytes by id; only these are tried. None tries all as they are.
        plan: by which the files were imported.
    """
    totals = Counts()
    with store.transaction() as transaction:
        groups: dict[str, list[Reject]] = {}
        for number, reject in transaction.ledger.take_rejects(None if bytes_of is None else list(bytes_of)):
            groups.setdefault(reject.source, []).append(replace(reject, raw=(bytes_of or {}).get(number, reject.raw)))
        for source, rejects in groups.items():
            counts = _replay(transaction, rejects, plan)
            _count(transaction, source, len(rejects), counts)
            totals += counts
    return Replayed(sum(map(len, groups.values())), totals.stored, totals.duplicate, totals.rejected)


def _replay(transaction: Transaction, rejects: list[Reject], plan: Plan | None) -> Counts:
    """Try the rejects of one source."""
    return transaction.insert(_again(reject, plan) for reject in rejects).counts


def _count(transaction: Transaction, path: str, tried: int, counts: Counts) -> None:
    """Bring the ledger up to date: what was rejected of the files that had this path is imported now."""
    left, stored, duplicate = tried - counts.rejected, counts.stored, counts.duplicate
    for entry in transaction.ledger.sources():
        if entry.path != path or entry.duplicate_of or not entry.rejected or not (left or stored or duplicate):
            continue
        source = transaction.ledger.source(path, entry.generation) or entry
        mended_now = min(left, source.rejected)
        now = replace(
            source,
            read=source.read - mended_now + stored + duplicate,
            imported=source.imported + stored,
            duplicate=source.duplicate + duplicate,
            rejected=source.rejected - mended_now,
        )
        transaction.ledger.save_source(now)
        left, stored, duplicate = left - mended_now, 0, 0


def _again(reject: Reject, plan: Plan | None) -> Block[Extent]:
    """One reject as a block of its records; of itself, with the reason, where it is none."""
    start, end = reject.offset, reject.offset + len(reject.raw)
    text = reject.raw.strip(b" \t\r\n\0").removeprefix(b"\xef\xbb\xbf")
    records: list[Record] = []
    times = USUAL_TIME
    if not os.path.isabs(reject.source):  # a segment of the spool: its lines name their tables
        found: list[tuple[Any, str, bool]] = list(segment_records(text))
    else:
        path = Path(reject.source)
        moment = fallback_time(path, os.stat(path).st_mtime_ns)[0] if path.exists() else time.time_ns()
        route = route_of(path, plan)
        times = route.plan.times()
        found = [
            (None if event is None else (reject.table, moment, route.shape(event)), reason, careful)
            for event, reason, careful in documents(text)
        ]
    for record, reason, _ in found:
        if record is None:
            return Block(Extent(reject.source, start, end, (replace(reject, reason=reason),)))
        records.append(record)
    chunk = RecordChunk(Origin(reject.source, lambda _: (reject.offset, reject.raw)), records, times)
    return Block(Extent(reject.source, start, end), (chunk,))

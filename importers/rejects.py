"""What could not be stored, tried again: as it is after the cause is gone, or with bytes that somebody has mended."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
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
    """What became of the rejects that were tried: events that were stored or there already, and rejects that stay."""

    tried: int
    stored: int
    duplicate: int
    rejected: int


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
            counts = transaction.insert(_again(reject, plan) for reject in rejects).counts
            _count(transaction, source, len(rejects), counts)
            totals += counts
    return Replayed(sum(map(len, groups.values())), totals.stored, totals.duplicate, totals.rejected)


def _count(transaction: Transaction, path: str, tried: int, counts: Counts) -> None:
    """Bring the ledger up to date: what was rejected of the files that had this path is imported now."""
    left, stored, duplicate = tried - counts.rejected, counts.stored, counts.duplicate
    for entry in transaction.ledger.sources():
        if entry.path != path or entry.duplicate_of or not entry.rejected or not (left or stored or duplicate):
            continue
        source = transaction.ledger.source(path, entry.generation) or entry
        gone = min(left, source.rejected)
        now = replace(
            source,
            read=source.read - gone + stored + duplicate,
            imported=source.imported + stored,
            duplicate=source.duplicate + duplicate,
            rejected=source.rejected - gone,
        )
        transaction.ledger.save_source(now)
        left, stored, duplicate = left - gone, 0, 0


def _again(reject: Reject, plan: Plan | None) -> Block[Extent]:
    """One reject as a block of its records; of itself, with the reason, where it is none."""
    extent = Extent(reject.source, reject.offset, reject.offset + len(reject.raw))
    text = reject.raw.strip(b" \t\r\n\0").removeprefix(b"\xef\xbb\xbf")
    records: list[Record] = []
    times, path = USUAL_TIME, Path(reject.source)
    if not path.is_absolute():  # a segment of the spool: its lines name their tables
        parsed: list[tuple[Any, str, bool]] = list(segment_records(text))
    else:
        moment = fallback_time(path, os.stat(path).st_mtime_ns)[0] if path.exists() else time.time_ns()
        route = route_of(path, plan)
        times = route.plan.times()
        parsed = [
            (None if event is None else (reject.table, moment, route.shape(event)), reason, careful)
            for event, reason, careful in documents(text)
        ]
    for record, reason, _ in parsed:
        if record is None:
            return Block(replace(extent, rejects=(replace(reject, reason=reason),)))
        records.append(record)
    return Block(extent, (RecordChunk(Origin(reject.source, lambda _: (reject.offset, reject.raw)), records, times),))

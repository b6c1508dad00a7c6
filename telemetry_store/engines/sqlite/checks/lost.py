"""D403: rows that are gone although nothing of this store has deleted them.

A table of this store numbers its rows without gaps (sqlite.org/autoinc.html), and `_pruned` says how many were pruned.
So the numbers given out, less the rows that are there and those that were pruned, are rows that somebody else has
deleted. Tables with a unique key use up numbers for duplicates and are left out, and so are those that `telemetry
merge` filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.finding import Finding, Severity, or_well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader


def check(reader: Reader) -> list[Finding]:
    """All tables that number their rows."""
    return or_well(_lost(reader), "D403", "lost rows")


def _lost(reader: Reader) -> Iterator[Finding]:
    if reader.value("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'") is None:
        return
    system = reader.catalogue.system
    pruned = 'coalesce((SELECT sum(deleted) FROM _pruned WHERE "table" = :t), 0)' if "_pruned" in system else "0"
    numbered = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = :t), 0)"
    merges = "SELECT 1 FROM _merges WHERE instr(record, ?)"
    for table in sorted(reader.catalogue.own):
        keyed = reader.value('SELECT 1 FROM pragma_index_list(?) WHERE "unique"', table)
        if keyed or ("_merges" in system and reader.value(merges, f'"{table}"')):
            continue
        select = f"SELECT {numbered} - count(*) - {pruned} FROM {quoted(table)}"  # one statement, so one moment
        ((count,),) = reader.rows(select, {"t": table})
        if count > 0:
            hint = "if nobody deleted them on purpose, compare with a backup (`telemetry backup --list`)"
            message = f"{count} rows of {table} are gone, and no prune took them"
            yield Finding("D403", "lost rows", Severity.WARNING, message, hint, {"table": table, "rows": count})

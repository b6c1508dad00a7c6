"""D403: rows that are gone although nothing of this store has deleted them.

A table of this store numbers its rows without gaps, and `_pruned` says how many were pruned. So the numbers given out,
less the rows that are there and those that were pruned, are rows that somebody else has deleted. Tables with a unique
key use up numbers for duplicates and are left out, and so are those that `telemetry merge` filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted

from .finding import Finding, Look, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(look: Look) -> Iterator[Finding]:
    """Each table that numbers its rows."""
    missing = missing_rows(look)
    for table, count in missing.items():
        hint = "if nobody deleted them on purpose, compare with a backup (`telemetry backup --list`)"
        message = f"{count} rows of {table} are gone, and no prune took them"
        yield Finding("D403", "lost rows", Severity.WARNING, message, hint, {"table": table, "rows": count})
    if not missing:
        yield Finding("D403", "lost rows", Severity.OK, "none")


def missing_rows(look: Look) -> dict[str, int]:
    """Table → rows that are gone."""
    if not look.has("sqlite_sequence"):
        return {}
    pruned = 'coalesce((SELECT sum(deleted) FROM _pruned WHERE "table" = :t), 0)' if look.has("_pruned") else "0"
    found = {}
    merged = look.has("_merges")
    for table in sorted(look.own):
        if look.one('SELECT 1 FROM pragma_index_list(?) WHERE "unique"', table) is not None:
            continue
        if merged and look.one("SELECT 1 FROM _merges WHERE instr(record, ?)", f'"{table}"') is not None:
            continue
        row = look.db.execute(  # one statement, so one moment
            f"SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = :t), 0) - count(*) - {pruned} "
            f"FROM {quoted(table)}",
            {"t": table},
        ).fetchone()
        if row[0] > 0:
            found[table] = int(row[0])
    return found

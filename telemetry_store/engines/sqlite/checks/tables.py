"""D403: rows that are gone although nothing of this store has deleted them.

A table of this store numbers its rows without gaps (sqlite.org/autoinc.html), and `_pruned` says how many were pruned.
So the numbers given out, less the rows that are there and those that were pruned, are rows that somebody else has
deleted. Tables with a unique key use up numbers for duplicates and are left out, and so are those that `telemetry
merge` filled.

D501: what is declared, or was noted when a table was made, and is not so.

Tables and columns that are gone, columns of another type. Values that do not fit stay in `metadata_json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.catalogue import column_type
from telemetry_store.engines.sqlite.statements import sql
from telemetry_store.finding import Finding, Severity, or_well
from telemetry_store.schema import EventTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader


def lost_rows(reader: Reader) -> list[Finding]:
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


def drift(reader: Reader) -> list[Finding]:
    """Declarations and notes against the tables; of a database without notes there is nothing to say."""
    if "_tables" not in reader.catalogue.system:
        return []
    hint = "declare it as it is, or change the table (`sqlite-utils transform`); nothing is lost meanwhile"
    findings = [
        Finding("D501", "schema drift", Severity.WARNING, message, hint, {"table": table})
        for table, message in _drift(reader)
    ]
    return or_well(findings, "D501", "schema drift")


def _drift(reader: Reader) -> Iterator[tuple[str, str]]:
    types: dict[str, dict[str, str]] = {}
    for table, column, declared in reader.rows(sql("declared_types.sql")):
        types.setdefault(table, {})[column] = declared
    views = {name for (name,) in reader.rows("SELECT name FROM sqlite_master WHERE type = 'view'")}
    for (table, column), note in reader.catalogue.notes.items():
        if table in views:
            continue  # a merge describes these too
        if table not in types:
            if not column:
                yield table, f"{table} is gone"
        elif column and column not in types[table]:
            yield table, f"{table}.{column} is gone"
        elif note.declaration:
            yield from _against(EventTable.from_dict(orjson.loads(note.declaration)), types[table])


def _against(declared: EventTable, types: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, kind in declared.columns.items():
        if name not in types:
            yield declared.name, f"{declared.name}.{name} is declared and not there"
        elif column_type(types[name]) != kind:
            yield declared.name, f"{declared.name}.{name} is {types[name] or 'of no type'} and declared {kind}"

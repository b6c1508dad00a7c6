"""D501: what is declared, or was noted when a table was made, and is not so.

Tables and columns that are gone, columns of another type. Values that do not fit stay in `metadata_json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from telemetry_store.engines.sqlite.catalogue import column_type
from telemetry_store.engines.sqlite.statements import sql
from telemetry_store.finding import Finding, Severity, or_well
from telemetry_store.schema import EventTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader


def check(reader: Reader) -> list[Finding]:
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

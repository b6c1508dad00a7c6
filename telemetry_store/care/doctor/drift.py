"""D501: what is declared, or was noted when a table was made, and is not so.

Tables and columns that are gone, columns of another type. Values that do not fit stay in `metadata_json`.

D502: fields that most events of a table carry in `metadata_json` although a column could hold them. A column makes them
smaller, and quick to ask for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from telemetry_store.engines.sqlite.catalogue import column_type
from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.schema import RESERVED, EventTable, is_identifier, type_of
from telemetry_store.timestamps import TIME_FIELDS

from .finding import Finding, Look, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.schema import ColumnType, Table

_SAMPLE, _FEWEST, _SHARE = 1000, 20, 0.5


def check(look: Look) -> Iterator[Finding]:
    """Declarations and notes against the tables, and what overflows."""
    if not look.has("_tables"):
        return
    drift = list(_drift(look))
    for table, message in drift:
        hint = "declare it as it is, or change the table (`sqlite-utils transform`); nothing is lost meanwhile"
        yield Finding("D501", "schema drift", Severity.WARNING, message, hint, {"table": table})
    if not drift:
        yield Finding("D501", "schema drift", Severity.OK, "none")
    overflow = [found for table in look.tables.values() for found in _overflow(look, table)]
    yield from overflow
    if not overflow:
        yield Finding("D502", "overflow", Severity.OK, "none")


def _drift(look: Look) -> Iterator[tuple[str, str]]:
    actual: dict[str, dict[str, str]] = {}
    for table, column, kind in look.db.execute(
        "SELECT m.name, c.name, c.type FROM sqlite_master AS m JOIN pragma_table_xinfo(m.name) AS c "
        "WHERE m.type = 'table'"
    ):
        actual.setdefault(table, {})[column] = kind
    views = {name for (name,) in look.db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    for table, column, declaration in look.db.execute('SELECT "table", "column", declaration FROM _tables'):
        if table in views:
            continue  # a merge describes these too
        if table not in actual:
            if not column:
                yield table, f"{table} is gone"
        elif column and column not in actual[table]:
            yield table, f"{table}.{column} is gone"
        elif declaration:
            yield from _against(EventTable.from_dict(orjson.loads(declaration)), actual[table])


def _against(declared: EventTable, columns: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, kind in declared.columns.items():
        if name not in columns:
            yield declared.name, f"{declared.name}.{name} is declared and not there"
        elif column_type(columns[name]) != kind:
            yield declared.name, f"{declared.name}.{name} is {columns[name] or 'of no type'} and declared {kind}"


def _overflow(look: Look, table: Table) -> Iterator[Finding]:
    """Fields of the newest events that could have a column."""
    if table.metadata is None or not table.numbered:
        return
    rows = look.db.execute(
        f"SELECT {quoted(table.metadata)} FROM {quoted(table.name)} ORDER BY rowid DESC LIMIT {_SAMPLE}"
    ).fetchall()
    seen: Counter[str] = Counter()
    kinds: dict[str, set[ColumnType]] = {}
    for (text,) in rows:
        for name, value in _fields(text).items():
            if (kind := type_of(value)) is not None and is_identifier(name) and name.lower() not in RESERVED:
                seen[name] += 1
                kinds.setdefault(name, set()).add(kind)
    for name, count in seen.most_common(5):
        wanted = count >= max(_FEWEST, _SHARE * len(rows)) and name not in TIME_FIELDS and name not in table.columns
        if wanted and len(kinds[name]) == 1:
            column = str(*kinds[name])
            message = f"{count} of the newest {len(rows)} events of {table.name} keep {name} in {table.metadata}"
            hint = f'declare it: EventTable("{table.name}", columns={{"{name}": "{column}"}})'
            evidence = {"table": table.name, "field": name, "events": count, "of": len(rows), "type": column}
            yield Finding("D502", "overflow", Severity.NOTE, message, hint, evidence)


def _fields(text: Any) -> dict[str, Any]:
    try:
        found = orjson.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

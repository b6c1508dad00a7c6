"""D502: fields that most events of a table carry in `metadata_json` although a column could hold them.

A column makes them smaller, and quick to ask for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from telemetry_store.engines.names import quoted
from telemetry_store.finding import Finding, Severity, or_well
from telemetry_store.schema import RESERVED, is_identifier, type_of
from telemetry_store.timestamps import TIME_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import ColumnType, Table

#: How many of the newest events are looked at; how many of them must have a field, and what share.
_SAMPLE, _FEWEST, _SHARE = 1000, 20, 0.5


def check(reader: Reader) -> list[Finding]:
    """What overflows, table by table; of a database that this store has never written to there is nothing to say."""
    if "_tables" not in reader.catalogue.system:
        return []
    tables = [reader.catalogue.tables[name] for name in sorted(reader.catalogue.written)]
    findings = [finding for table in tables for finding in _overflow(reader, table)]
    return or_well(findings, "D502", "overflow")


def _overflow(reader: Reader, table: Table) -> Iterator[Finding]:
    number = reader.catalogue.number(table.name)
    if table.metadata is None or number is None:
        return
    order = f"ORDER BY {quoted(number)} DESC LIMIT {_SAMPLE}"
    rows = list(reader.rows(f"SELECT {quoted(table.metadata)} FROM {quoted(table.name)} {order}"))
    counts: Counter[str] = Counter()
    kinds: dict[str, set[ColumnType]] = {}
    for (text,) in rows:
        for name, value in _fields(text).items():
            if (kind := type_of(value)) is not None and is_identifier(name) and name.lower() not in RESERVED:
                counts[name] += 1
                kinds.setdefault(name, set()).add(kind)
    for name, count in counts.most_common(5):
        wanted = count >= max(_FEWEST, _SHARE * len(rows)) and name not in TIME_FIELDS and name not in table.columns
        if wanted and len(kinds[name]) == 1:  # of two types, no column would hold all
            column = str(*kinds[name])
            message = f"{count} of the newest {len(rows)} events of {table.name} keep {name} in {table.metadata}"
            hint = f'declare it: EventTable("{table.name}", columns={{"{name}": "{column}"}})'
            evidence = {"table": table.name, "field": name, "events": count, "of": len(rows), "type": column}
            yield Finding("D502", "overflow", Severity.NOTE, message, hint, evidence)


def _fields(text: Any) -> dict[str, Any]:
    try:
        fields = orjson.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}

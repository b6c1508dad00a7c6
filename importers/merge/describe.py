"""What `_tables` says of merged tables and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite import definitions
from telemetry_store.engines.sqlite.catalogue import column_type

from .journal import MergedKind

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection
    from telemetry_store.engines.sqlite.shape import Column, Shape

    from .journal import MergedTable

#: What stands as origin of a merged table and its columns.
ORIGIN = "merged"


def describe(connection: Connection, table: MergedTable, shape: Shape) -> None:
    """Note what a table and each of its columns is and where it comes from; what people wrote there stays."""
    definitions.describe(connection, table.name, "", "", ORIGIN, " ".join(filter(None, (table.doc, _from(table)))))
    for column in shape.columns:
        kind, doc = column_type(column.declared), _about(column, shape)
        definitions.describe(connection, table.name, column.name, kind, ORIGIN, doc)


def _from(table: MergedTable) -> str:
    if table.kind is MergedKind.ALIAS:
        return f"The old name of a table, for code that has not changed; from {table.path}."
    files = " and ".join((table.path, *table.joined))
    return f"{'View' if table.is_view else 'Table'} {table.old} of {files}."


def _about(column: Column, shape: Shape) -> str:
    parts = [column.declared or "any type"]
    if column.key:
        parts.append("primary key" if len(shape.key) == 1 else "part of the primary key")
    if column.generated:
        parts.append("computed")
    if column.required:
        parts.append("required")
    if column.default is not None:
        parts.append(f"default {column.default}")
    for reference in shape.references:
        if column.name in reference.columns:
            parent = reference.parents[reference.columns.index(column.name)]
            parts.append(f"references {reference.table}" + (f".{parent}" if parent else ""))
    return ", ".join(parts)


def forget_table(connection: Connection, name: str) -> None:
    """Take out what a merge has noted about a table."""
    connection.execute('DELETE FROM _tables WHERE "table" = ? AND origin = ?', (name, ORIGIN))

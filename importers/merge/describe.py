"""What `_tables` says of merged tables and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.catalogue import column_type

if TYPE_CHECKING:
    import sqlite3

    from .journal import Table
    from .shape import Column, Shape

#: What stands as origin of a merged table and its columns.
ORIGIN = "merged"
_STATEMENT = (
    'INSERT INTO _tables ("table", "column", type, origin, doc) VALUES (?, ?, ?, ?, ?) '
    'ON CONFLICT ("table", "column") DO UPDATE SET type = excluded.type, doc = iif(doc = \'\', excluded.doc, doc)'
)


def describe(connection: sqlite3.Connection, table: Table, shape: Shape) -> None:
    """Note what a table and each of its columns is and where it comes from; what people wrote there stays."""
    connection.execute(_STATEMENT, (table.name, "", "", ORIGIN, " ".join(filter(None, (table.doc, _from(table))))))
    for column in shape.columns:
        values = (table.name, column.name, column_type(column.declared), ORIGIN, _about(column, shape))
        connection.execute(_STATEMENT, values)


def _from(table: Table) -> str:
    if table.kind == "alias":
        return f"The old name of a table, for code that has not changed; from {table.path}."
    files = " and ".join((table.path, *table.joined))
    return f"{'View' if table.kind == 'view' else 'Table'} {table.old} of {files}."


def _about(column: Column, shape: Shape) -> str:
    """A column in words."""
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


def forget_table(connection: sqlite3.Connection, name: str) -> None:
    """Take out what a merge has noted about a table."""
    connection.execute('DELETE FROM _tables WHERE "table" = ? AND origin = ?', (name, ORIGIN))

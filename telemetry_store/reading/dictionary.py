"""What the database knows of its tables, as a data dictionary for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry_store.engines.base import Note

if TYPE_CHECKING:
    from telemetry_store.engines.base import Catalogue, Reader
    from telemetry_store.schema import Table

#: What the columns mean that tables of this store always have.
_MEANINGS = {
    "timestamp": "When it happened, UTC; text order is time order.",
    "metadata_json": "What has no column of its own, as a JSON object.",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, what it means, and since when it is there."""

    name: str
    type: str
    doc: str
    first_seen: str


@dataclass(frozen=True, slots=True)
class Description:
    """One table: its name and meaning, its rows counted, when the store met it and wrote to it last.

    Attributes:
        origin: "created" by this store, or "adopted" as it was.
        indexes: name → columns.
        sources: how many imported files went into it.
    """

    table: str
    doc: str
    origin: str
    rows: int
    first_seen: str
    last_written: str
    columns: tuple[Column, ...]
    indexes: dict[str, tuple[str, ...]]
    sources: int


def describe(reader: Reader) -> list[Description]:
    """Every event table with all that is known of it."""
    tables = reader.catalogue.tables
    sources = dict(reader.rows('SELECT "table", count(*) FROM _sources GROUP BY 1')) if tables else {}
    return [_description(reader.catalogue, table, sources.get(table.name, 0)) for table in tables.values()]


def _description(catalogue: Catalogue, table: Table, sources: int) -> Description:
    name, unknown = table.name, Note()
    columns = []
    for column, kind in table.columns.items():
        note = catalogue.notes.get((name, column), unknown)
        columns.append(Column(column, str(kind), note.doc or _MEANINGS.get(column, ""), note.first_seen))
    note, rows, indexes = catalogue.notes.get((name, ""), unknown), catalogue.count(name), dict(catalogue.indexes(name))
    written = (note.first_seen, note.last_written)
    return Description(name, note.doc, note.origin, rows, *written, tuple(columns), indexes, sources)


def as_markdown(descriptions: list[Description]) -> str:
    """A data dictionary."""
    parts = ["# Data dictionary", ""]
    for table in descriptions:
        parts += [f"## {table.table}", ""]
        parts += [table.doc, ""] if table.doc else []
        parts += [f"{_about(table)}.", "", "| column | type | meaning |", "|---|---|---|"]
        for column in table.columns:
            doc = column.doc.replace("|", "\\|").replace("\n", " ")
            parts.append(f"| `{column.name}` | {column.type} | {doc} |")
        if table.indexes:
            parts += ["", "Indexes: " + "; ".join(", ".join(columns) for columns in table.indexes.values()) + "."]
        parts.append("")
    return "\n".join(parts).rstrip()


def as_text(descriptions: list[Description]) -> str:
    """The same for a terminal."""
    lines = []
    for table in descriptions:
        lines.append(f"{table.table}  {_about(table)}" + (f"\n    {table.doc}" if table.doc else ""))
        wide = max((len(column.name) for column in table.columns), default=0)
        lines += [f"    {column.name:{wide}}  {column.type:8} {column.doc}".rstrip() for column in table.columns]
    return "\n".join(lines) or "(no tables)"


def _about(table: Description) -> str:
    text = f"{table.rows} rows, {table.origin}"
    text += f" {table.first_seen[:10]}" if table.first_seen else ""
    text += f", last written {table.last_written[:19]}" if table.last_written else ""
    return text + (f", from {table.sources} files" if table.sources else "")

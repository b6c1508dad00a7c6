"""What the database knows of its tables: for reading them, and as a data dictionary for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite.catalogue import exists, load_tables, quoted

if TYPE_CHECKING:
    import sqlite3

    from telemetry_store.schema import Table


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, what it means, and since when it is there."""

    name: str
    type: str
    doc: str
    first_seen: str


@dataclass(frozen=True, slots=True)
class Description:
    """One table.

    Attributes:
        table: its name.
        doc: what it means.
        origin: "created" by this store, or "adopted" as it was.
        rows: how many.
        first_seen, last_written: when the store met it and wrote to it last.
        columns: in order.
        indexes: name → columns.
        sources: imported files that went into it.
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

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self)


def event_tables(connection: sqlite3.Connection) -> dict[str, Table]:
    """Every event table by name; none in a database that this store has never written to."""
    if not exists(connection, "_tables"):
        return {}
    tables = load_tables(connection)[0]
    for name, column in connection.execute(
        "SELECT m.tbl_name, i.name FROM sqlite_master AS m, pragma_index_info(m.name) AS i "
        "WHERE m.type = 'index' AND i.seqno = 0 AND i.name IS NOT NULL"
    ):
        if name in tables:
            tables[name] = replace(tables[name], leading=tables[name].leading | {column})
    return tables


def describe(connection: sqlite3.Connection) -> list[Description]:
    """Every event table with all that is known of it."""
    tables = event_tables(connection)
    noted: dict[tuple[str, str], tuple[str, ...]] = {}
    sources: dict[str, int] = {}
    if tables:
        for table, column, *rest in connection.execute(
            'SELECT "table", "column", origin, doc, first_seen, last_written FROM _tables'
        ):
            noted[table, column] = tuple(each or "" for each in rest)
        sources = dict(connection.execute('SELECT "table", count(*) FROM _sources GROUP BY 1'))
    return [_description(connection, table, noted, sources.get(name, 0)) for name, table in tables.items()]


def _description(
    connection: sqlite3.Connection, table: Table, noted: dict[tuple[str, str], tuple[str, ...]], sources: int
) -> Description:
    origin, doc, first_seen, last_written = noted.get((table.name, ""), ("adopted", "", "", ""))
    columns = []
    for name, kind in table.columns.items():
        _, meaning, since, _ = noted.get((table.name, name), ("", "", "", ""))
        columns.append(Column(name, str(kind), meaning or _MEANINGS.get(name, ""), since))
    (rows,) = connection.execute(f"SELECT count(*) FROM {quoted(table.name)}").fetchone()
    found: dict[str, tuple[str, ...]] = {}
    for index, column in connection.execute(
        "SELECT l.name, i.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i ORDER BY l.seq, i.seqno",
        (table.name,),
    ):
        found[index] = (*found.get(index, ()), column)
    return Description(table.name, doc, origin, rows, first_seen, last_written, tuple(columns), found, sources)


_MEANINGS = {
    "timestamp": "When it happened, UTC; text order is time order.",
    "metadata_json": "What has no column of its own, as a JSON object.",
}


def as_markdown(found: list[Description]) -> str:
    """A data dictionary."""
    parts = ["# Data dictionary", ""]
    for each in found:
        parts += [f"## {each.table}", ""]
        parts += [each.doc, ""] if each.doc else []
        parts += [f"{_about(each)}.", "", "| column | type | meaning |", "|---|---|---|"]
        parts += [f"| `{column.name}` | {column.type} | {_in_cell(column.doc)} |" for column in each.columns]
        if each.indexes:
            parts += ["", "Indexes: " + "; ".join(", ".join(columns) for columns in each.indexes.values()) + "."]
        parts.append("")
    return "\n".join(parts).rstrip()


def as_text(found: list[Description]) -> str:
    """The same for a terminal."""
    lines = []
    for each in found:
        lines.append(f"{each.table}  {_about(each)}" + (f"\n    {each.doc}" if each.doc else ""))
        wide = max((len(column.name) for column in each.columns), default=0)
        lines += [f"    {column.name:{wide}}  {column.type:8} {column.doc}".rstrip() for column in each.columns]
    return "\n".join(lines) or "(no tables)"


def _about(each: Description) -> str:
    text = f"{each.rows} rows, {each.origin}"
    text += f" {each.first_seen[:10]}" if each.first_seen else ""
    text += f", last written {each.last_written[:19]}" if each.last_written else ""
    return text + (f", from {each.sources} files" if each.sources else "")


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

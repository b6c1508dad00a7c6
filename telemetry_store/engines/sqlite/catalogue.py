"""What tables an SQLite database has, and what is known of each."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import orjson

from telemetry_store.batch import Normaliser
from telemetry_store.engines.base import Catalogue, Note
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.statements import exists, sql
from telemetry_store.schema import METADATA, ColumnType, EventTable, Table
from telemetry_store.timestamps import TIME_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telemetry_store.engines.sqlite.open import Connection

#: What the names of search indexes and their triggers begin with.
SEARCH = "_search_"


class Tables:
    """What one connection knows of the database's tables, kept while nobody else changes the schema."""

    def __init__(self, connection: Connection) -> None:
        self.version = connection.execute("PRAGMA schema_version").fetchone()[0]
        self.tables, self.keys = load_tables(connection)
        taken = taken_names(connection, self.tables)
        self.tables |= {name: Table(name, {}, time=None) for name in taken}
        #: Name → what it is, where it can never be an event table's.
        self.taken = {name.lower(): kind for name, kind in taken.items()}
        self.normaliser = Normaliser(self.tables)
        self.columns = {name: set(table.columns) for name, table in self.tables.items()}
        self.noted: set[str] = set()
        self.delicate = delicate_tables(connection)
        #: Table → columns of its search index, once somebody has looked.
        self.searched: dict[str, tuple[str, ...]] | None = None
        self.statements: dict[tuple[str, tuple[str, ...], int], str] = {}


def load_tables(connection: Connection) -> tuple[dict[str, Table], dict[str, tuple[str, ...]]]:
    """Every event table, and the dedupe keys of those that have one."""
    tables: dict[str, Table] = {}
    keys: dict[str, tuple[str, ...]] = {}
    for name, column, declared, pk, hidden, made_by, origin, declaration, known in connection.execute(
        sql("load_tables.sql")
    ):
        own = origin == "created"
        table = tables.get(name)
        if table is None:
            table = tables[name] = Table(name, {}, time=None, metadata=None, sparse=not own)
            table.new_keys = "evolve" if own else "overflow"
            table.numbered = "WITHOUT ROWID" not in made_by.upper()
            if declaration:
                spec = EventTable.from_dict(orjson.loads(declaration))
                table.new_keys = spec.new_keys or table.new_keys
                keys[name] = spec.dedupe_key
        if hidden or _is_row_number(column, declared, pk, made_by):
            continue
        kind = ColumnType(known) if known else column_type(declared)
        table.columns[column] = kind
        if column == METADATA:
            table.metadata = METADATA
    for table in tables.values():
        _find_time(table)
    return tables, keys


def taken_names(connection: Connection, tables: Iterable[str]) -> dict[str, str]:
    """Names of views, indexes and virtual tables, and which of them each is: no event table can be made there."""
    there = {name.lower() for name in tables}
    objects = connection.execute("SELECT name, type FROM sqlite_master WHERE type <> 'trigger'").fetchall()
    return {
        name: "virtual table" if kind == "table" else kind
        for name, kind in objects
        if name.lower() not in there and not name.startswith(("_", "sqlite_"))
    }


def delicate_tables(connection: Connection) -> set[str]:
    """Tables where one statement for many rows could stop half-way: those with triggers or ON CONFLICT clauses."""
    return {
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND (sql LIKE '%CONFLICT%' "
            "OR name IN (SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, ?) <> ?))",
            (len(SEARCH), SEARCH),
        )
    }


def _find_time(table: Table) -> None:
    for name in TIME_FIELDS:
        if table.columns.get(name) not in (None, ColumnType.INTEGER, ColumnType.REAL, ColumnType.BOOLEAN):
            table.time = name
            table.columns[name] = ColumnType.TEXT
            return


def _is_row_number(column: str, declared: str, pk: int, made_by: str) -> bool:
    """Tell whether SQLite fills the column itself: an INTEGER PRIMARY KEY."""
    return bool(pk) and declared.upper() == "INTEGER" and (column.lower() == "id" or "AUTOINCREMENT" in made_by.upper())


def column_type(declared: str) -> ColumnType:
    """What a column of this declared type holds, by SQLite's affinity rules (sqlite.org/datatype3.html, 3.1)."""
    name = declared.upper()
    if name in ("BOOLEAN", "BOOL"):
        return ColumnType.BOOLEAN
    for part, kind in _AFFINITY:
        if part in name:
            return kind
    return ColumnType.NUMERIC if name else ColumnType.FLEXIBLE


_AFFINITY = (
    ("INT", ColumnType.INTEGER),
    ("CHAR", ColumnType.TEXT),
    ("CLOB", ColumnType.TEXT),
    ("TEXT", ColumnType.TEXT),
    ("BLOB", ColumnType.FLEXIBLE),
    ("REAL", ColumnType.REAL),
    ("FLOA", ColumnType.REAL),
    ("DOUB", ColumnType.REAL),
)


def searched_tables(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The tables that have an index, and the columns that are in it."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE substr(name, 1, ?) = ? AND sql LIKE 'CREATE VIRTUAL TABLE%'",
        (len(SEARCH), SEARCH),
    ).fetchall()
    return {
        name.removeprefix(SEARCH): tuple(row[1] for row in connection.execute(f"PRAGMA table_info({quoted(name)})"))
        for (name,) in names
    }


class SqliteCatalogue(Catalogue):
    """See `Catalogue`.

    Args:
        connection: reads the database; the facts are those of the moment at which each is first asked for.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._indexes: dict[str, dict[str, tuple[str, ...]]] = {}

    @cached_property
    def version(self) -> int:
        return int(self._connection.execute("PRAGMA schema_version").fetchone()[0])

    @cached_property
    def _loaded(self) -> tuple[dict[str, Table], dict[str, tuple[str, ...]]]:
        return load_tables(self._connection) if exists(self._connection, "_tables") else ({}, {})

    @property
    def tables(self) -> dict[str, Table]:
        return self._loaded[0]

    @cached_property
    def names(self) -> list[str]:
        return [name for (name,) in self._connection.execute(sql("tables.sql"))]

    @cached_property
    def notes(self) -> dict[tuple[str, str], Note]:
        if not exists(self._connection, "_tables"):
            return {}
        return {
            (table, column): Note(*(text or "" for text in texts))
            for table, column, *texts in self._connection.execute(
                'SELECT "table", "column", origin, doc, first_seen, last_written, declaration FROM _tables'
            )
        }

    @cached_property
    def written(self) -> frozenset[str]:
        return frozenset(table for table, column in self.notes if not column and table in self.tables)

    @cached_property
    def own(self) -> frozenset[str]:
        return frozenset(table for table in self.written if self.notes[table, ""].origin == "created")

    @cached_property
    def system(self) -> frozenset[str]:
        rows = self._connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '\\_%' ESCAPE '\\'")
        return frozenset(name for (name,) in rows)

    def indexes(self, table: str) -> dict[str, tuple[str, ...]]:
        if table not in self._indexes:
            columns: dict[str, tuple[str, ...]] = {}
            for index, column in self._connection.execute(sql("indexes.sql"), (table,)):
                columns[index] = (*columns.get(index, ()), column)
            self._indexes[table] = columns
        return self._indexes[table]

    @cached_property
    def _leading(self) -> dict[str, frozenset[str]]:
        columns: dict[str, set[str]] = {}
        for table, column in self._connection.execute(sql("leading.sql")):
            columns.setdefault(table, set()).add(column)
        return {table: frozenset(names) for table, names in columns.items()}

    def leading(self, table: str) -> frozenset[str]:
        return self._leading.get(table, frozenset())

    def key(self, table: str) -> tuple[str, ...]:
        return self._loaded[1].get(table, ())

    def searched(self) -> dict[str, tuple[str, ...]]:
        return searched_tables(self._connection)

    def count(self, table: str) -> int:
        return int(self._connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0])

    def number(self, table: str) -> str | None:
        known = self.tables[table]
        if not known.numbered:
            return None
        keys = self._connection.execute("SELECT name, type FROM pragma_table_info(?) WHERE pk", (table,)).fetchall()
        (name, declared), alone = keys[0] if keys else ("", ""), len(keys) == 1
        return name if alone and declared.upper() == "INTEGER" and name not in known.columns else "rowid"

    def reuses_numbers(self, table: str) -> bool:
        """Whether SQLite may give out a row number twice."""
        select = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
        return "AUTOINCREMENT" not in self._connection.execute(select, (table,)).fetchone()[0].upper()

    def newest_number(self, table: str) -> int:
        if not self.tables[table].numbered:
            return self.count(table)
        return int(self._connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {quoted(table)}").fetchone()[0])

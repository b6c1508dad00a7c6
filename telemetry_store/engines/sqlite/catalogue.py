"""What tables an SQLite database has, and what is known of each."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import orjson

from telemetry_store.engines.base import Catalogue, Note
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.statements import exists, sql
from telemetry_store.schema import METADATA, ColumnType, EventTable, Table
from telemetry_store.timestamps import TIME_FIELDS

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection

#: What the names of search indexes and their triggers begin with.
SEARCH = "_search_"
#: Types of columns that take no time of events; None where there is no column.
_NO_TIMES = (None, ColumnType.INTEGER, ColumnType.REAL, ColumnType.BOOLEAN)
#: Part of a declared type → what such a column holds; the first part that is met decides.
_AFFINITY = {
    "INT": ColumnType.INTEGER,
    "CHAR": ColumnType.TEXT,
    "CLOB": ColumnType.TEXT,
    "TEXT": ColumnType.TEXT,
    "BLOB": ColumnType.FLEXIBLE,
    "REAL": ColumnType.REAL,
    "FLOA": ColumnType.REAL,
    "DOUB": ColumnType.REAL,
}


class Tables:
    """What one connection has read about the database's tables; it holds while nobody changes the schema.

    Attributes:
        version: of the schema when this was read.
        tables: the event tables, by name in small letters.
        keys: table → the columns of its dedupe key.
        taken: names of views, indexes and virtual tables in small letters, and which of them each is: no event table
            can be made there.
        searched: table → columns of its search index, once somebody has looked.
    """

    def __init__(self, connection: Connection) -> None:
        self.version = connection.execute("PRAGMA schema_version").fetchone()[0]
        tables, self.keys = load_tables(connection)
        self.tables = {name.lower(): table for name, table in tables.items()}
        objects = connection.execute("SELECT name, type FROM sqlite_master WHERE type <> 'trigger'").fetchall()
        self.taken = {
            name.lower(): "virtual table" if kind == "table" else kind
            for name, kind in [("all_events", "view"), *objects]
            if name.lower() not in self.tables and not name.startswith(("_", "sqlite_"))
        }
        self.delicate = delicate_tables(connection)
        self.searched: dict[str, tuple[str, ...]] | None = None


def load_tables(connection: Connection) -> tuple[dict[str, Table], dict[str, tuple[str, ...]]]:
    """Every event table, and the dedupe keys of those that have one."""
    tables: dict[str, Table] = {}
    keys: dict[str, tuple[str, ...]] = {}
    for name, rows in groupby(connection.execute(sql("load_tables.sql")), itemgetter(0)):
        described = list(rows)
        *_, made_by, origin, declaration, _ = described[0]
        declared = EventTable.from_dict(orjson.loads(declaration)) if declaration else None
        if declared is not None:
            keys[name] = declared.dedupe_key
        columns = {
            column: ColumnType(known) if known else column_type(kind)
            for _, column, kind, pk, hidden, _, _, _, known in described
            if not (hidden or _is_row_number(column, kind, pk, made_by))
        }
        time = next((field for field in TIME_FIELDS if columns.get(field) not in _NO_TIMES), None)
        tables[name] = Table(
            name,
            columns | ({time: ColumnType.TEXT} if time is not None else {}),
            time,
            METADATA if METADATA in columns else None,
            (declared.new_keys if declared else None) or ("evolve" if origin == "created" else "overflow"),
            sparse=origin != "created",
            numbered="WITHOUT ROWID" not in made_by.upper(),
        )
    return tables, keys


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


def _is_row_number(column: str, declared: str, pk: int, made_by: str) -> bool:
    """Tell whether SQLite fills the column itself: an INTEGER PRIMARY KEY."""
    return bool(pk) and declared.upper() == "INTEGER" and (column.lower() == "id" or "AUTOINCREMENT" in made_by.upper())


def column_type(declared: str) -> ColumnType:
    """What a column of this declared type holds, by SQLite's affinity rules (sqlite.org/datatype3.html, 3.1)."""
    name = declared.upper()
    if name in ("BOOLEAN", "BOOL"):
        return ColumnType.BOOLEAN
    other = ColumnType.NUMERIC if name else ColumnType.FLEXIBLE
    return next((kind for part, kind in _AFFINITY.items() if part in name), other)


def searched_tables(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The tables that have a search index, and the columns that are in it."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE substr(name, 1, ?) = ? AND sql LIKE 'CREATE VIRTUAL TABLE%'",
        (len(SEARCH), SEARCH),
    ).fetchall()
    return {
        name.removeprefix(SEARCH): tuple(row[1] for row in connection.execute(f"PRAGMA table_info({quoted(name)})"))
        for (name,) in names
    }


class SqliteCatalogue(Catalogue):
    """See `Catalogue`; the facts are those of the moment at which each is first asked for."""

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
            rows = self._connection.execute(sql("indexes.sql"), (table,))
            by_name = groupby(rows, itemgetter(0))
            self._indexes[table] = {index: tuple(column for _, column in columns) for index, columns in by_name}
        return self._indexes[table]

    @cached_property
    def _leading(self) -> dict[str, set[str]]:
        columns: dict[str, set[str]] = {}
        for table, column in self._connection.execute(sql("leading.sql")):
            columns.setdefault(table, set()).add(column)
        return columns

    def leading(self, table: str) -> frozenset[str]:
        return frozenset(self._leading.get(table, ()))

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

"""The statements that make and describe tables of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from telemetry_store.engines.names import quoted
from telemetry_store.schema import DEFAULT_INDEXES, TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telemetry_store.engines.sqlite.open import Connection
    from telemetry_store.schema import ColumnType, EventTable

#: SQL for this moment, in the canonical form of times.
NOW = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00'"


def create_table(connection: Connection, name: str, columns: Mapping[str, ColumnType]) -> None:
    """Make an own table, with its default indexes and its entries in `_tables`."""
    body = ["id INTEGER PRIMARY KEY AUTOINCREMENT"]
    body += [f"{quoted(column)} {kind}{' NOT NULL' if column == TIME else ''}" for column, kind in columns.items()]
    connection.execute(f"CREATE TABLE {quoted(name)} ({', '.join(body)})")
    describe(connection, name, "", "", "created")
    for column, kind in columns.items():
        describe(connection, name, column, kind, "created")
    add_default_indexes(connection, name, columns)


def add_column(connection: Connection, name: str, column: str, kind: ColumnType, *, widened: bool) -> None:
    """Add a column, or note that a whole-number column now takes fractions too.

    An INTEGER column of SQLite keeps any number exactly, so widening one needs no rewrite; `_tables` has its type.
    """
    if not widened:
        connection.execute(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)} {kind}")
    describe(connection, name, column, kind, "created")


def add_default_indexes(connection: Connection, name: str, columns: Iterable[str]) -> None:
    """Make those default indexes whose columns exist by now."""
    there = set(columns)
    for index in DEFAULT_INDEXES:
        if there.issuperset(index):
            add_index(connection, name, index)


def add_index(connection: Connection, name: str, columns: tuple[str, ...], *, unique: bool = False) -> None:
    """Make an index unless it is there, or put it off while the table is loaded."""
    kind, prefix = ("UNIQUE INDEX", "key") if unique else ("INDEX", "idx")
    label = quoted(f"{prefix}_{name}_{'_'.join(columns)}")
    on = ", ".join(map(quoted, columns))
    statement = f"CREATE {kind} IF NOT EXISTS {label} ON {quoted(name)} ({on})"
    loaded = connection.execute("SELECT 1 FROM _loads WHERE \"table\" = ? AND statement = ''", (name,)).fetchone()
    if unique or loaded is None:
        connection.execute(statement)
    else:
        put_off(connection, name, statement)


def put_off(connection: Connection, table: str, statement: str) -> None:
    """Let a statement that makes an index wait for the end of a load; an empty one begins the load of the table."""
    connection.execute('INSERT OR IGNORE INTO _loads ("table", statement) VALUES (?, ?)', (table, statement))


def describe(connection: Connection, table: str, column: str, kind: str, origin: str, doc: str = "") -> None:
    """Note in `_tables` what a table or a column is; what people wrote there stays."""
    connection.execute(
        'INSERT INTO _tables ("table", "column", type, origin, doc) VALUES (?, ?, ?, ?, ?) ON CONFLICT '
        '("table", "column") DO UPDATE SET type = excluded.type, doc = iif(doc = \'\', excluded.doc, doc)',
        (table, column, kind, origin, doc),
    )


def apply_declaration(connection: Connection, declared: EventTable, columns: Iterable[str]) -> None:
    """Make a declaration's indexes and unique key, and write it down.

    Raises:
        sqlite3.IntegrityError: the rows that are there already contradict the unique key.
    """
    name = declared.name
    add_default_indexes(connection, name, columns)
    for index in declared.indexes:
        add_index(connection, name, index)
    if declared.dedupe_key:
        add_index(connection, name, declared.dedupe_key, unique=True)
    connection.execute(
        'INSERT INTO _tables ("table", origin, doc, declaration) VALUES (?, ?, ?, ?) ON CONFLICT ("table", "column") '
        "DO UPDATE SET doc = iif(excluded.doc = '', doc, excluded.doc), declaration = excluded.declaration",
        (name, "adopted", declared.doc, orjson.dumps(declared.as_dict()).decode()),
    )

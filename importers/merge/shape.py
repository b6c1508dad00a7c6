"""What is in an SQLite file: tables, views, indexes, triggers, and how each table's rows are told apart."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from telemetry_store.engines.sqlite.names import quoted, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["table", "view", "virtual", "shadow"]
#: What SQLite calls the row number of a table, unless a column has that name.
_ROW_NUMBER = ("rowid", "_rowid_", "oid")
_BINARY = "BINARY"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name, declared: as they stand in CREATE TABLE.
        required: NOT NULL.
        default: SQL text of the default, or None.
        key: its place in the primary key, from 1; 0 when it is not part of it.
        generated: computed by SQLite, so it cannot be written.
    """

    name: str
    declared: str = ""
    required: bool = False
    default: str | None = None
    key: int = 0
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """One foreign key: these columns hold those of another table."""

    columns: tuple[str, ...]
    table: str
    parents: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A table or view.

    Attributes:
        name: of it.
        kind: what it is; a shadow table belongs to a virtual one.
        sql: the statement that makes it.
        columns: those that `SELECT *` gives, in order.
        row_number: a name for SQLite's row number; None where there is none, or where columns hide it.
        integer_key: the column that is the row number, or None.
        without_rowid, strict: as declared.
        indexed: whether it has any index, those of its own constraints included.
        references: its foreign keys.
    """

    name: str
    kind: Kind
    sql: str
    columns: tuple[Column, ...] = ()
    row_number: str | None = None
    integer_key: str | None = None
    without_rowid: bool = False
    strict: bool = False
    indexed: bool = False
    references: tuple[Reference, ...] = ()

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns that can be written."""
        return tuple(each.name for each in self.columns if not each.generated)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key, in its order."""
        return tuple(each.name for each in sorted(self.columns, key=lambda each: each.key) if each.key)

    @property
    def order(self) -> tuple[str, ...]:
        """What tells the rows apart and is how they are stored: the row number, or the primary key."""
        if self.without_rowid:
            return self.key
        if self.integer_key is not None:
            return (self.integer_key,)
        return (self.row_number,) if self.row_number is not None else ()


@dataclass(frozen=True, slots=True)
class Part:
    """An index or a trigger, with the table it belongs to and the statement that makes it."""

    name: str
    table: str
    sql: str


@dataclass(frozen=True, slots=True)
class Schema:
    """Everything that a file defines.

    Attributes:
        shapes: name → table or view, in the order they were made.
        indexes, triggers: likewise; without the indexes that constraints make by themselves.
        counters: table → the largest AUTOINCREMENT number it ever had.
    """

    shapes: dict[str, Shape]
    indexes: tuple[Part, ...] = ()
    triggers: tuple[Part, ...] = ()
    counters: tuple[tuple[str, int], ...] = ()

    def of_kind(self, *kinds: Kind) -> list[Shape]:
        """The tables and views of these kinds."""
        return [each for each in self.shapes.values() if each.kind in kinds]


def read_schema(connection: sqlite3.Connection, database: str = "main") -> Schema:
    """What a database defines.

    Args:
        connection: to it.
        database: the name it is attached under.

    Raises:
        sqlite3.Error: it is not a database, or is damaged.
    """
    rows = connection.execute(f"SELECT type, name, tbl_name, sql FROM {quoted(database)}.sqlite_master ORDER BY rowid")
    objects = [row for row in rows.fetchall() if row[3] is not None and not row[1].startswith("sqlite_")]
    listed = connection.execute(
        "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = ?", (database,)
    ).fetchall()
    kinds = {name: (kind, bool(without), bool(strict)) for name, kind, without, strict in listed}
    shapes = {
        name: _shape(connection, database, name, sql, *kinds.get(name, (kind, False, False)))
        for kind, name, _, sql in objects
        if kind in ("table", "view")
    }
    indexes = tuple(Part(name, table, sql) for kind, name, table, sql in objects if kind == "index")
    triggers = tuple(Part(name, table, sql) for kind, name, table, sql in objects if kind == "trigger")
    counters: Iterable[tuple[str, int]] = ()
    if "sqlite_sequence" in kinds:
        found = connection.execute(f"SELECT name, seq FROM {quoted(database)}.sqlite_sequence ORDER BY rowid")
        counters = [(name, seq) for name, seq in found if name in shapes and isinstance(seq, int)]
    return Schema(shapes, indexes, triggers, tuple(counters))


def _shape(connection: sqlite3.Connection, database: str, name: str, sql: str, kind: Kind, *flags: bool) -> Shape:
    if kind == "view":
        return Shape(name, kind, sql, _columns_or_none(connection, database, name))
    if kind == "virtual":
        return Shape(name, kind, sql, _columns_or_none(connection, database, name), row_number="rowid")
    without_rowid, strict = flags
    columns = _columns(connection, database, name)
    where = f"{text_of(name)}, {text_of(database)}"
    indexes = connection.execute(f"SELECT origin FROM pragma_index_list({where})").fetchall()
    keys = [each for each in columns if each.key]
    alone = len(keys) == 1 and keys[0].declared.upper() == "INTEGER" and not without_rowid
    integer_key = keys[0].name if alone and ("pk",) not in indexes else None
    names = {each.name.lower() for each in columns}
    row_number = next((each for each in _ROW_NUMBER if each not in names), None)
    return Shape(
        name,
        kind,
        sql,
        columns,
        None if without_rowid else row_number,
        integer_key,
        without_rowid,
        strict,
        indexed=bool(indexes),
        references=_references(connection, where),
    )


def _columns_or_none(connection: sqlite3.Connection, database: str, name: str) -> tuple[Column, ...]:
    """The columns of a view or virtual table; none when it is broken or its module is not there."""
    try:
        return _columns(connection, database, name)
    except sqlite3.OperationalError:
        return ()


def _columns(connection: sqlite3.Connection, database: str, name: str) -> tuple[Column, ...]:
    rows = connection.execute(
        'SELECT name, type, "notnull", dflt_value, pk, hidden '
        f"FROM pragma_table_xinfo({text_of(name)}, {text_of(database)}) WHERE hidden <> 1 ORDER BY cid"
    )
    return tuple(
        Column(column, declared, bool(required), default, key, hidden in (2, 3))
        for column, declared, required, default, key, hidden in rows
    )


def _references(connection: sqlite3.Connection, where: str) -> tuple[Reference, ...]:
    rows = connection.execute(
        f'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list({where}) ORDER BY id, seq'
    ).fetchall()
    found: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, table, column, parent in rows:
        found.setdefault(number, []).append((table, column, parent))
    return tuple(
        Reference(tuple(column for _, column, _ in each), each[0][0], tuple(parent for *_, parent in each))
        for each in found.values()
    )

"""What an SQLite file defines: tables, views, indexes, triggers, and how each table's rows are told apart."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from telemetry_store.engines.names import quoted, text_of
from telemetry_store.engines.sqlite.open import Connection, OperationalError

#: What SQLite calls the row number of a table, unless a column has that name.
_ROW_NUMBER = ("rowid", "_rowid_", "oid")
#: What `pragma_table_xinfo` says of generated columns, virtual and stored (sqlite.org/pragma.html).
_GENERATED = (2, 3)


class Kind(StrEnum):
    """What a table is, in SQLite's words."""

    TABLE = "table"
    VIEW = "view"
    VIRTUAL = "virtual"
    #: A table in which a virtual one keeps its rows.
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name, declared: name and type as they stand in CREATE TABLE.
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
    """A table or view, with the statement that makes it.

    Attributes:
        columns: those that `SELECT *` gives, in order.
        row_number: a name for SQLite's row number; None where there is none, or where columns hide it.
        integer_key: the column that is the row number, or None.
        without_rowid: as declared.
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
    indexed: bool = False
    references: tuple[Reference, ...] = ()

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns that can be written."""
        return tuple(column.name for column in self.columns if not column.generated)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key, in its order."""
        return tuple(column.name for column in sorted(self.columns, key=lambda column: column.key) if column.key)

    @property
    def copied(self) -> tuple[str, ...]:
        """The columns that a copy needs: those that can be written, and the row number where none of them is it."""
        hidden = self.integer_key is None and self.row_number is not None
        return (str(self.row_number), *self.stored) if hidden else self.stored

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
    """Everything that a file defines, in the order it was made.

    Attributes:
        shapes: name → table or view.
        indexes, triggers: without the indexes that constraints make by themselves.
        counters: table → the largest AUTOINCREMENT number it ever had.
    """

    shapes: dict[str, Shape]
    indexes: tuple[Part, ...] = ()
    triggers: tuple[Part, ...] = ()
    counters: tuple[tuple[str, int], ...] = ()

    def of_kind(self, *kinds: Kind) -> list[Shape]:
        """The tables and views of these kinds."""
        return [shape for shape in self.shapes.values() if shape.kind in kinds]

    @property
    def by_name(self) -> dict[str, Shape]:
        """Name in small letters → table or view, since SQLite does not tell capitals from them."""
        return {name.lower(): shape for name, shape in self.shapes.items()}


def read_schema(connection: Connection, database: str = "main") -> Schema:
    """What the database defines that is attached under this name.

    Raises:
        Error: it is not a database, or is damaged.
    """
    objects = connection.execute(
        f"SELECT type, name, tbl_name, sql FROM {quoted(database)}.sqlite_master "
        "WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_' ORDER BY rowid"
    ).fetchall()
    listed = connection.execute("SELECT name, type, wr FROM pragma_table_list WHERE schema = ?", (database,)).fetchall()
    kinds = {name: kind for name, kind, _ in listed}
    without_rowid = {name for name, _, without in listed if without}
    shapes = {
        name: _shape(connection, database, name, sql, Kind(kinds.get(name, kind)), without_rowid=name in without_rowid)
        for kind, name, _, sql in objects
        if kind in ("table", "view")
    }
    return Schema(
        shapes,
        tuple(Part(name, table, sql) for kind, name, table, sql in objects if kind == "index"),
        tuple(Part(name, table, sql) for kind, name, table, sql in objects if kind == "trigger"),
        _counters(connection, database, shapes) if "sqlite_sequence" in kinds else (),
    )


def _counters(connection: Connection, database: str, shapes: dict[str, Shape]) -> tuple[tuple[str, int], ...]:
    rows = connection.execute(f"SELECT name, seq FROM {quoted(database)}.sqlite_sequence ORDER BY rowid")
    return tuple((name, number) for name, number in rows if name in shapes and isinstance(number, int))


def _shape(connection: Connection, database: str, name: str, sql: str, kind: Kind, *, without_rowid: bool) -> Shape:
    place = f"{text_of(name)}, {text_of(database)}"
    if kind in (Kind.VIEW, Kind.VIRTUAL):
        columns: tuple[Column, ...] = ()
        with contextlib.suppress(OperationalError):  # it is broken, or its module is not there
            columns = _columns(connection, place)
        return Shape(name, kind, sql, columns, "rowid" if kind is Kind.VIRTUAL else None)
    columns = _columns(connection, place)
    origins = {origin for (origin,) in connection.execute(f"SELECT origin FROM pragma_index_list({place})")}
    has_key_index = "pk" in origins  # then its key is not the row number: such as INTEGER PRIMARY KEY DESC
    return Shape(
        name,
        kind,
        sql,
        columns,
        row_number=None if without_rowid else _row_number(columns),
        integer_key=None if without_rowid or has_key_index else _integer_key(columns),
        without_rowid=without_rowid,
        indexed=bool(origins),
        references=_references(connection, place),
    )


def _row_number(columns: tuple[Column, ...]) -> str | None:
    names = {column.name.lower() for column in columns}
    return next((name for name in _ROW_NUMBER if name not in names), None)


def _integer_key(columns: tuple[Column, ...]) -> str | None:
    keys = [column for column in columns if column.key]
    return keys[0].name if len(keys) == 1 and keys[0].declared.upper() == "INTEGER" else None


def _columns(connection: Connection, place: str) -> tuple[Column, ...]:
    rows = connection.execute(
        f'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo({place}) '
        "WHERE hidden <> 1 ORDER BY cid"
    )
    return tuple(
        Column(column, declared, bool(required), default, key, hidden in _GENERATED)
        for column, declared, required, default, key, hidden in rows
    )


def _references(connection: Connection, place: str) -> tuple[Reference, ...]:
    sql = f'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list({place}) ORDER BY id, seq'
    keys = [tuple(rows) for _, rows in groupby(connection.execute(sql), key=lambda row: row[0])]
    return tuple(Reference(tuple(row[2] for row in key), key[0][1], tuple(row[3] for row in key)) for key in keys)

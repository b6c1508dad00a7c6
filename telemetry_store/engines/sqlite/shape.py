"""What an SQLite file defines: tables, views, indexes, triggers, and how each table's rows are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
        kind: what it is.
        sql: the statement that makes it.
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
        return [shape for shape in self.shapes.values() if shape.kind in kinds]

    @property
    def by_name(self) -> dict[str, Shape]:
        """Name in small letters → table or view, since SQLite does not tell capitals from them."""
        return {name.lower(): shape for name, shape in self.shapes.items()}


def read_schema(connection: Connection, database: str = "main") -> Schema:
    """What a database defines.

    Args:
        connection: to it.
        database: the name it is attached under.

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
    parts = [(kind, Part(name, table, sql)) for kind, name, table, sql in objects]
    return Schema(
        shapes,
        tuple(part for kind, part in parts if kind == "index"),
        tuple(part for kind, part in parts if kind == "trigger"),
        _counters(connection, database, shapes) if "sqlite_sequence" in kinds else (),
    )


def _counters(connection: Connection, database: str, shapes: dict[str, Shape]) -> tuple[tuple[str, int], ...]:
    rows = connection.execute(f"SELECT name, seq FROM {quoted(database)}.sqlite_sequence ORDER BY rowid")
    return tuple((name, number) for name, number in rows if name in shapes and isinstance(number, int))


def _shape(connection: Connection, database: str, name: str, sql: str, kind: Kind, *, without_rowid: bool) -> Shape:
    if kind in (Kind.VIEW, Kind.VIRTUAL):
        row_number = "rowid" if kind is Kind.VIRTUAL else None
        return Shape(name, kind, sql, _columns_or_none(connection, database, name), row_number)
    columns = _columns(connection, database, name)
    where = f"{text_of(name)}, {text_of(database)}"
    origins = {origin for (origin,) in connection.execute(f"SELECT origin FROM pragma_index_list({where})")}
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
        references=_references(connection, where),
    )


def _row_number(columns: tuple[Column, ...]) -> str | None:
    names = {column.name.lower() for column in columns}
    return next((name for name in _ROW_NUMBER if name not in names), None)


def _integer_key(columns: tuple[Column, ...]) -> str | None:
    keys = [column for column in columns if column.key]
    return keys[0].name if len(keys) == 1 and keys[0].declared.upper() == "INTEGER" else None


def _columns_or_none(connection: Connection, database: str, name: str) -> tuple[Column, ...]:
    """The columns of a view or virtual table; none when it is broken or its module is not there."""
    try:
        return _columns(connection, database, name)
    except OperationalError:
        return ()


def _columns(connection: Connection, database: str, name: str) -> tuple[Column, ...]:
    rows = connection.execute(
        'SELECT name, type, "notnull", dflt_value, pk, hidden '
        f"FROM pragma_table_xinfo({text_of(name)}, {text_of(database)}) WHERE hidden <> 1 ORDER BY cid"
    )
    return tuple(
        Column(column, declared, bool(required), default, key, hidden in _GENERATED)
        for column, declared, required, default, key, hidden in rows
    )


def _references(connection: Connection, where: str) -> tuple[Reference, ...]:
    rows = connection.execute(
        f'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list({where}) ORDER BY id, seq'
    )
    keys: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, table, column, parent in rows:
        keys.setdefault(number, []).append((table, column, parent))
    return tuple(
        Reference(tuple(column for _, column, _ in key), key[0][0], tuple(parent for *_, parent in key))
        for key in keys.values()
    )

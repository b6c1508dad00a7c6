"""What tables an SQLite database has, and the statements that make and describe ours."""

from __future__ import annotations

from importlib.resources import files
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import orjson

from telemetry_store.errors import DatabaseNewer
from telemetry_store.schema import DEFAULT_INDEXES, METADATA, TIME, ColumnType, EventTable, Table
from telemetry_store.timestamps import TIME_FIELDS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

#: The migrations of the system tables, in order: name and SQL file.
MIGRATIONS = (
    ("system", "system.sql"),
    ("generations", "generations.sql"),
    ("loads", "loads.sql"),
    ("retention", "retention.sql"),
)
_SET = "telemetry_store"
#: What the names of search indexes and their triggers begin with.
SEARCH = "_search_"
#: The columns of `all_events` besides table, id and event; each is text in every table.
_SHARED = ("event_type", "agent_id", "session_id")
#: SQLite takes 500 SELECTs side by side, and 127 arguments of a function (100 before 3.8).
_MOST_ARMS, _MOST_PAIRS = 400, 50


def quoted(name: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """An SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def sql(name: str) -> str:
    """The text of one of the `.sql` files beside this module."""
    return files(__package__).joinpath("sql", name).read_text(encoding="utf-8")


def exists(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the database has a table, view, index or trigger of this name."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the system tables to this version; does nothing, and imports nothing, when they are.

    Raises:
        DatabaseNewer: migrations have been applied that this version does not know.
    """
    if pending(connection):
        _apply(connection)


def pending(connection: sqlite3.Connection) -> set[str]:
    """The migrations that are still to be applied.

    Raises:
        DatabaseNewer: migrations have been applied that this version does not know.
    """
    applied: set[str] = set()
    if exists(connection, "_sqlite_migrations"):
        rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (_SET,))
        applied = {name for (name,) in rows}
    known = {name for name, _ in MIGRATIONS}
    if applied - known:
        newer = ", ".join(sorted(applied - known))
        raise DatabaseNewer(
            f"the database has migrations this version does not know: {newer}", "upgrade telemetry-store"
        )
    return known - applied


def _apply(connection: sqlite3.Connection) -> None:
    import sqlite_utils  # 100 ms, and only needed once in the life of a database

    migrations = sqlite_utils.Migrations(_SET)
    for name, file in MIGRATIONS:

        def run(db: sqlite_utils.Database, file: str = file) -> None:
            for statement in sql(file).split(";\n"):
                if statement.strip():
                    db.execute(statement)

        migrations(name=name)(run)
    migrations.apply(sqlite_utils.Database(connection))


class Tables:
    """What one connection has read about the database's tables; it holds while nobody changes the schema.

    Attributes:
        version: of the schema when this was read.
        tables: the event tables, by name in small letters.
        keys: table → the columns of its dedupe key.
        taken: other names in small letters, and what has them: no event table can be made there.
        delicate: tables that take their rows one by one.
        searched: table → columns of its search index, once somebody has looked.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.version = connection.execute("PRAGMA schema_version").fetchone()[0]
        tables, self.keys = load_tables(connection)
        self.tables = {name.lower(): table for name, table in tables.items()}
        taken = {"all_events": "view"} | taken_names(connection, tables)
        self.taken = {name.lower(): kind for name, kind in taken.items() if name not in tables}
        self.delicate = delicate_tables(connection)
        self.searched: dict[str, tuple[str, ...]] | None = None


def load_tables(connection: sqlite3.Connection) -> tuple[dict[str, Table], dict[str, tuple[str, ...]]]:
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
        time = _time_of(columns)
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


def taken_names(connection: sqlite3.Connection, tables: Iterable[str]) -> dict[str, str]:
    """Names of views, indexes and virtual tables, and which of them each is: no event table can be made there."""
    there = {name.lower() for name in tables}
    found = connection.execute("SELECT name, type FROM sqlite_master WHERE type <> 'trigger'").fetchall()
    return {
        name: "virtual table" if kind == "table" else kind
        for name, kind in found
        if name.lower() not in there and not name.startswith(("_", "sqlite_"))
    }


def delicate_tables(connection: sqlite3.Connection) -> set[str]:
    """Tables where one statement for many rows could stop half-way: those with triggers or ON CONFLICT clauses."""
    return {
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND (sql LIKE '%CONFLICT%' "
            "OR name IN (SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, ?) <> ?))",
            (len(SEARCH), SEARCH),
        )
    }


def _time_of(columns: Mapping[str, ColumnType]) -> str | None:
    """The column that takes the time of events."""
    numbers = (None, ColumnType.INTEGER, ColumnType.REAL, ColumnType.BOOLEAN)
    return next((name for name in TIME_FIELDS if columns.get(name) not in numbers), None)


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


def create_table(connection: sqlite3.Connection, name: str, columns: Mapping[str, ColumnType]) -> None:
    """Make an own table, with its default indexes and its entries in `_tables`."""
    body = ["id INTEGER PRIMARY KEY AUTOINCREMENT"]
    body += [f"{quoted(each)} {kind}{' NOT NULL' if each == TIME else ''}" for each, kind in columns.items()]
    connection.execute(f"CREATE TABLE {quoted(name)} ({', '.join(body)})")
    describe(connection, name, "", "", "created")
    for column, kind in columns.items():
        describe(connection, name, column, kind, "created")
    add_default_indexes(connection, name, columns)


def add_column(connection: sqlite3.Connection, name: str, column: str, kind: ColumnType, *, widened: bool) -> None:
    """Add a column, or note that a whole-number column now takes fractions too.

    An INTEGER column of SQLite keeps any number exactly, so widening one needs no rewrite; `_tables` has its type.
    """
    if not widened:
        connection.execute(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)} {kind}")
    describe(connection, name, column, kind, "created")


def add_default_indexes(connection: sqlite3.Connection, name: str, columns: Iterable[str]) -> None:
    """Make those default indexes whose columns exist by now."""
    there = set(columns)
    for index in DEFAULT_INDEXES:
        if there.issuperset(index):
            add_index(connection, name, index)


def add_index(connection: sqlite3.Connection, name: str, columns: tuple[str, ...], *, unique: bool = False) -> None:
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


def put_off(connection: sqlite3.Connection, table: str, statement: str) -> None:
    """Let a statement that makes an index wait for the end of a load; an empty one begins the load of the table."""
    connection.execute('INSERT OR IGNORE INTO _loads ("table", statement) VALUES (?, ?)', (table, statement))


def describe(connection: sqlite3.Connection, table: str, column: str, kind: str, origin: str) -> None:
    """Note in `_tables` what a table or a column is; what people wrote there stays."""
    connection.execute(
        'INSERT INTO _tables ("table", "column", type, origin) VALUES (?, ?, ?, ?) '
        'ON CONFLICT ("table", "column") DO UPDATE SET type = excluded.type',
        (table, column, kind, origin),
    )


def apply_declaration(connection: sqlite3.Connection, declared: EventTable, columns: Iterable[str]) -> None:
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


def rebuild_all_events(connection: sqlite3.Connection, tables: Iterable[Table]) -> None:
    """Make the view `all_events` anew, over every event table that has a time."""
    arms = [_arm(table) for table in tables if table.time is not None]
    connection.execute("DROP VIEW IF EXISTS all_events")
    if arms:
        connection.execute("CREATE VIEW all_events AS\n" + _union(arms))


def _union(arms: list[str]) -> str:
    """All of these together, in groups where there are more than SQLite takes side by side."""
    if len(arms) > _MOST_ARMS:
        groups = [arms[place : place + _MOST_ARMS] for place in range(0, len(arms), _MOST_ARMS)]
        arms = [f"SELECT * FROM ({_union(group)})" for group in groups]
    return "\nUNION ALL\n".join(arms)


def _arm(table: Table) -> str:
    """One table's part of `all_events`; plain column names where possible, so that its indexes are used."""
    shared = ", ".join(f"{_as_text(table, column)} AS {column}" for column in _SHARED)
    number = "rowid" if table.numbered else "NULL"
    return (
        f'SELECT {quoted(str(table.time))} AS timestamp, {text_of(table.name)} AS "table", {number} AS id, '
        f"{shared}, {event_json(table)} AS event FROM {quoted(table.name)}"
    )


def event_json(table: Table) -> str:
    """SQL for the event of a row as JSON text."""
    pairs = [
        f"{text_of(name)}, {_json_value(name, kind, guarded=table.sparse)}"
        for name, kind in table.columns.items()
        if name != table.metadata
    ]
    event = "'{}'"
    for place in range(0, len(pairs), _MOST_PAIRS):
        event = f"json_patch({event}, json_object({', '.join(pairs[place : place + _MOST_PAIRS])}))"
    if table.metadata is not None:
        extra = quoted(table.metadata)
        extra = f"iif(json_valid({extra}), {extra}, '{{}}')" if table.sparse else f"coalesce({extra}, '{{}}')"
        event = f"json_patch({event}, {extra})"
    return event


def _as_text(table: Table, column: str) -> str:
    kind = table.columns.get(column)
    if kind is ColumnType.TEXT:
        return quoted(column)
    return "CAST(NULL AS TEXT)" if kind is None else f"CAST({quoted(column)} AS TEXT)"


def _json_value(name: str, kind: ColumnType, *, guarded: bool) -> str:
    """A column for JSON; in a table of others any column may hold a blob, which JSON cannot."""
    if kind is ColumnType.BOOLEAN:
        return f"json(CASE {quoted(name)} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
    if guarded or kind is ColumnType.FLEXIBLE:
        return f"iif(typeof({quoted(name)}) = 'blob', NULL, {quoted(name)})"
    return quoted(name)

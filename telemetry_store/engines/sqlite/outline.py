"""A database's tables without their rows, to try out in a copy what an import would do."""

from __future__ import annotations

from contextlib import closing

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.foreign import moment_of
from telemetry_store.engines.sqlite.open import Access, connect, translating
from telemetry_store.engines.sqlite.shape import Kind, read_schema

#: Tables that come along with their rows: what the store knows of tables, of imported files, and of itself.
_KNOWLEDGE = frozenset({"_tables", "_sources", "_sqlite_migrations"})


def copy_outline(path: str, to: str) -> None:
    """Make the tables and indexes of a database once more; views, triggers and virtual tables are left out.

    Args:
        path: of the database, which is only read.
        to: a new file.

    Raises:
        DatabaseError: by cause.
    """
    with translating(path), moment_of(path) as source, closing(connect(to, Access.CREATE)) as target:
        schema = read_schema(source)
        tables = {table.name: table for table in schema.of_kind(Kind.TABLE)}
        target.execute("BEGIN")
        indexes = [index.sql for index in schema.indexes if index.table in tables]
        for statement in (*(table.sql for table in tables.values()), *indexes):
            target.execute(statement)
        for name in sorted(tables.keys() & _KNOWLEDGE):
            marks = ", ".join("?" * len(tables[name].columns))
            rows = source.execute(f"SELECT * FROM {quoted(name)}")
            target.executemany(f"INSERT INTO {quoted(name)} VALUES ({marks})", rows)
        target.execute("COMMIT")

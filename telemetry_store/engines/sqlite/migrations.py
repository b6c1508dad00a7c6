"""The tables that the store keeps for itself, brought to this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.statements import exists, sql
from telemetry_store.errors import DatabaseNewer

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection

#: The migrations of the system tables, in order; the statements of each stand in the SQL file of this name.
_MIGRATIONS = ("system", "generations", "loads", "retention")
_SET = "telemetry_store"


def migrate(connection: Connection) -> None:
    """Bring the system tables to this version; does nothing, and imports nothing, when they are. See pending()."""
    if pending(connection):
        _apply(connection)


def pending(connection: Connection) -> set[str]:
    """The migrations that are still to be applied.

    Raises:
        DatabaseNewer: migrations have been applied that this version does not know.
    """
    applied: set[str] = set()
    if exists(connection, "_sqlite_migrations"):
        rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (_SET,))
        applied = {name for (name,) in rows}
    known = set(_MIGRATIONS)
    if newer := ", ".join(sorted(applied - known)):
        raise DatabaseNewer(
            f"the database has migrations this version does not know: {newer}", "upgrade telemetry-store"
        )
    return known - applied


def _apply(connection: Connection) -> None:
    import sqlite_utils  # 100 ms, and only needed once in the life of a database

    migrations = sqlite_utils.Migrations(_SET)
    for name in _MIGRATIONS:

        def run(db: sqlite_utils.Database, name: str = name) -> None:
            for statement in sql(f"{name}.sql").split(";\n"):
                if statement.strip():
                    db.execute(statement)

        migrations(name=name)(run)
    migrations.apply(sqlite_utils.Database(connection))

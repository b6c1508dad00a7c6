"""Indexes that wait while a table is loaded: one sort at the end costs less than a place in the tree for every row.

Which of them wait stands in `_loads`, written in the transaction that puts them off. So a load that breaks off leaves a
table without them that is otherwise whole, and whoever ends the next load makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.definitions import put_off

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection

#: Memory for sorting, in KiB; what does not fit goes through temporary files.
_SORT_KIB = 32_000


def begin_load(connection: Connection, table: str) -> bool:
    """Put off the indexes of a table of ours that has no rows, or is not there yet; False for another table."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", (table,))
    if there.fetchone() is not None:
        own = connection.execute(
            'SELECT 1 FROM _tables WHERE "table" = ? COLLATE NOCASE AND "column" = ? AND origin = ?',
            (table, "", "created"),
        )
        rows = connection.execute(f"SELECT 1 FROM {quoted(table)} LIMIT 1")
        if own.fetchone() is None or rows.fetchone() is not None:
            return False
    put_off(connection, table, "")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE "
        "AND sql LIKE 'CREATE INDEX %'",
        (table,),
    )
    for name, statement in indexes.fetchall():
        put_off(connection, table, statement.replace("CREATE INDEX ", "CREATE INDEX IF NOT EXISTS ", 1))
        connection.execute(f"DROP INDEX {quoted(name)}")
    return True


def build_index(connection: Connection) -> str | None:
    """Make one index that waits, and give its table; None when none is left, and the loads are over."""
    waiting = connection.execute(
        'SELECT "table", statement, EXISTS (SELECT 1 FROM sqlite_master WHERE type = \'table\' AND name = "table" '
        "COLLATE NOCASE) FROM _loads WHERE statement <> '' LIMIT 1"
    ).fetchone()
    if waiting is None:
        connection.execute("DELETE FROM _loads")
        return None
    table, statement, exists = waiting
    if exists:  # it may have been dropped since
        usual = connection.execute("PRAGMA cache_size").fetchone()[0]
        connection.execute(f"PRAGMA cache_size = -{_SORT_KIB}")
        connection.execute(statement)
        connection.execute(f"PRAGMA cache_size = {usual}")
    connection.execute('DELETE FROM _loads WHERE "table" = ? AND statement = ?', (table, statement))
    return str(table)

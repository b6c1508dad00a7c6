"""Full-text search: an FTS5 index beside a table, and how it follows the table.

The index of `chat` is `_search_chat`; it holds words only and reads texts from the table (external content, see
sqlite.org/fts5.html). Rows that were added since are taken in by number, many with one statement, after each batch of
the drain and in its transaction. A trigger for each new row would do the same, but a table with such triggers gets its
rows one by one. What is deleted or changed, by whomever, leaves the index through triggers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.catalogue import SEARCH

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection

#: How many rows are taken in at once.
_PORTION = 50_000


def make_index(connection: Connection, table: str, columns: tuple[str, ...]) -> None:
    """Make an empty index in place of the one that there may be, and the triggers that keep it right."""
    drop_index(connection, table)
    index = SEARCH + table
    names = ", ".join(map(quoted, columns))
    connection.execute(
        f"CREATE VIRTUAL TABLE {quoted(index)} USING fts5({names}, content={quoted(table)}, content_rowid='rowid')"
    )
    old = ", ".join(f"old.{quoted(name)}" for name in columns)
    new = ", ".join(f"new.{quoted(name)}" for name in columns)
    known = f"old.rowid <= ({_newest(index)})"
    leave = f"INSERT INTO {quoted(index)} ({quoted(index)}, rowid, {names}) VALUES ('delete', old.rowid, {old});"
    enter = f"INSERT INTO {quoted(index)} (rowid, {names}) VALUES (new.rowid, {new});"
    for event, what in (("DELETE", leave), ("UPDATE", leave + " " + enter)):
        connection.execute(
            f"CREATE TRIGGER {quoted(f'{index}_{event.lower()}')} AFTER {event} ON {quoted(table)} "
            f"WHEN {known} BEGIN {what} END"
        )


def drop_index(connection: Connection, table: str) -> None:
    """Remove a table's index, if there is one."""
    index = SEARCH + table
    for event in ("delete", "update"):
        connection.execute(f"DROP TRIGGER IF EXISTS {quoted(f'{index}_{event}')}")
    connection.execute(f"DROP TABLE IF EXISTS {quoted(index)}")


def take_in(connection: Connection, table: str, columns: tuple[str, ...]) -> int:
    """Bring the next rows that are not in the index into it; gives how many."""
    index = SEARCH + table
    names = ", ".join(map(quoted, columns))
    (newest,) = connection.execute(_newest(index)).fetchone()
    return connection.execute(
        f"INSERT INTO {quoted(index)} (rowid, {names}) SELECT rowid, {names} FROM {quoted(table)} "
        f"WHERE rowid > ? ORDER BY rowid LIMIT {_PORTION}",
        (newest,),
    ).rowcount


def missing(connection: Connection, table: str) -> int:
    """How many numbers of rows lie between the newest in the table and the newest in its index."""
    (newest,) = connection.execute(_newest(SEARCH + table)).fetchone()
    (last,) = connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {quoted(table)}").fetchone()
    return max(int(last) - int(newest), 0)


def _newest(index: str) -> str:
    return f"SELECT coalesce(max(id), 0) FROM {quoted(index + '_docsize')}"

"""What a database holds, told in a way of its own, so that tests do not trust what they test."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path


def rows(path: Path | str, sql: str) -> list[tuple]:
    """Rows of a query; a text that is not UTF-8 keeps its bytes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        return connection.execute(sql).fetchall()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def digest(path: Path | str, table: str, columns: list[str] | None = None) -> tuple[int, str]:
    """How many rows a table has, and a hash of all values with their types, sorted."""
    names = ", ".join(map(quoted, columns)) if columns else "*"
    found = sorted(repr(row) for row in rows(path, f"SELECT {names} FROM {quoted(table)}"))
    return len(found), hashlib.sha256("\n".join(found).encode("utf-8", "surrogateescape")).hexdigest()


def everything(path: Path | str) -> dict[str, object]:
    """All that a database holds: each statement of its schema, and each table's content with its row numbers."""
    with closing(sqlite3.connect(path)) as connection:
        found: dict[str, object] = {
            f"{kind} {name}": sql for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master")
        }
        tables = connection.execute(
            "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') "
            "AND name <> 'sqlite_schema'"
        ).fetchall()
    for table, without in tables:
        number = "" if without else "rowid, "
        try:
            content = rows(path, f"SELECT {number}* FROM {quoted(table)}")
        except sqlite3.OperationalError:  # a column has that name
            content = rows(path, f"SELECT * FROM {quoted(table)}")
        found[table] = sorted(map(repr, content))
    return found


def sound(path: Path | str) -> None:
    """No page, index entry or foreign key is wrong."""
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []

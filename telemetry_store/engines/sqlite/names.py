"""Names and texts in SQL: the one place that quotes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection


def quoted(name: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """An SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def exists(connection: Connection, name: str) -> bool:
    """Whether the database has a table, view, index or trigger of this name."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None

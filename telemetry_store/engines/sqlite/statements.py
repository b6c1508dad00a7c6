"""Statements that several parts of this engine need, and the SQL that stands in files of its own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection


@cache
def sql(name: str) -> str:
    """The text of one of the `.sql` files of the folder `sql`."""
    return files(__package__).joinpath("sql", name).read_text(encoding="utf-8")


def exists(connection: Connection, name: str) -> bool:
    """Whether the database has a table, view, index or trigger of this name."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None

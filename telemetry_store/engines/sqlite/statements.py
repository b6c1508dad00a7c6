"""The SQL of this engine that stands in files of its own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """The text of one of the `.sql` files of the folder `sql`."""
    return files(__package__).joinpath("sql", name).read_text(encoding="utf-8")

"""Rows of several old tables that become one table."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted

from .content import common_rows, count
from .failure import MergeFailed
from .rows import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .plan import Overlap
    from .shape import Shape

_STATEMENTS: dict[Overlap, str] = {
    "refuse": "INSERT INTO {into} ({columns}) SELECT {values} FROM {source}",
    "renumber": "INSERT INTO {into} ({columns}) SELECT {values} FROM {source}",
    "first": "INSERT INTO {into} ({columns}) SELECT {values} FROM {source} WHERE true ON CONFLICT DO NOTHING",
    "last": "INSERT OR REPLACE INTO {into} ({columns}) SELECT {values} FROM {source}",
}


def add_columns(connection: sqlite3.Connection, into: Shape, shape: Shape) -> list[str]:
    """Give a table the columns that another has besides; their types come along, constraints do not."""
    there = {each.name.lower() for each in into.columns}
    added = [each for each in shape.columns if each.name.lower() not in there and not each.generated]
    for each in added:
        connection.execute(f"ALTER TABLE {quoted(into.name)} ADD COLUMN {quoted(each.name)} {each.declared}")
    return [each.name for each in added]


def join_rows(
    connection: sqlite3.Connection, shape: Shape, source: str, into: Shape, overlap: Overlap, shifts: Mapping[str, int]
) -> None:
    """Add a table's rows to those of another.

    Args:
        connection: to both.
        shape: of the table.
        source: its name, quoted, with the database it is in.
        into: the table that gets them; it has all columns.
        overlap: what happens where a key is there already.
        shifts: column → what is added to its numbers.

    Raises:
        MergeFailed: a row is refused, or a row is not there afterwards.
    """
    target = quoted(into.name)
    before, rows = count(connection, target), count(connection, source)
    computed = {each.name.lower() for each in into.columns if each.generated}
    columns = [name for name in shape.stored if name.lower() not in computed]
    sql = _STATEMENTS[overlap].format(
        into=target, source=source, columns=listed(columns), values=listed(columns, shifts)
    )
    try:
        connection.execute(sql)
    except sqlite3.IntegrityError as error:
        raise MergeFailed(f"{into.name} cannot take the rows of {shape.name}: {error}",
                          'overlap = "first" or "last", or another name') from error  # fmt: skip
    if overlap in ("refuse", "renumber") and count(connection, target) != before + rows:
        raise MergeFailed(f"{into.name} has not got all rows of {shape.name}")
    by_key = set(shape.order) <= set(shape.stored)
    if overlap != "first" and by_key and common_rows(connection, shape, target, source, shifts) != rows:
        raise MergeFailed(f"{into.name} has not got the rows of {shape.name} as they were")


def shift_for(connection: sqlite3.Connection, shape: Shape, source: str, into: Shape) -> int:
    """What must be added to a table's keys so that all are larger than those of another."""
    sql = "SELECT coalesce(min({0}), 1), coalesce(max({0}), 0) FROM {1}"
    lowest, _ = connection.execute(sql.format(quoted(str(shape.integer_key)), source)).fetchone()
    _, highest = connection.execute(sql.format(quoted(str(into.integer_key)), quoted(into.name))).fetchone()
    return max(int(highest), 0) + max(0, 1 - int(lowest))

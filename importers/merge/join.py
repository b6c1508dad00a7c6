"""Rows of several old tables that become one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.engines.sqlite.open import Connection, IntegrityError

from .comparison import common_rows, count
from .failure import MergeFailed
from .merge_plan import Overlap
from .rows import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry_store.engines.sqlite.shape import Shape

_INSERT = "INSERT INTO {into} ({columns}) SELECT {values} FROM {source}"
#: What happens where a key is there already → the statement that does it.
_STATEMENTS = {
    Overlap.REFUSE: _INSERT,
    Overlap.RENUMBER: _INSERT,
    Overlap.FIRST: f"{_INSERT} WHERE true ON CONFLICT DO NOTHING",
    Overlap.LAST: "INSERT OR REPLACE INTO {into} ({columns}) SELECT {values} FROM {source}",
}


def add_columns(connection: Connection, into: Shape, shape: Shape) -> list[str]:
    """Give a table the columns that another has besides; their types come along, constraints do not."""
    there = {column.name.lower() for column in into.columns}
    added = [column for column in shape.columns if column.name.lower() not in there and not column.generated]
    for column in added:
        connection.execute(f"ALTER TABLE {quoted(into.name)} ADD COLUMN {quoted(column.name)} {column.declared}")
    return [column.name for column in added]


def join_rows(
    connection: Connection, shape: Shape, source: str, into: Shape, overlap: Overlap, shifts: Mapping[str, int]
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
    computed = {column.name.lower() for column in into.columns if column.generated}
    columns = [name for name in shape.stored if name.lower() not in computed]
    sql = _STATEMENTS[overlap].format(
        into=target, source=source, columns=listed(columns), values=listed(columns, shifts)
    )
    try:
        connection.execute(sql)
    except IntegrityError as error:
        raise MergeFailed(f"{into.name} cannot take the rows of {shape.name}: {error}",
                          'overlap = "first" or "last", or another name') from error  # fmt: skip
    if overlap in (Overlap.REFUSE, Overlap.RENUMBER) and count(connection, target) != before + rows:
        raise MergeFailed(f"{into.name} has not got all rows of {shape.name}")
    by_key = set(shape.order) <= set(shape.stored)
    if overlap != Overlap.FIRST and by_key and common_rows(connection, shape, target, source, shifts) != rows:
        raise MergeFailed(f"{into.name} has not got the rows of {shape.name} as they were")


def shift_for(connection: Connection, shape: Shape, source: str, into: Shape) -> int:
    """What must be added to a table's keys so that all are larger than those of another."""
    sql = "SELECT coalesce(min({0}), 1), coalesce(max({0}), 0) FROM {1}"
    lowest, _ = connection.execute(sql.format(quoted(str(shape.integer_key)), source)).fetchone()
    _, highest = connection.execute(sql.format(quoted(str(into.integer_key)), quoted(into.name))).fetchone()
    return max(int(highest), 0) + max(0, 1 - int(lowest))

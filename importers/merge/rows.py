"""Rows of one table for another: copied as they are with row numbers, keys and values, or added to those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.open import Connection, IntegrityError
from telemetry_store.engines.sqlite.shape import Kind, Schema, Shape

from .comparison import UNSHIFTED, common_rows, count, same_rows
from .failure import MergeFailed
from .merge_plan import Overlap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def copy_rows(
    connection: Connection, shape: Shape, source: str, target: str, shifts: Mapping[str, int] = UNSHIFTED
) -> bool:
    """Copy all rows of a table into an empty one of the same shape; gives whether both hold the same rows then.

    `INSERT … SELECT *` between two tables of the same form copies records and index entries as they stand, without
    taking them apart, so it is tried wherever it keeps row numbers; what it did not keep is copied again by name.

    Args:
        connection: to both.
        shape: of both.
        source: the name of the full one, quoted, with the database it is in.
        target: that of the empty one.
        shifts: column → what is added to its numbers.
    """
    if not shifts and _is_plain(connection, shape, source):
        connection.execute(f"INSERT INTO {target} SELECT * FROM {source}")
        if same_rows(connection, shape, target, source, shifts):
            return True
        connection.execute(f"DELETE FROM {target}")
    columns, values = listed(shape.copied), listed(shape.copied, shifts)
    connection.execute(f"INSERT INTO {target} ({columns}) SELECT {values} FROM {source}")
    return same_rows(connection, shape, target, source, shifts)


def listed(columns: Iterable[str], shifts: Mapping[str, int] = UNSHIFTED) -> str:
    """The columns, quoted, with what is added to some."""
    return ", ".join(f"{quoted(name)} + {shifts[name]}" if name in shifts else quoted(name) for name in columns)


def _is_plain(connection: Connection, shape: Shape, source: str) -> bool:
    """Whether `SELECT *` gives what `INSERT` takes, and keeps the row numbers."""
    if any(column.generated for column in shape.columns):
        return False
    if shape.without_rowid or shape.integer_key is not None or shape.indexed or shape.row_number is None:
        return True
    number = shape.row_number
    rows, first, last = connection.execute(f"SELECT count(*), min({number}), max({number}) FROM {source}").fetchone()
    return rows == 0 or (first, last) == (1, rows)


def shadows_of(schema: Schema, virtual: str) -> list[str]:
    """What the names of a virtual table's own tables end with."""
    owners = sorted((shape.name.lower() for shape in schema.of_kind(Kind.VIRTUAL)), key=len, reverse=True)
    shadows = [shape.name for shape in schema.of_kind(Kind.SHADOW)]
    # the longest of the names that fit: "a_b_data" belongs to "a_b" where there is also a virtual table "a"
    owner_of = {name: next((owner for owner in owners if name.lower().startswith(f"{owner}_")), "") for name in shadows}
    return [name[len(virtual) + 1 :] for name in shadows if owner_of[name] == virtual.lower()]


def set_counter(connection: Connection, table: str, number: int) -> None:
    """Let a table's AUTOINCREMENT go on after this number."""
    cursor = connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table))
    if not cursor.rowcount:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))


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
    """Add the rows of a table of this shape to those of another, which has all of its columns.

    Raises:
        MergeFailed: a row is refused, or a row is not there afterwards.
    """
    target = quoted(into.name)
    before, rows = count(connection, target), count(connection, source)
    computed = {column.name.lower() for column in into.columns if column.generated}
    columns = [name for name in shape.stored if name.lower() not in computed]
    verb = "INSERT OR REPLACE" if overlap == Overlap.LAST else "INSERT"
    end = "WHERE true ON CONFLICT DO NOTHING" if overlap == Overlap.FIRST else ""
    try:
        connection.execute(
            f"{verb} INTO {target} ({listed(columns)}) SELECT {listed(columns, shifts)} FROM {source} {end}"
        )
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

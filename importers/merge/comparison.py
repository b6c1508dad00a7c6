"""Whether two tables hold the same rows: value by value where both are at hand, else by a hash of what each holds."""

from __future__ import annotations

import hashlib
import marshal
from types import MappingProxyType
from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.catalogue import column_type
from telemetry_store.engines.sqlite.open import Connection, Cursor, OperationalError
from telemetry_store.schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from telemetry_store.engines.sqlite.shape import Shape

#: Column → by how much its numbers are larger than they were: none are.
UNSHIFTED: Mapping[str, int] = MappingProxyType({})
#: So many rows are hashed at once.
_ROWS = 1000
#: Marshal's format without references between objects, so equal rows give equal bytes.
_FORMAT = 2


def content_hash(connection: Connection, shape: Shape) -> str:
    """A hash of a table's rows: every value with its type, row numbers included, in the order of its key."""
    columns, order = (", ".join(map(quoted, names)) for names in (shape.copied, shape.order or shape.stored))
    return _over(connection, f"SELECT {columns} FROM {quoted(shape.name)} ORDER BY {order}", _hashed)


def unordered_hash(connection: Connection, shape: Shape) -> str:
    """The same whatever the order of rows; text sorts differently in another encoding."""
    columns = ", ".join(map(quoted, shape.stored))
    return _over(connection, f"SELECT {columns} FROM {quoted(shape.name)}", _summed)


def _over(connection: Connection, sql: str, judge: Callable[[Cursor], str]) -> str:
    """What the judge makes of a query's rows; text that is not UTF-8 keeps its bytes."""
    try:
        return judge(connection.execute(sql))
    except OperationalError as error:
        if "decode" not in str(error):
            raise
    before, connection.text_factory = connection.text_factory, lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        return judge(connection.execute(sql))
    finally:
        connection.text_factory = before


def _hashed(cursor: Cursor) -> str:
    digest = hashlib.blake2b(digest_size=16)
    while rows := cursor.fetchmany(_ROWS):
        digest.update(marshal.dumps(rows, _FORMAT))
    return digest.hexdigest()


def _summed(cursor: Cursor) -> str:
    total = sum(int.from_bytes(hashlib.blake2b(marshal.dumps(row, _FORMAT), digest_size=16).digest()) for row in cursor)
    return f"{total:x}"


def count(connection: Connection, table: str) -> int:
    """How many rows a table has, or tables joined; names are quoted, and may say which database."""
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(rows)


def same_rows(connection: Connection, shape: Shape, one: str, other: str, shifts: Mapping[str, int]) -> bool:
    """Whether two tables hold the same rows, compared value by value, with their types and row numbers.

    Their names are quoted, with the database they are in; the shape is that of the second, and the first has the same
    columns, with numbers that are larger by the shifts.
    """
    rows = count(connection, other)
    if count(connection, one) != rows:
        return False
    if not shape.order:
        return _same_set(connection, shape, one, other)
    return common_rows(connection, shape, one, other, shifts) == rows


def common_rows(connection: Connection, shape: Shape, one: str, other: str, shifts: Mapping[str, int]) -> int:
    """How many rows of the second table are in the first, under the same key and with equal values."""
    keys = " AND ".join(f"a.{quoted(name)} = b.{quoted(name)}{_plus(name, shifts)}" for name in shape.order)
    tests = [_same_value(column.name, column.declared, shifts) for column in shape.columns if not column.generated]
    # CROSS JOIN keeps SQLite from walking through the first table: each row of the second is looked up by its key
    return count(connection, f"{other} AS b CROSS JOIN {one} AS a ON {keys} WHERE {' AND '.join(tests)}")


def _plus(column: str, shifts: Mapping[str, int]) -> str:
    return f" + {shifts[column]}" if shifts.get(column) else ""


def _same_value(name: str, declared: str, shifts: Mapping[str, int]) -> str:
    """A test that is true for equal values; where a column may hold 1 and 1.0, for equal types too."""
    column = quoted(name)
    test = f"a.{column} COLLATE BINARY IS b.{column}{_plus(name, shifts)}"
    if column_type(declared) is ColumnType.FLEXIBLE:
        test += f" AND typeof(a.{column}) = typeof(b.{column})"
    return test


def _same_set(connection: Connection, shape: Shape, one: str, other: str) -> bool:
    """The same for tables whose rows cannot be told apart: each distinct row stands as often in both."""
    columns = ", ".join(f"{quoted(name)} COLLATE BINARY" for name in shape.stored)
    kinds = ", ".join(f"typeof({quoted(name)})" for name in shape.stored)
    groups = "SELECT {0}, {1}, count(*) FROM {2} GROUP BY {0}, {1}"
    sql = f"{groups.format(columns, kinds, one)} EXCEPT {groups.format(columns, kinds, other)} LIMIT 1"
    return connection.execute(sql).fetchone() is None

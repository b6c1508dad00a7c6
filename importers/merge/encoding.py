"""Old databases whose text is stored as UTF-16: made anew as UTF-8, since SQLite attaches only what is alike."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted

from .content import unordered_hash
from .failure import MergeFailed
from .rows import set_counter, with_row_number
from .shape import read_schema
from .source import uri

if TYPE_CHECKING:
    from .shape import Shape


def in_utf8(path: str, new: str) -> str:
    """A copy whose text is UTF-8.

    Args:
        path: a copy that nobody writes to.
        new: where to make the other one, if one is needed.

    Returns:
        The path of the one to use.

    Raises:
        MergeFailed: a row is not the same there.
    """
    with contextlib.closing(sqlite3.connect(uri(path, "immutable=1"), uri=True, isolation_level=None)) as old:
        (encoding,) = old.execute("PRAGMA encoding").fetchone()
        if encoding == "UTF-8":
            return path
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as made:
            made.execute("PRAGMA foreign_keys = 0")
            made.execute("PRAGMA synchronous = OFF")
            made.execute("BEGIN")
            _convert(old, made)
            made.execute("COMMIT")
    return new


def _convert(old: sqlite3.Connection, made: sqlite3.Connection) -> None:
    schema = read_schema(old)
    for shape in schema.of_kind("table", "virtual"):
        made.execute(shape.sql)
    for shape in schema.of_kind("shadow"):
        made.execute(f"DELETE FROM {quoted(shape.name)}")
    for shape in schema.of_kind("table", "shadow"):
        _copy(old, made, shape)
    for part in schema.indexes:
        made.execute(part.sql)
    for table, number in schema.counters:
        set_counter(made, table, number)


def _copy(old: sqlite3.Connection, made: sqlite3.Connection, shape: Shape) -> None:
    columns = with_row_number(shape)
    names = ", ".join(map(quoted, columns))
    marks = ", ".join("?" * len(columns))
    rows = old.execute(f"SELECT {names} FROM {quoted(shape.name)}")
    made.executemany(f"INSERT INTO {quoted(shape.name)} ({names}) VALUES ({marks})", rows)
    if unordered_hash(old, shape) != unordered_hash(made, shape):
        raise MergeFailed(f"the text of {shape.name} is not the same in UTF-8", "convert the file by hand")

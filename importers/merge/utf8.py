"""Old databases whose text is stored as UTF-16: made anew as UTF-8, since SQLite attaches only what is alike."""

from __future__ import annotations

import contextlib

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.open import Access, Connection, connect
from telemetry_store.engines.sqlite.shape import Kind, Shape, read_schema

from .comparison import unordered_hash
from .failure import MergeFailed
from .rows import listed, set_counter


def in_utf8(path: str, new: str) -> str:
    """The path of a copy whose text is UTF-8: of this one, which nobody writes to, or of a new one.

    Raises:
        MergeFailed: a row is not the same there.
    """
    with contextlib.closing(connect(path, Access.IMMUTABLE)) as old:
        (encoding,) = old.execute("PRAGMA encoding").fetchone()
        if encoding == "UTF-8":
            return path
        with contextlib.closing(connect(new, Access.CREATE)) as target:
            target.execute("PRAGMA foreign_keys = 0")
            target.execute("PRAGMA synchronous = OFF")
            target.execute("BEGIN")
            _convert(old, target)
            target.execute("COMMIT")
    return new


def _convert(old: Connection, target: Connection) -> None:
    schema = read_schema(old)
    for shape in schema.of_kind(Kind.TABLE, Kind.VIRTUAL):
        target.execute(shape.sql)
    for shape in schema.of_kind(Kind.SHADOW):  # a new virtual table fills its own tables
        target.execute(f"DELETE FROM {quoted(shape.name)}")
    for shape in schema.of_kind(Kind.TABLE, Kind.SHADOW):
        _copy(old, target, shape)
    for index in schema.indexes:
        target.execute(index.sql)
    for table, number in schema.counters:
        set_counter(target, table, number)


def _copy(old: Connection, target: Connection, shape: Shape) -> None:
    columns, marks = listed(shape.copied), ", ".join("?" * len(shape.copied))
    rows = old.execute(f"SELECT {columns} FROM {quoted(shape.name)}")
    target.executemany(f"INSERT INTO {quoted(shape.name)} ({columns}) VALUES ({marks})", rows)
    if unordered_hash(old, shape) != unordered_hash(target, shape):
        raise MergeFailed(f"the text of {shape.name} is not the same in UTF-8", "convert the file by hand")

"""Whether a database that a rehearsal has filled is sound; it is read afresh, by a connection of its own."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.open import Access, Connection, Error, connect
from telemetry_store.engines.sqlite.shape import read_schema

from .comparison import count
from .failure import MergeFailed
from .journal import MergedKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telemetry_store.engines.sqlite.shape import Part

    from .rehearse import Rehearsed

#: What stands in CREATE VIRTUAL TABLE of an index that can check itself.
_FULL_TEXT = re.compile("fts[45]", re.IGNORECASE)
_HINT = "repair the old file first: REINDEX, or .recover of the sqlite3 shell"


def check(rehearsed: Rehearsed) -> None:
    """Check what was made: the structure of pages, the number of entries of each index, the full-text indexes.

    Raises:
        MergeFailed: something is wrong; index entries are copied as they stand, so it comes from an old file.
    """
    record = rehearsed.record
    # what was there before the rehearsal is not in question
    filled = [table.name for table in record.tables if table.kind is MergedKind.TABLE]
    filled += [f"{name}_{end}" for name, ends in rehearsed.shadows.items() for end in ends]
    with _reading(record.rehearsal) as connection:
        schema = read_schema(connection)
        for name in filled:
            _expect_ok(connection, f"PRAGMA quick_check({quoted(name)})")
        for index in schema.indexes:
            if index.name in record.indexes and " WHERE " not in index.sql.upper():
                _check_index(connection, index)
    full_text = [name for name in rehearsed.shadows if _FULL_TEXT.search(schema.shapes[name].sql)]
    if full_text:
        _check_full_text(record.rehearsal, full_text)


def _check_index(connection: Connection, index: Part) -> None:
    """An index of all rows must have one entry for each."""
    rows = count(connection, f"{quoted(index.table)} NOT INDEXED")
    # count(*) would be free to count something else
    sql = f"SELECT coalesce(sum(1), 0) FROM {quoted(index.table)} INDEXED BY {quoted(index.name)}"
    if (rows,) != connection.execute(sql).fetchone():
        raise MergeFailed(f"the index {index.name} has not one entry for each of {rows} rows", _HINT)


def check_entries(copy: str) -> None:
    """Compare every index entry with its row, or raise MergeFailed; this takes longer than the merge itself."""
    with _reading(copy) as connection:
        _expect_ok(connection, "PRAGMA integrity_check(1)")


@contextlib.contextmanager
def _reading(copy: str) -> Iterator[Connection]:
    with contextlib.closing(connect(copy, Access.IMMUTABLE)) as connection:
        connection.execute("PRAGMA cache_size = -64000")
        yield connection


def _expect_ok(connection: Connection, sql: str) -> None:
    (verdict,) = connection.execute(sql).fetchone()
    if verdict != "ok":
        raise MergeFailed(f"the rehearsal is not sound: {verdict}", _HINT)


def _check_full_text(copy: str, names: Iterable[str]) -> None:
    """Full-text indexes must agree with the rows that they are for."""
    with contextlib.closing(connect(copy, Access.WRITE)) as connection:
        for name in names:
            try:
                connection.execute(f"INSERT INTO {quoted(name)} ({quoted(name)}) VALUES ('integrity-check')")
            except Error as error:
                message = f"the full-text index {name} does not agree with its rows: {error}"
                raise MergeFailed(message, "rebuild it in its own file first") from error

"""Rows into a Parquet file, some at a time."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from telemetry_store.errors import UsageError
from telemetry_store.result import arrow_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Rows that are converted together; one row group each.
_GROUP = 50_000


def write_parquet(path: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows, the values of each in the order of the columns; the types are those of the first rows.

    Returns:
        How many rows.

    Raises:
        UsageError: pyarrow is not installed, or a column holds values that its type cannot.
    """
    arrow_table({})  # says so when pyarrow is not installed
    import pyarrow as pa
    from pyarrow import parquet

    rows = iter(rows)
    table = _table(columns, rows)
    # A column that is null so far becomes text, which takes most of what may come.
    schema = pa.schema(
        [pa.field(field.name, pa.string() if pa.types.is_null(field.type) else field.type) for field in table.schema]
    )
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        while table.num_rows:
            try:
                writer.write_table(table.cast(schema))
            except pa.ArrowException as error:
                raise UsageError(f"a column holds values of several kinds: {error}", "use --sql with CAST") from error
            count += table.num_rows
            table = _table(columns, rows)
    return count


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    group = list(islice(rows, _GROUP))
    return arrow_table({name: [row[place] for row in group] for place, name in enumerate(columns)})

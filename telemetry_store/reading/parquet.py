"""Rows into a Parquet file, some at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telemetry_store.errors import UsageError
from telemetry_store.result import arrow_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_GROUP = 50_000


def write_parquet(path: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows; the types are those of the first ones.

    Args:
        path: of the file.
        columns: names.
        rows: values in that order.

    Returns:
        How many rows.

    Raises:
        UsageError: pyarrow is not installed, or a column holds values that its type cannot.
    """
    arrow_table((), {})  # says so when pyarrow is not installed
    from pyarrow import parquet

    writer = None
    count = 0
    group: list[Sequence[Any]] = []
    try:
        for row in rows:
            group.append(row)
            if len(group) == _GROUP:
                writer = _write(parquet, writer, path, columns, group)
                count += len(group)
                group.clear()
        if group or writer is None:
            writer = _write(parquet, writer, path, columns, group)
    finally:
        if writer is not None:
            writer.close()
    return count + len(group)


def _write(parquet: Any, writer: Any, path: str, columns: Sequence[str], group: list[Sequence[Any]]) -> Any:
    import pyarrow as pa

    values = {name: [row[place] for row in group] for place, name in enumerate(columns)}
    table = arrow_table(columns, values)
    if writer is None:
        fields = [
            pa.field(field.name, pa.string() if pa.types.is_null(field.type) else field.type) for field in table.schema
        ]
        writer = parquet.ParquetWriter(path, pa.schema(fields))
    try:
        writer.write_table(table.cast(writer.schema))
    except pa.ArrowException as error:
        raise UsageError(f"a column holds values of several kinds: {error}", "use --sql with CAST") from error
    return writer

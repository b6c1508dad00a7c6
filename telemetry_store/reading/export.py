"""Rows out of the database into files, some at a time: JSON lines as events were recorded, CSV, Parquet."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import sys
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from telemetry_store.errors import UsageError
from telemetry_store.event import dumps
from telemetry_store.result import arrow_table
from telemetry_store.timestamps import TIME_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from telemetry_store.selection import StoredEvent

#: Rows of a Parquet file that are converted together; one row group each.
_GROUP = 50_000
#: How a file is written, by the ending of its name, after which another says how it is packed.
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
_PACKED = (".gz", ".zst")
#: The path that means standard output.
STANDARD_OUTPUT = "-"


def format_of(path: str) -> str:
    """How a file is written, by its name: "jsonl", "csv" or "parquet".

    Raises:
        UsageError: the name does not say.
    """
    name, ending = os.path.splitext(path)
    if ending in _PACKED:
        name, ending = os.path.splitext(name)
    if path == STANDARD_OUTPUT:
        return "jsonl"
    if ending not in _SUFFIXES or (ending == ".parquet" and path.endswith(_PACKED)):
        raise UsageError(f"{path} does not say how to write it", "use .jsonl, .csv (also .gz, .zst) or .parquet")
    return _SUFFIXES[ending]


def event_line(event: Mapping[str, Any]) -> str:
    """An event as a line of JSON: its time first, then its fields by name, so that equal events are equal lines."""
    names = [name for name in TIME_FIELDS if name in event] + sorted(event.keys() - set(TIME_FIELDS))
    return dumps({name: event[name] for name in names}) + "\n"


def stamped(stored: StoredEvent) -> dict[str, Any]:
    """The event with the time that the store gave it, where it had none of its own."""
    has_time = any(name in stored.event for name in TIME_FIELDS)
    return stored.event if has_time or not stored.timestamp else {"timestamp": stored.timestamp, **stored.event}


@contextlib.contextmanager
def text_file(path: str) -> Iterator[IO[str]]:
    """A text file for writing, packed by its name's ending; it takes its name when it is complete.

    The path "-" is standard output.
    """
    if path == STANDARD_OUTPUT:
        yield sys.stdout
        return
    partial = f"{path}.part"
    try:
        with contextlib.ExitStack() as stack:
            raw = stack.enter_context(open(partial, "wb"))
            packed = stack.enter_context(_packed(raw, path))
            yield stack.enter_context(io.TextIOWrapper(packed, encoding="utf-8", newline=""))
        os.replace(partial, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)


def _packed(raw: IO[bytes], path: str) -> Any:
    if path.endswith(".gz"):
        return gzip.GzipFile(fileobj=raw, mode="wb", mtime=0)
    if path.endswith(".zst"):
        try:
            import zstandard
        except ImportError as error:
            raise UsageError("zstandard is not installed", "pip install 'telemetry-store[zstd]'") from error
        return zstandard.ZstdCompressor().stream_writer(raw, closefd=False)
    return contextlib.nullcontext(raw)


def write_lines(file: IO[str], lines: Iterable[str]) -> int:
    """Write lines; gives how many."""
    return sum(1 for _ in map(file.write, lines))


def write_csv(file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a header and rows; gives how many rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    return sum(1 for _ in map(writer.writerow, rows))


def write_rows(path: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write the rows of a query in the form that the file's name says; gives how many.

    Raises:
        UsageError: the name does not say, or a library is missing.
    """
    form = format_of(path)
    if form == "parquet":
        return write_parquet(path, columns, rows)
    with text_file(path) as file:
        if form == "csv":
            return write_csv(file, columns, rows)
        return write_lines(file, (dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows))


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

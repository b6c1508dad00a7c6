"""Old rows in Parquet files: `table=NAME/month=YYYY-MM/….parquet`, which DuckDB, pandas and others read directly.

A column has the type that the table has for it. What that type cannot give back exactly stands in the column `_exact`,
a JSON object by column, so that reading a file gives the rows as the table gave them. Needs pyarrow, which is loaded
when it is first used; it holds no SQLite of its own.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any

import orjson

from telemetry_store.errors import ArchiveDamaged, UsageError
from telemetry_store.schema import ColumnType
from telemetry_store.segment import sync_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from telemetry_store.engines.abilities import NumberedRow

#: The column of what its own column cannot hold exactly.
EXACT = "_exact"
SUFFIX = ".parquet"
PARTIAL = ".partial"
#: Rows that are converted together; one row group each.
GROUP = 50_000
#: Under this key the metadata of a file have its Layout.
_LAYOUT = b"telemetry_store"
#: The type of the values that a column holds exactly, and Arrow's name of the column's type.
_TYPES: dict[ColumnType, tuple[type, str]] = {
    ColumnType.TEXT: (str, "string"),
    ColumnType.INTEGER: (int, "int64"),
    ColumnType.REAL: (float, "double"),
    ColumnType.BOOLEAN: (int, "bool"),
    ColumnType.NUMERIC: (float, "double"),
    ColumnType.FLEXIBLE: (str, "string"),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file, as it says itself: the row number's name, and the table's columns in order with types."""

    number: str
    kinds: dict[str, ColumnType]

    def names(self) -> list[str]:
        """All names, the row number's first."""
        return [self.number, *self.kinds]


@dataclass(frozen=True, slots=True)
class Written:
    """What is in a file: how many rows, and the SHA-256 of them in their order."""

    rows: int
    content_hash: str


def require() -> None:
    """Raise UsageError where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError("an archive needs pyarrow", "pip install 'telemetry-store[archive]'") from error


def relative_name(table: str, month: str, name: str) -> str:
    """The path of a file within the archive."""
    return os.path.join(f"table={table}", f"month={month}", name + SUFFIX)


def files(folder: str) -> list[str]:
    """Every complete file of an archive, as a path within it."""
    paths = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
    return sorted(os.path.relpath(path, folder) for path in paths if path.endswith(SUFFIX))


def table_of(relative: str) -> str:
    """The table whose rows a file of an archive holds."""
    return relative.split(os.sep, 1)[0].removeprefix("table=")


class Digest:
    """The SHA-256 of rows, whatever the portions they come in."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.rows = 0

    def add(self, rows: Sequence[NumberedRow]) -> None:
        """Take in some rows."""
        self._hash.update(row_bytes(rows))
        self.rows += len(rows)

    def written(self) -> Written:
        """What was taken in."""
        return Written(self.rows, self._hash.hexdigest())


def row_bytes(rows: Sequence[NumberedRow]) -> bytes:
    """Rows as JSON text; two rows have the same only if all their values have the same type and value."""
    if not rows:
        return b""
    try:
        return orjson.dumps(rows, default=_jsonable)[1:-1] + b","
    except TypeError:  # lone surrogates: only the rows that have them are written the other way
        if len(rows) == 1:
            return json.dumps(rows[0], default=_jsonable).encode() + b","
        return b"".join(row_bytes([row]) for row in rows)


def _jsonable(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(f"not a value of a table: {type(value).__name__}")


def write(path: str, layout: Layout, portions: Iterable[list[NumberedRow]]) -> Written:
    """Write rows to a new file, under a temporary name until it is on the disk and was read back.

    Args:
        path: its name.
        layout: of the rows.
        portions: rows, in portions of at most GROUP.

    Raises:
        ArchiveDamaged: what was read back is not what was written; the file is removed.
        OSError: the disk refuses.
    """
    import pyarrow.parquet as pq

    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    partial, digest = path + PARTIAL, Digest()
    try:
        with open(partial, "wb") as file:
            with pq.ParquetWriter(file, schema(layout), compression="zstd") as writer:
                for rows in portions:
                    digest.add(rows)
                    writer.write_batch(batch(layout, rows), row_group_size=GROUP)
            file.flush()
            os.fsync(file.fileno())
        written = digest.written()
        verify(partial, written)
        os.rename(partial, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
    for place in (folder, os.path.dirname(folder), os.path.dirname(os.path.dirname(folder))):
        sync_directory(place)
    return written


def remove(path: str) -> None:
    """Delete a file that does not count yet, and the half of it."""
    for name in (path, path + PARTIAL):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def verify(path: str, expected: Written) -> None:
    """Read a file and compare the number and the hash of its rows.

    Raises:
        ArchiveDamaged: they differ, or it cannot be read.
    """
    if (held := content(path)) != expected:
        raise ArchiveDamaged(f"{path} holds {held}, not {expected}", "nothing was deleted on its account")


def content(path: str) -> Written:
    """What is in a file; raises ArchiveDamaged as read() does."""
    digest = Digest()
    for rows in read(path):
        digest.add(rows)
    return digest.written()


def read(path: str) -> Iterator[list[NumberedRow]]:
    """The rows of a file, as the table gave them, in portions.

    Raises:
        ArchiveDamaged: it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            layout = layout_of(file.schema_arrow)
            for part in file.iter_batches(GROUP):
                yield _rows(layout, part)
    except (pa.ArrowException, OSError) as error:
        raise ArchiveDamaged(f"{path} cannot be read: {error}", "nothing was deleted on its account") from error


def layout_of(arrow: Any) -> Layout:
    """The columns that a file says it has."""
    number, kinds = orjson.loads(arrow.metadata[_LAYOUT])
    return Layout(number, {name: ColumnType(kind) for name, kind in kinds})


def schema(layout: Layout) -> Any:
    """The Arrow schema of rows."""
    import pyarrow as pa

    columns = [(name, _TYPES[kind][1]) for name, kind in layout.kinds.items()]
    text = orjson.dumps([layout.number, list(layout.kinds.items())])
    return pa.schema([(layout.number, "int64"), *columns, (EXACT, "string")], metadata={_LAYOUT: text})


def batch(layout: Layout, rows: Sequence[NumberedRow]) -> Any:
    """Rows as one Arrow batch."""
    import pyarrow as pa

    columns = zip([ColumnType.INTEGER, *layout.kinds.values()], layout.names(), zip(*rows, strict=True), strict=True)
    odd: dict[int, dict[str, Any]] = {}
    arrays = [_array(kind, name, values, odd) for kind, name, values in columns]
    exact = [json.dumps(odd[place], default=_jsonable) if place in odd else None for place in range(len(rows))]
    return pa.record_batch([*arrays, pa.array(exact, pa.string())], schema=schema(layout))


def _array(kind: ColumnType, name: str, values: tuple[Any, ...], odd: dict[int, dict[str, Any]]) -> Any:
    """One column; what it cannot hold exactly goes into `odd`, by its place."""
    import pyarrow as pa

    python, arrow = _TYPES[kind]
    if set(map(type, values)) <= {python, NoneType}:  # the quick way, for a column of one type
        try:
            if kind is not ColumnType.BOOLEAN:
                return pa.array(values, arrow)
            if set(values) <= {0, 1, None}:
                return pa.array(values, pa.int8()).cast(pa.bool_())
        except (pa.ArrowInvalid, UnicodeEncodeError):
            pass
    plain = []
    for place, value in enumerate(values):
        if value is None or _fits(kind, value):
            plain.append(bool(value) if kind is ColumnType.BOOLEAN and value is not None else value)
        else:  # an integer in a column of floats has a nearest value there, and nothing else has
            plain.append(float(value) if python is float and isinstance(value, int) else None)
            odd.setdefault(place, {})[name] = value
    return pa.array(plain, arrow)


def _fits(kind: ColumnType, value: Any) -> bool:
    if type(value) is not _TYPES[kind][0]:
        return False
    if kind is ColumnType.BOOLEAN:
        return value in (0, 1)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return True


def _rows(layout: Layout, part: Any) -> list[NumberedRow]:
    values = [part.column(name).to_pylist() for name in layout.names()]
    for place, kind in enumerate(layout.kinds.values(), start=1):
        if kind is ColumnType.BOOLEAN:
            values[place] = [None if value is None else int(value) for value in values[place]]
    exact = part.column(EXACT)
    if exact.null_count < len(exact):
        for place, text in enumerate(exact.to_pylist()):
            for name, value in (json.loads(text) if text else {}).items():
                values[layout.names().index(name)][place] = _value(value)
    return list(zip(*values, strict=True))


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value

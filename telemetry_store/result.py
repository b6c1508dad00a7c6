"""What a query returns: a list of dictionaries that can also become a data frame."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from telemetry_store.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Result(list[dict[str, Any]]):
    """The rows of a query, one dictionary each; `columns` has their names, also when there are no rows.

    `to_pandas`, `to_polars` and `to_arrow` raise UsageError where that library is not installed.

    Args:
        columns: the names, in order.
        rows: the values of each row, in that order.
    """

    def __init__(self, columns: Sequence[str] = (), rows: Iterable[Sequence[Any]] = ()) -> None:
        self.columns = tuple(columns)
        super().__init__(dict(zip(self.columns, row, strict=True)) for row in rows)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`."""
        return _library("pandas").DataFrame(self._by_column(), columns=list(self.columns))

    def to_polars(self) -> Any:
        """A `polars.DataFrame`."""
        return _library("polars").DataFrame(self._by_column(), strict=False)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`; a column that holds values of several kinds becomes text."""
        return arrow_table(self._by_column())

    def _by_column(self) -> dict[str, list[Any]]:
        return {name: [row[name] for row in self] for name in self.columns}


def arrow_table(values: Mapping[str, list[Any]]) -> Any:
    """An Arrow table of columns by name, in their order; see Result.to_arrow()."""
    arrow = _library("pyarrow")
    return arrow.table({name: _arrow_array(arrow, column) for name, column in values.items()})


def _arrow_array(arrow: Any, values: list[Any]) -> Any:
    try:
        return arrow.array(values)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, OverflowError):
        return arrow.array([None if value is None else _text(value) for value in values], arrow.string())


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = "'telemetry-store[arrow]'" if name == "pyarrow" else name
        raise UsageError(f"{name} is not installed", f"pip install {package}") from error

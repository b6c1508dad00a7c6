"""Conditions such as `agent_id=agent_3` or `confidence<0.5`, and their SQL for each table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite.catalogue import quoted
from telemetry_store.errors import UsageError
from telemetry_store.schema import ColumnType

if TYPE_CHECKING:
    from telemetry_store.schema import Table

_FORM = re.compile(r"\s*([^=!<>~]+?)\s*(!=|>=|<=|=|<|>|~)(.*)", re.DOTALL)
_TRUTH = {"true": 1, "false": 0}


@dataclass(frozen=True, slots=True)
class Condition:
    """One field compared with one value.

    Attributes:
        field: of the event.
        operator: "=", "!=", "<", "<=", ">", ">=", or "~" for "contains".
        value: as text; it is compared as a number with columns of numbers.
    """

    field: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """The condition that a text such as `agent_id=agent_3` stands for.

        Raises:
            UsageError: it is none.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(f"{text!r} is not a condition", "use FIELD=VALUE; also !=, <, <=, >, >= and ~ (contains)")
        return cls(*match.groups())

    def sql(self, table: Table) -> tuple[str, list[Any]] | None:
        """SQL that is true for rows of this table, and its parameters; None when no row of it has such a field."""
        kind = table.columns.get(self.field)
        if self.field == table.metadata or (kind is None and table.metadata is None):
            return None
        if kind is ColumnType.TEXT or (kind is not None and table.metadata is None):
            return self._compared(quoted(self.field), self._value(kind))
        path = '$."' + self.field.replace('"', '\\"') + '"'
        inside = f"json_extract({quoted(str(table.metadata))}, ?)"
        if kind is None:
            sql, values = self._compared(f"CAST({inside} AS TEXT)", self.value)
            return sql, [path, *values]
        sql, values = self._compared(quoted(self.field), self._value(kind))
        return sql, values

    def _value(self, kind: ColumnType | None) -> Any:
        if kind is ColumnType.BOOLEAN:
            return _TRUTH.get(self.value.lower(), self.value)
        if kind in (ColumnType.TEXT, None):
            return self.value
        try:
            number = float(self.value)
        except ValueError:
            return self.value
        return int(number) if number.is_integer() and abs(number) < 1 << 53 else number

    def _compared(self, left: str, value: Any) -> tuple[str, list[Any]]:
        if self.operator == "~":
            return f"instr(lower({left}), lower(?)) > 0", [self.value]
        if self.operator == "!=":
            return f"{left} IS NOT ?", [value]
        return f"{left} {self.operator} ?", [value]

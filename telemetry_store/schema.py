"""Tables: what a column may hold, what a declared table promises, and how an event becomes a row and comes back.

A row holds the event's scalars in columns and everything else in `metadata_json` under its own key. Reading it back is
one rule: the columns, overlaid by `metadata_json`, without what is null. So a null in `metadata_json` hides a column,
which is how a row says that its time was not a field of the event.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

import orjson

from telemetry_store.errors import DeclarationError, TableNameError
from telemetry_store.event import dumps

if TYPE_CHECKING:
    from collections.abc import Mapping

TIME = "timestamp"
METADATA = "metadata_json"
#: Names that an own table needs for itself, or that SQLite would take for its row number.
RESERVED = frozenset({"id", TIME, METADATA, "rowid", "oid", "_rowid_"})
#: Columns that keys may add to a table.
MOST_COLUMNS = 64
DEFAULT_INDEXES = (("timestamp",), ("agent_id", "timestamp"), ("event_type", "timestamp"), ("session_id", "timestamp"))
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_TABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}", re.ASCII)

NewKeys = Literal["evolve", "overflow", "freeze"]


class ColumnType(StrEnum):
    """What a column holds; FLEXIBLE and NUMERIC are only met in tables that others have made."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    REAL = "REAL"
    BOOLEAN = "BOOLEAN"
    NUMERIC = "NUMERIC"
    FLEXIBLE = "BLOB"


_OF_VALUE = {str: ColumnType.TEXT, int: ColumnType.INTEGER, float: ColumnType.REAL, bool: ColumnType.BOOLEAN}
_OF_ANNOTATION = {kind.__name__: column for kind, column in _OF_VALUE.items()}
_WHOLE = frozenset({ColumnType.INTEGER, ColumnType.NUMERIC, ColumnType.FLEXIBLE})
_FRACTIONAL = frozenset({ColumnType.REAL, ColumnType.NUMERIC, ColumnType.FLEXIBLE})
_INT64 = 1 << 63
#: Up to here a REAL holds every integer exactly.
EXACT_IN_REAL = 1 << 53


def type_of(value: object) -> ColumnType | None:
    """The column type that a JSON scalar starts, or None for null and nested values."""
    return _OF_VALUE.get(type(value))


def fits(column: ColumnType, value: Any) -> bool:
    """Tell whether a column can give this JSON scalar back exactly as it is."""
    kind = type(value)
    if kind is str:
        if "\0" in value or not _is_utf8(value):
            return False
        if column is ColumnType.NUMERIC:  # SQLite makes numbers of texts that look like some
            return not _looks_numeric(value)
        return column is ColumnType.TEXT or column is ColumnType.FLEXIBLE
    if kind is bool:
        return column is ColumnType.BOOLEAN
    if kind is int:
        if column is ColumnType.REAL:
            return bool(abs(value) <= EXACT_IN_REAL)
        return column in _WHOLE and -_INT64 <= value < _INT64
    if kind is float:
        # SQLite makes an integer of a whole one of up to 64 bits, where the column was, or may be, one of integers
        whole = column is not ColumnType.FLEXIBLE and EXACT_IN_REAL < abs(value) < _INT64
        return math.isfinite(value) and column in _FRACTIONAL and not whole
    return False


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _looks_numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_identifier(name: str) -> bool:
    """Tell whether a key may become a column."""
    return _IDENTIFIER.fullmatch(name) is not None


def check_table_name(name: object) -> str:
    """The name itself, when it can be a table's.

    Raises:
        TableNameError: it cannot.
    """
    if not isinstance(name, str) or not _TABLE.fullmatch(name) or name.lower().startswith("sqlite_"):
        raise TableNameError(
            f"{name!r} cannot be a table name",
            "use 1 to 63 letters, digits and underscores, beginning with a letter, such as permission_events",
        )
    return name


@dataclass(frozen=True, slots=True)
class EventTable:
    """A declared table: what its events must and may have.

    Args:
        columns: column name → "TEXT", "INTEGER", "REAL" or "BOOLEAN"; `id`, `timestamp` and `metadata_json` are there
            anyway.
        required: fields that record() insists on; an event without them raises EventError.
        indexes: further indexes, each a tuple of columns.
        dedupe_key: columns whose values identify an event; a later event with equal values is counted, not stored.
        new_keys: what happens to a field that has no column: "evolve" adds one, "overflow" keeps it in
            `metadata_json`, "freeze" puts the event into `_rejects`. None: evolve for tables of this store, overflow
            for tables that existed before.
        doc: what the table means, in a sentence.

    Raises:
        TableNameError, DeclarationError: a name or type makes no sense.
    """

    name: str
    columns: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    dedupe_key: tuple[str, ...] = ()
    new_keys: NewKeys | None = None
    doc: str = ""

    def __post_init__(self) -> None:
        check_table_name(self.name)
        put = object.__setattr__
        put(self, "required", _tuple(self.required))
        put(self, "dedupe_key", _tuple(self.dedupe_key))
        put(self, "indexes", tuple(_tuple(index) for index in self.indexes))
        put(self, "columns", {name: str(kind).upper() for name, kind in self.columns.items()})
        for name, kind in self.columns.items():
            if not is_identifier(name) or name.lower() in RESERVED - {TIME}:
                raise DeclarationError(f"{self.name}: {name!r} cannot be a declared column")
            if kind not in _OF_ANNOTATION.values():
                raise DeclarationError(f"{self.name}.{name}: no such type {kind!r}", "TEXT, INTEGER, REAL or BOOLEAN")
        known = {*self.columns, TIME}
        for name in (*self.dedupe_key, *(column for index in self.indexes for column in index)):
            if name not in known:
                raise DeclarationError(f"{self.name}: {name!r} is used as a key but not declared as a column")
        if self.new_keys not in (None, "evolve", "overflow", "freeze"):
            raise DeclarationError(f"{self.name}: new_keys is evolve, overflow or freeze, not {self.new_keys!r}")

    @classmethod
    def of(cls, declared: EventTable | type, name: str | None = None) -> EventTable:
        """The declaration that a dataclass makes: its fields are columns, those without a default are required.

        Args:
            declared: an EventTable, which is returned as it is, or a dataclass.
            name: the table's name; for a dataclass its `__table__`, else its own name in snake case.

        Raises:
            DeclarationError: it is neither.
        """
        if isinstance(declared, EventTable):
            return declared
        if not (isinstance(declared, type) and is_dataclass(declared)):
            raise DeclarationError(f"cannot declare {declared!r}", "pass an EventTable or a dataclass")
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", declared.__name__).lower()
        columns, required = {}, []
        for column in fields(declared):
            annotation = column.type if isinstance(column.type, str) else getattr(column.type, "__name__", "")
            kind = _OF_ANNOTATION.get(annotation.replace("None", "").strip(" |"))
            if kind is not None and column.name not in RESERVED:
                columns[column.name] = str(kind)
            if column.default is column.default_factory:  # both MISSING
                required.append(column.name)
        doc = (declared.__doc__ or "").strip().split("\n")[0]
        doc = "" if doc.startswith(declared.__name__ + "(") else doc
        return cls(name or str(getattr(declared, "__table__", snake)), columns, tuple(required), doc=doc)

    def as_dict(self) -> dict[str, Any]:
        """The declaration in JSON's types, as it travels through the spool and stands in `_tables`."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> EventTable:
        """The declaration from its dictionary; keys of later versions are ignored."""
        return cls(**{part.name: values[part.name] for part in fields(cls) if part.name in values})


def _tuple(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@dataclass(frozen=True, slots=True)
class Create:
    """Make a table with these columns."""

    table: str
    columns: Mapping[str, ColumnType]


@dataclass(frozen=True, slots=True)
class Change:
    """Add a column, or note that the one that is there is widened to this type."""

    table: str
    column: str
    kind: ColumnType
    widened: bool


@dataclass(frozen=True, slots=True)
class Table:
    """What is known about one table.

    Attributes:
        columns: every column that rows may fill, in the order of a full row, without a row number's.
        time: the column that takes the canonical time.
        metadata: the column that takes what has no other; None where an adopted table has none.
        new_keys: see EventTable.
        sparse: rows leave out columns that the event lacks, because the table has defaults of its own.
        numbered: its rows have a row number.
        leading: columns that an index begins with, where somebody has looked.
        blank: its times have a blank between day and hour, as SQLite's CURRENT_TIMESTAMP writes them; as `leading`.
    """

    name: str
    columns: Mapping[str, ColumnType]
    time: str | None = TIME
    metadata: str | None = METADATA
    new_keys: NewKeys = "evolve"
    sparse: bool = False
    numbered: bool = True
    leading: frozenset[str] = frozenset()
    blank: bool = False

    @classmethod
    def fresh(cls, name: str) -> Table:
        """A table that is not there yet."""
        return cls(name, {TIME: ColumnType.TEXT, METADATA: ColumnType.TEXT})

    def admitting(self, key: str, value: Any) -> Table:
        """The table with the column that this value wants, added or widened; itself where there is nothing to do."""
        kind, known = type_of(value), self.columns.get(key)
        if kind is None or self.new_keys != "evolve" or not fits(kind, value):
            return self
        widens = known is ColumnType.INTEGER and kind is ColumnType.REAL
        return self.with_column(key, kind) if widens or (known is None and self._may_add(key)) else self

    def _may_add(self, key: str) -> bool:
        return (
            len(self.columns) < MOST_COLUMNS + 2
            and is_identifier(key)
            and key.lower() not in RESERVED
            and not self.has(key)
        )

    def has(self, key: str) -> bool:
        """Whether there is a column of this name, in whatever capitals."""
        return key.lower() in map(str.lower, self.columns)

    def with_column(self, key: str, kind: ColumnType) -> Table:
        """The table with one more column, or with a column of another type."""
        columns = {**self.columns, key: kind}
        if METADATA in columns and key not in self.columns:
            columns[METADATA] = columns.pop(METADATA)  # stays last
        return replace(self, columns=columns)

    def declared(self, declared: EventTable) -> Table:
        """The table under a declaration: with its columns that are not there yet, and its policy."""
        table = replace(self, new_keys=declared.new_keys or self.new_keys)
        for name, kind in declared.columns.items():
            if not table.has(name):
                table = table.with_column(name, ColumnType(kind))
        return table

    def changes(self, before: Table | None) -> list[Create | Change]:
        """What makes this table of the one that it was before, or of none."""
        if before is None:
            return [Create(self.name, self.columns)]
        was = before.columns
        return [
            Change(self.name, name, kind, name in was)
            for name, kind in self.columns.items()
            if was.get(name) is not kind
        ]


def event_of(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """The event that a row of column name → value was made of: the same JSON value, without nulls."""
    event: dict[str, Any] = {}
    for name, kind in table.columns.items():
        value = row.get(name)
        if value is not None and name != table.metadata:
            event[name] = bool(value) if kind is ColumnType.BOOLEAN else value
    if table.metadata is not None and (text := row.get(table.metadata)):
        event.update(_loads(text))
    return {name: value for name, value in event.items() if value is not None}


def _loads(text: str) -> Any:
    """Parse metadata: the standard library where integers may be long or surrogates alone, orjson otherwise."""
    if "\\ud" in text or _LONG_INTEGER.search(text):
        import json

        return json.loads(text)
    return orjson.loads(text)


_LONG_INTEGER = re.compile(r"\d{19}")


def metadata_text(extra: dict[str, Any]) -> str | None:
    """The text of `metadata_json`, or None when there is nothing to say."""
    return dumps(extra) if extra else None

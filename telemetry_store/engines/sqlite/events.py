"""Events read back from rows: of one table as they were stored, or of several in the order of their times."""

from __future__ import annotations

import heapq
from contextlib import ExitStack, closing
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.names import quoted
from telemetry_store.schema import ColumnType, event_of
from telemetry_store.selection import StoredEvent

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from telemetry_store.engines.sqlite.open import Connection, Cursor
    from telemetry_store.schema import Table
    from telemetry_store.selection import Condition, Window

#: SQL conditions that must all hold, and their parameters.
Clause = tuple[list[str], list[Any]]
_TRUTH = {"true": 1, "false": 0}


def clause_of(window: Window, table: Table) -> Clause | None:
    """What a window means for the rows of a table; None when no row of it can be meant."""
    conditions: list[str] = []
    values: list[Any] = []
    for condition in window.where:
        compared = _compared(condition, table)
        if compared is None:
            return None
        conditions.append(compared[0])
        values += compared[1]
    for sign, limit in ((">=", window.since), ("<", window.until)):
        if limit is not None:
            if table.time is None:
                return None
            conditions.append(f"{quoted(table.time)} {sign} ?")
            values.append(limit)
    return conditions, values


def events_of(
    connection: Connection, table: Table, window: Window, after: int | None, only: int | None
) -> Iterator[StoredEvent]:
    """See `Reader.events`."""
    clause = clause_of(window, table)
    if clause is None:
        return
    conditions, values = clause
    for sign, number in ((">", after), ("=", only)):
        if number is not None and table.numbered:
            conditions.append(f"rowid {sign} ?")
            values.append(number)
    yield from _events(connection, table, clause, "rowid" if table.numbered else "")


def by_time(
    connection: Connection, tables: Iterable[Table], window: Window, limit: int, *, newest_first: bool
) -> Iterator[StoredEvent]:
    """See `Reader.by_time`."""
    order = "DESC" if newest_first else "ASC"
    with ExitStack() as stack:
        streams: list[Iterator[StoredEvent]] = []
        for table in tables:
            clause = clause_of(window, table)
            if clause is not None and table.time is not None:
                rows = _events(connection, table, clause, f"{quoted(table.time)} {order} LIMIT {limit:d}")
                streams.append(stack.enter_context(closing(rows)))
        merged = heapq.merge(*streams, key=attrgetter("timestamp"), reverse=newest_first)
        yield from islice(merged, limit if limit >= 0 else None)


def rows_of(connection: Connection, table: Table, window: Window) -> Cursor:
    """See `Reader.table_rows`."""
    clause = clause_of(window, table) or (["0"], [])
    return _select(connection, "*", table, clause, "rowid" if table.numbered else "")


def _events(connection: Connection, table: Table, clause: Clause, order: str) -> Generator[StoredEvent]:
    number = "rowid" if table.numbered else "0"
    with closing(_select(connection, f"{number}, *", table, clause, order)) as cursor:
        names = [column[0] for column in cursor.description][1:]
        for row_number, *row in cursor:
            values = dict(zip(names, row, strict=True))
            stamp = values.get(table.time) if table.time is not None else None
            yield StoredEvent(str(stamp or ""), table.name, row_number, event_of(table, values))


def _select(connection: Connection, columns: str, table: Table, clause: Clause, order: str) -> Cursor:
    conditions, values = clause
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    ending = f" ORDER BY {order}" if order else ""
    return connection.execute(f"SELECT {columns} FROM {quoted(table.name)}{where}{ending}", values)


def _compared(condition: Condition, table: Table) -> tuple[str, list[Any]] | None:
    """SQL that is true for the rows that meet a condition; None when no row of the table has such a field."""
    field = condition.field
    kind = table.columns.get(field)
    if field == table.metadata or (kind is None and table.metadata is None):
        return None
    if kind is not None:
        return _operation(condition, quoted(field), _value(condition.value, kind))
    path = '$."' + field.replace('"', '\\"') + '"'
    inside = f"CAST(json_extract({quoted(str(table.metadata))}, ?) AS TEXT)"
    sql, values = _operation(condition, inside, condition.value)
    return sql, [path, *values]


def _operation(condition: Condition, left: str, value: Any) -> tuple[str, list[Any]]:
    if condition.operator == "~":
        return f"instr(lower({left}), lower(?)) > 0", [condition.value]
    if condition.operator == "!=":
        return f"{left} IS NOT ?", [value]
    return f"{left} {condition.operator} ?", [value]


def _value(text: str, kind: ColumnType) -> Any:
    """A text as the value that a column of this type would hold."""
    if kind is ColumnType.BOOLEAN:
        return _TRUTH.get(text.lower(), text)
    if kind is ColumnType.TEXT:
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else number

"""The view `all_events` over every event table, and the event of a row as JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted, text_of
from telemetry_store.engines.sqlite.catalogue import load_tables
from telemetry_store.schema import ColumnType

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.open import Connection
    from telemetry_store.schema import Table

#: The columns of `all_events` besides table, id and event; each is text in every table.
_SHARED = ("event_type", "agent_id", "session_id")
#: SQLite takes 500 SELECTs side by side, and 127 arguments of a function (100 before 3.8).
_MOST_ARMS, _MOST_PAIRS = 400, 50


def rebuild_all_events(connection: Connection) -> None:
    """Make the view `all_events` anew, over every event table that has a time."""
    arms = [_arm(table) for table in load_tables(connection)[0].values() if table.time is not None]
    connection.execute("DROP VIEW IF EXISTS all_events")
    if arms:
        connection.execute("CREATE VIEW all_events AS\n" + _union(arms))


def _union(arms: list[str]) -> str:
    """All of these together, in groups where there are more than SQLite takes side by side."""
    if len(arms) > _MOST_ARMS:
        groups = [arms[place : place + _MOST_ARMS] for place in range(0, len(arms), _MOST_ARMS)]
        arms = [f"SELECT * FROM ({_union(group)})" for group in groups]
    return "\nUNION ALL\n".join(arms)


def _arm(table: Table) -> str:
    """One table's part of `all_events`; plain column names where possible, so that its indexes are used."""
    shared = ", ".join(f"{_as_text(table, column)} AS {column}" for column in _SHARED)
    number = "rowid" if table.numbered else "NULL"
    return (
        f'SELECT {quoted(str(table.time))} AS timestamp, {text_of(table.name)} AS "table", {number} AS id, '
        f"{shared}, {event_json(table)} AS event FROM {quoted(table.name)}"
    )


def event_json(table: Table) -> str:
    """SQL for the event of a row as JSON text."""
    pairs = [
        f"{text_of(name)}, {_json_value(name, kind, guarded=table.sparse)}"
        for name, kind in table.columns.items()
        if name != table.metadata
    ]
    event = "'{}'"
    for place in range(0, len(pairs), _MOST_PAIRS):
        event = f"json_patch({event}, json_object({', '.join(pairs[place : place + _MOST_PAIRS])}))"
    if table.metadata is not None:
        extra = quoted(table.metadata)
        extra = f"iif(json_valid({extra}), {extra}, '{{}}')" if table.sparse else f"coalesce({extra}, '{{}}')"
        event = f"json_patch({event}, {extra})"
    return event


def _as_text(table: Table, column: str) -> str:
    kind = table.columns.get(column)
    if kind is ColumnType.TEXT:
        return quoted(column)
    return "CAST(NULL AS TEXT)" if kind is None else f"CAST({quoted(column)} AS TEXT)"


def _json_value(name: str, kind: ColumnType, *, guarded: bool) -> str:
    """A column for JSON; in a table of others any column may hold a blob, which JSON cannot."""
    if kind is ColumnType.BOOLEAN:
        return f"json(CASE {quoted(name)} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
    if guarded or kind is ColumnType.FLEXIBLE:
        return f"iif(typeof({quoted(name)}) = 'blob', NULL, {quoted(name)})"
    return quoted(name)

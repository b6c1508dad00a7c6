"""Fits a question to the tables that are there.

| in the statement | becomes |
|---|---|
| `{table}`, `{field}`, … | the name that the parameter gives |
| `{events timestamp, agent_id!, value}` | these fields of all tables together; a field with `!` must be a column, and tables without it are left out; others come from `metadata_json`, or are null |
| `{count CONDITION}` | how many events of all tables meet a condition on their time, called `timestamp` |
| `{time TABLE}` | the column of its times |
| `{last_errors TABLE FIELD}` | the row numbers of the last error for each value of a field |
| `{is_error TABLE}` | whether a row of this table tells of an error |

Besides columns, `{events …}` knows `timestamp`, `table`, `id`, `event` (as JSON) and `is_error`.
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.all_events import event_json
from telemetry_store.engines.sqlite.names import quoted, text_of
from telemetry_store.errors import UsageError
from telemetry_store.reading import faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry_store.schema import Table

_MACRO = re.compile(r"\{(\w+)(?:\s+([^{}]*))?\}")
_TIME = re.compile(r"\btimestamp\b")
_MOST_ARMS = 400


def expand(text: str, tables: Mapping[str, Table], inserted: Mapping[str, str], name: str) -> str:
    """The statement with everything in braces replaced.

    Args:
        text: the statement.
        tables: name → table of the database.
        inserted: names of tables and fields that parameters give.
        name: of the question, for messages.

    Raises:
        UsageError: the tables lack what it needs, or it is not written well.
    """
    for parameter, value in inserted.items():
        text = text.replace("{" + parameter + "}", value)
    timed = [table for table in tables.values() if table.time is not None][:_MOST_ARMS]

    def replaced(match: re.Match[str]) -> str:
        kind, rest = match[1], match[2] or ""
        if kind == "events":
            return _events(timed, [each.strip() for each in rest.split(",")], name)
        if kind == "count":
            return _count(timed, rest)
        if kind == "is_error" and rest.strip() in tables:
            return error_condition(tables[rest.strip()])
        if kind in ("time", "last_errors") and (words := rest.split()) and words[0] in tables:
            return _of_table(tables[words[0]], words[1:], name)
        raise UsageError(f"the question {name} has {match[0]} in it, which means nothing")

    return _MACRO.sub(replaced, text)


def _events(tables: list[Table], fields: list[str], name: str) -> str:
    needed = [field.rstrip("!") for field in fields if field.endswith("!")]
    fields = [field.rstrip("!") for field in fields]
    fitting = [table for table in tables if all(_has(table, field) for field in needed)]
    if not fitting:
        wanted = " and ".join(needed) or "a time"
        raise UsageError(f"{name} needs a table with {wanted}, and none has it", "`telemetry schema` lists columns")
    return f"({' UNION ALL '.join(_arm(table, fields) for table in fitting)})"


def _arm(table: Table, fields: list[str]) -> str:
    columns = ", ".join(f"{_field(table, field)} AS {quoted(field)}" for field in fields)
    return f"SELECT {columns} FROM {quoted(table.name)}"


def _of_table(table: Table, fields: list[str], name: str) -> str:
    """Its time, or the row numbers of its last errors for each value of a field."""
    if table.time is None:
        raise UsageError(f"{name} needs times, and {table.name} has none")
    time = quoted(table.time)
    if not fields:
        return time
    if fields[0] not in table.columns:
        raise UsageError(f"{name} needs the column {fields[0]}, and {table.name} has none", "try --param field=COLUMN")
    field, here, errors = quoted(fields[0]), quoted(table.name), error_condition(table)
    if fields[0] not in table.leading:
        last = f"SELECT rowid, max({time}) FROM {here} WHERE {field} IS NOT NULL AND {errors} GROUP BY {field}"
        return f"(SELECT rowid FROM ({last}))"
    following = f"SELECT min({field}) FROM {here} WHERE {field} > each.name"
    last = f"SELECT rowid FROM {here} WHERE {field} = each.name AND {errors} ORDER BY {time} DESC LIMIT 1"
    return (
        f"(WITH RECURSIVE each(name) AS (SELECT min({field}) FROM {here} UNION ALL SELECT ({following}) FROM each "
        f"WHERE each.name IS NOT NULL) SELECT ({last}) FROM each WHERE each.name IS NOT NULL)"
    )


def _count(tables: list[Table], condition: str) -> str:
    counts = [
        f"(SELECT count(*) FROM {quoted(table.name)} WHERE {_TIME.sub(quoted(str(table.time)), condition)})"
        for table in tables
    ]
    return f"({' + '.join(counts) or '0'})"


def _has(table: Table, field: str) -> bool:
    return field in table.columns or (field == "is_error" and error_condition(table) != "0")


def _field(table: Table, field: str) -> str:
    if field == "timestamp":
        return quoted(str(table.time))
    if field == "table":
        return text_of(table.name)
    if field == "id":
        return "rowid" if table.numbered else "NULL"
    if field == "event":
        return event_json(table)
    if field == "is_error":
        return error_condition(table)
    if field in table.columns:
        return quoted(field)
    if table.metadata is None:
        return "NULL"
    path = '$."' + field + '"'
    return f"json_extract({quoted(table.metadata)}, {text_of(path)})"


def error_condition(table: Table) -> str:
    """SQL that is 1 for rows of this table that tell of an error, else 0; "0" when no column would say so."""
    condition = faults.error_condition(table.name, table.columns)
    return "0" if condition is None else f"coalesce({condition}, 0)"

"""Fits a question to the tables that are there.

| in the statement | becomes |
|---|---|
| `{table}`, `{field}`, … | the name that the parameter gives |
| `{events timestamp, agent_id!, value}` | these fields of all tables together; a field with `!` must be a column, and tables without it are left out; others come from `metadata_json`, or are null |
| `{all_events}` | the view of all events |
| `{count CONDITION}` | how many events of all tables meet a condition on their time, called `timestamp` |
| `{time TABLE}` | the column of its times |
| `{last_errors TABLE FIELD}` | the row numbers of the last error for each value of a field |
| `{is_error TABLE}` | whether a row of this table tells of an error |
| `{each} … {end}` | what stands between, once for each table with a time, all together; `{each agent}` takes those with an index on their agent, `{each error}` those that can tell of errors, `{each heartbeat}` those of heartbeats with an index on their agent |

Besides columns, `{events …}` knows `timestamp`, `table`, `id`, `event` (as JSON) and `is_error`.

| between `{each}` and `{end}` | becomes |
|---|---|
| `{here}`, `{search_index}`, `{name}` | the table, its search index, and its name as text |
| `{time}`, `{agent}` | the column; NULL where it has no agents |
| `{agents}` | a table of the distinct agents, called `name`: one step in the index for each |
| `{errors}` | the table, joined to nothing but its errors |
| `{message}` | what a row says that tells of an error |
| `{moment TIME}` | a time of ours in the form of the table's times |
| `{in_span}` | whether a row is in the window of `{part span}` |

`reading/questions.py` tells of `{part NAME}` and of `[[ ]]`.
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted, text_of
from telemetry_store.engines.sqlite import faults
from telemetry_store.engines.sqlite.all_events import event_json
from telemetry_store.engines.sqlite.catalogue import SEARCH
from telemetry_store.errors import UsageError
from telemetry_store.schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table

#: The folder of the questions that come with the package.
QUESTIONS = files(__package__).joinpath("questions")
#: `{each KIND} … {end}`, any other name in braces with what follows it, and the time in the condition of a count.
_EACH = re.compile(r"\{each(?: (\w+))?\}\s*(.*?)\s*\{end\}", re.DOTALL)
_MACRO = re.compile(r"\{(\w+)(?:\s+([^{}]*))?\}")
_TIME = re.compile(r"\btimestamp\b")
#: So many tables are asked at most: SQLite takes 500 SELECTs side by side.
_MOST_ARMS = 400
#: Columns that name an agent, the most telling first.
_AGENTS = ("agent_id", "agent", "agent_name")
#: So many different values are shown at most.
_LIMIT = "LIMIT 2000"


def expand(text: str, tables: Mapping[str, Table], inserted: Mapping[str, str], name: str) -> str:
    """The statement of a question with everything in braces replaced.

    Args:
        text: the statement; UsageError where it is not written well.
        tables: name → table, as tables_of() gives them; UsageError where they lack what the question needs.
        inserted: names of tables and fields that parameters give.
        name: of the question, for messages.
    """
    for parameter, value in inserted.items():
        text = text.replace("{" + parameter + "}", value)
    timed = [table for table in tables.values() if table.time is not None][:_MOST_ARMS]

    def replaced(macro: re.Match[str]) -> str:
        rest = macro[2] or ""
        match macro[1], rest.split():
            case "events", _:
                return _events(timed, [field.strip() for field in rest.split(",")], name)
            case "all_events", _:
                return _needed("all_events" if timed else "", "a time", name)
            case "count", _:
                return _count(timed, rest)
            case "is_error", [table] if table in tables:
                return _is_error(tables[table])
            case "time", [table] if table in tables:
                return _time_of(tables[table], name)
            case "last_errors", [table, field] if table in tables:
                return _last_errors(tables[table], field, name)
        raise UsageError(f"the question {name} has {macro[0]} in it, which means nothing")

    return _MACRO.sub(replaced, _EACH.sub(lambda arm: _each(timed, arm[1] or "", arm[2], name), text))


def tables_of(reader: Reader) -> Mapping[str, Table]:
    """The event tables of a database, with what questions need to know of them; reads single rows by index."""
    return {
        name: replace(table, leading=reader.catalogue.leading(name), blank=_has_blank(reader, table))
        for name, table in reader.catalogue.tables.items()
    }


def _has_blank(reader: Reader, table: Table) -> bool:
    """Whether the times of a table of others have a blank between day and hour; its newest row tells."""
    if table.time is None or not table.sparse:
        return False
    order = "ORDER BY rowid DESC " if table.numbered else ""
    mark = reader.value(f"SELECT substr({quoted(table.time)}, 11, 1) FROM {quoted(table.name)} {order}LIMIT 1")
    return bool(mark == " ")


def _needed(sql: str, what: str, name: str) -> str:
    if not sql:
        raise UsageError(f"{name} needs a table with {what}, and none has it", "`telemetry schema` lists columns")
    return sql


def _each(tables: list[Table], kind: str, arm: str, name: str) -> str:
    if kind not in _KINDS:
        raise UsageError(f"the question {name} has {{each {kind}}} in it, which means nothing")
    what, fits = _KINDS[kind]
    arms = [_MACRO.sub(partial(_here, table), arm) for table in tables if fits(table)]
    return _needed("\n    UNION ALL\n    ".join(arms), what, name)


def _here(table: Table, macro: re.Match[str]) -> str:
    """What a name in braces becomes in the arm of a table."""
    if macro[1] == "moment":
        return _moment(table, macro[2])
    return _OF_ARM[macro[1]](table) if macro[1] in _OF_ARM and not macro[2] else macro[0]


def _moment(table: Table, time: str) -> str:
    return f"replace({time}, 'T', ' ')" if table.blank else time


def _time(table: Table) -> str:
    return quoted(str(table.time))


def _name(table: Table) -> str:
    return text_of(table.name)


def _in_span(table: Table) -> str:
    time = _time(table)
    return f"{time} >= {_moment(table, 'span.lo')} AND {time} <= {_moment(table, 'span.hi')}"


def _agent(table: Table) -> str | None:
    return next((name for name in _AGENTS if table.columns.get(name) is ColumnType.TEXT), None)


def _has_agents(table: Table) -> bool:
    return _agent(table) in table.leading


def _errors(table: Table) -> str:
    condition = faults.error_condition(table)
    if condition != faults.BAD_TYPES or faults.EVENT_TYPE not in table.leading:
        return f"{quoted(table.name)} ON ({condition})"
    bad = condition.replace(faults.EVENT_TYPE, "name")  # a few values of an index, instead of all rows of the window
    types = f"(SELECT name FROM {_values(table, faults.EVENT_TYPE, _LIMIT)} WHERE {bad}) AS bad_types"
    return f"{types} CROSS JOIN {quoted(table.name)} ON {faults.EVENT_TYPE} = bad_types.name"


def _is_error(table: Table) -> str:
    """SQL that is 1 for rows of this table that tell of an error, else 0; "0" when no column would say so."""
    condition = faults.error_condition(table)
    return "0" if condition is None else f"coalesce({condition}, 0)"


def _values(table: Table, column: str, limit: str = "") -> str:
    """The distinct values of a column that an index begins with: one step in the index for each."""
    value, here = quoted(column), quoted(table.name)
    following = f"SELECT min({value}) FROM {here} WHERE {value} > names.name"
    return (
        f"(WITH RECURSIVE names(name) AS (SELECT min({value}) FROM {here} UNION ALL "
        f"SELECT ({following}) FROM names WHERE name IS NOT NULL {limit}) SELECT name FROM names)"
    )


#: Which tables `{each KIND}` takes, after what they have.
_KINDS: dict[str, tuple[str, Callable[[Table], bool]]] = {
    "": ("a time", lambda _: True),
    "agent": ("an index on its agent", _has_agents),
    "error": ("errors", lambda table: faults.error_condition(table) is not None),
    "heartbeat": ("heartbeats", lambda table: "heartbeat" in table.name.lower() and _has_agents(table)),
}
#: What stands between `{each}` and `{end}`.
_OF_ARM: dict[str, Callable[[Table], str]] = {
    "here": lambda table: quoted(table.name),
    "search_index": lambda table: quoted(SEARCH + table.name),
    "name": _name,
    "time": _time,
    "agent": lambda table: quoted(agent) if (agent := _agent(table)) else "NULL",
    "agents": lambda table: _values(table, str(_agent(table)), _LIMIT),
    "errors": _errors,
    "message": faults.message,
    "in_span": _in_span,
}
#: What `{events …}` knows of every table.
_FIELDS: dict[str, Callable[[Table], str]] = {
    "timestamp": _time,
    "table": _name,
    "id": lambda table: "rowid" if table.numbered else "NULL",
    "event": event_json,
    "is_error": _is_error,
}


def _events(tables: list[Table], fields: list[str], name: str) -> str:
    needed = [field.rstrip("!") for field in fields if field.endswith("!")]
    fields = [field.rstrip("!") for field in fields]
    arms = [_arm(table, fields) for table in tables if all(_has(table, field) for field in needed)]
    return f"({_needed(' UNION ALL '.join(arms), ' and '.join(needed) or 'a time', name)})"


def _arm(table: Table, fields: list[str]) -> str:
    columns = ", ".join(f"{_field(table, field)} AS {quoted(field)}" for field in fields)
    return f"SELECT {columns} FROM {quoted(table.name)}"


def _has(table: Table, field: str) -> bool:
    return field in table.columns or (field == "is_error" and _is_error(table) != "0")


def _field(table: Table, field: str) -> str:
    if field in _FIELDS:
        return _FIELDS[field](table)
    if field in table.columns:
        return quoted(field)
    path = text_of(f'$."{field}"')
    return "NULL" if table.metadata is None else f"json_extract({quoted(table.metadata)}, {path})"


def _count(tables: list[Table], condition: str) -> str:
    counts = [
        f"(SELECT count(*) FROM {quoted(table.name)} WHERE {_TIME.sub(_time(table), condition)})" for table in tables
    ]
    return f"({' + '.join(counts) or '0'})"


def _time_of(table: Table, name: str) -> str:
    if table.time is None:
        raise UsageError(f"{name} needs times, and {table.name} has none")
    return quoted(table.time)


def _last_errors(table: Table, column: str, name: str) -> str:
    """The row numbers of the last errors for each value of a column."""
    if column not in table.columns:
        raise UsageError(f"{name} needs the column {column}, and {table.name} has none", "try --param field=COLUMN")
    time, field, here, errors = _time_of(table, name), quoted(column), quoted(table.name), _is_error(table)
    if column not in table.leading:
        last = f"SELECT rowid, max({time}) FROM {here} WHERE {field} IS NOT NULL AND {errors} GROUP BY {field}"
        return f"(SELECT rowid FROM ({last}))"
    last = f"SELECT rowid FROM {here} WHERE {field} = names.name AND {errors} ORDER BY {time} DESC LIMIT 1"
    return f"(SELECT ({last}) FROM {_values(table, column)} AS names WHERE names.name IS NOT NULL)"

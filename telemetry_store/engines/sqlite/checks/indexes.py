"""D503: usual questions that have to read the whole table, by SQLite's own plan.

They ask for the newest events of all, of an agent, a type, a session. `--fix` makes the missing default index; while it
is made, nobody else writes. An import that was broken off may have left indexes to be made, too.

D504: indexes that cost with every event and help nobody: one that another begins with, one whose first column is the
same in all rows (by `sqlite_stat1`), and one that none of those questions uses and no declaration names.

D505: SQLite plans better with statistics (`ANALYZE`); without, it guesses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.statements import sql
from telemetry_store.finding import Finding, MissingIndex, Remedy, Severity, or_well
from telemetry_store.schema import DEFAULT_INDEXES, TIME, EventTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table

#: A table with fewer rows is quick without any of this.
_MANY = 1000


def check(reader: Reader) -> list[Finding]:
    """Plans, indexes and statistics."""
    tables = [reader.catalogue.tables[name] for name in sorted(reader.catalogue.written)]
    useless = [finding for table in tables for finding in _useless(reader, table)]
    return [
        *or_well(_missing(reader, tables), "D503", "indexes", "the usual questions use one"),
        *or_well(useless, "D504", "useless indexes"),
        _statistics(reader),
    ]


def _missing(reader: Reader, tables: list[Table]) -> Iterator[Finding]:
    waiting = set()
    if "_loads" in reader.catalogue.system:
        waiting = {name for (name,) in reader.rows("SELECT \"table\" FROM _loads WHERE statement <> ''")}
    if waiting:
        message = f"{', '.join(sorted(waiting))}: indexes wait for the end of a load"
        hint = "where no import is under way, one was broken off: the next import of anything makes them"
        yield Finding("D503", "indexes", Severity.WARNING, message, hint, {"tables": sorted(waiting)})
    for table in tables:
        if table.name not in waiting:
            yield from _missing_indexes(reader, table)


def _questions(table: Table) -> dict[tuple[str, ...], str]:
    """The columns of the index that is for a question → the question."""
    if table.time is None:
        return {}
    select, order = f"SELECT * FROM {quoted(table.name)}", f"ORDER BY {quoted(table.time)} DESC LIMIT 10"
    questions: dict[tuple[str, ...], str] = {}
    for column, *_ in DEFAULT_INDEXES:
        if column in (TIME, table.time):
            questions[(table.time,)] = f"{select} {order}"
        elif column in table.columns:
            questions[column, table.time] = f"{select} WHERE {quoted(column)} = 'x' {order}"
    return questions


def _plan(reader: Reader, question: str) -> list[str]:
    return [str(row[3]) for row in reader.rows("EXPLAIN QUERY PLAN " + question)]


def _missing_indexes(reader: Reader, table: Table) -> Iterator[Finding]:
    for columns, question in _questions(table).items():
        plan = _plan(reader, question)
        sought = len(columns) == 1 or any("SEARCH" in step for step in plan)
        if sought and not any("TEMP B-TREE" in step or ("SCAN" in step and "INDEX" not in step) for step in plan):
            continue
        statement = f"CREATE INDEX ON {table.name} ({', '.join(columns)})"
        fix = MissingIndex(table.name, columns) if table.name in reader.catalogue.own else None
        hint = "`telemetry doctor --fix` makes it" if fix else f"the table is not ours: {statement} where that suits it"
        message = f"{table.name} ({', '.join(columns)}): {'; '.join(plan)}"
        evidence = {"table": table.name, "columns": list(columns), "question": question, "plan": plan}
        yield Finding("D503", "missing index", Severity.WARNING, message, hint, evidence, fix)


def _useless(reader: Reader, table: Table) -> Iterator[Finding]:
    indexes, statistics, questions = _indexes(reader, table.name), _stat1(reader, table.name), _questions(table)
    steps = [step for question in questions.values() for step in _plan(reader, question) if " INDEX " in step]
    used = {step.split(" INDEX ")[1].split(" ")[0] for step in steps}
    wanted = set(questions) | _declared(reader, table.name)
    for name, columns in indexes.items():
        longer = [other for other, more in indexes.items() if other != name and more[: len(columns)] == columns]
        rows, alike = statistics.get(name, (0, 0))
        if longer and (len(indexes[longer[0]]) > len(columns) or longer[0] < name):  # of two alike, one is named
            reason = f"{longer[0]} begins with the same columns"
        elif rows >= _MANY and alike >= rows and columns[0] != table.time:
            reason = f"{columns[0]} is the same in all rows"
        elif columns not in wanted and name not in used:
            reason = "none of the usual questions uses it, and nothing declares it"
        else:
            continue
        message, hint = f"{name} on {table.name}: {reason}", f"unless a question of yours uses it: DROP INDEX {name}"
        evidence = {"index": name, "columns": list(columns)}
        yield Finding("D504", "useless indexes", Severity.NOTE, message, hint, evidence)


def _indexes(reader: Reader, table: str) -> dict[str, tuple[str, ...]]:
    """Index → its columns, for those that serve only for reading."""
    indexes: dict[str, tuple[str, ...]] = {}
    for name, column in reader.rows(sql("plain_indexes.sql"), (table,)):
        indexes[name] = (*indexes.get(name, ()), str(column))
    return indexes


def _declared(reader: Reader, table: str) -> set[tuple[str, ...]]:
    text = reader.catalogue.notes[table, ""].declaration
    return set(EventTable.from_dict(orjson.loads(text)).indexes) if text else set()


def _stat1(reader: Reader, table: str) -> dict[str, tuple[int, int]]:
    """Index → rows, and rows with the same first column, as ANALYZE has counted."""
    if reader.value("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'") is None:
        return {}
    rows = reader.rows("SELECT idx, stat FROM sqlite_stat1 WHERE tbl = ? AND idx IS NOT NULL", (table,))
    return {name: (int(stat.split()[0]), int(stat.split()[1])) for name, stat in rows if len(stat.split()) > 1}


def _statistics(reader: Reader) -> Finding:
    old = []
    for name in sorted(reader.catalogue.own):
        count = reader.catalogue.newest_number(name)
        known = max((rows for rows, _ in _stat1(reader, name).values()), default=0)
        if count >= _MANY and known * 10 < count:
            old.append(name)
    if not old:
        return Finding("D505", "statistics", Severity.OK, "current")
    message = f"none, or far too old, for {', '.join(old)}"
    hint = "`telemetry doctor --fix` runs ANALYZE, on a sample"
    return Finding("D505", "statistics", Severity.NOTE, message, hint, {"tables": old}, Remedy.STATISTICS)

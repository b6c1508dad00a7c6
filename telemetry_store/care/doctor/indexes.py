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

from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.schema import DEFAULT_INDEXES, TIME, EventTable

from .finding import Finding, Fix, Look, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.schema import Table

_MANY = 1000


def check(look: Look) -> Iterator[Finding]:
    """Plans, indexes and statistics."""
    waiting = _waiting(look)
    if waiting:
        message = f"{', '.join(sorted(waiting))}: indexes wait for the end of a load"
        hint = "where no import is under way, one was broken off: the next import of anything makes them"
        yield Finding("D503", "indexes", Severity.WARNING, message, hint, {"tables": sorted(waiting)})
    missing = [each for table in look.tables.values() if table.name not in waiting for each in _missing(look, table)]
    yield from missing
    if not waiting and not missing:
        yield Finding("D503", "indexes", Severity.OK, "the usual questions use one")
    useless = [each for table in look.tables.values() for each in _useless(look, table)]
    yield from useless
    if not useless:
        yield Finding("D504", "useless indexes", Severity.OK, "none")
    yield from _statistics(look)


def _waiting(look: Look) -> set[str]:
    if not look.has("_loads"):
        return set()
    return {name for (name,) in look.db.execute("SELECT \"table\" FROM _loads WHERE statement <> ''")}


def questions(table: Table) -> dict[tuple[str, ...], str]:
    """The index that is for a question, and the question."""
    if table.time is None:
        return {}
    name, time = quoted(table.name), quoted(table.time)
    found: dict[tuple[str, ...], str] = {}
    for columns in DEFAULT_INDEXES:
        first = columns[0] if columns[0] != TIME else table.time
        if first not in table.columns:
            continue
        where = f"WHERE {quoted(first)} = 'x' " if first != table.time else ""
        index: tuple[str, ...] = (first,) if first == table.time else (first, table.time)
        found[index] = f"SELECT * FROM {name} {where}ORDER BY {time} DESC LIMIT 10"
    return found


def _plan(look: Look, question: str) -> list[str]:
    return [str(row[3]) for row in look.db.execute("EXPLAIN QUERY PLAN " + question)]


def _missing(look: Look, table: Table) -> Iterator[Finding]:
    for columns, question in questions(table).items():
        plan = _plan(look, question)
        sought = len(columns) == 1 or any("SEARCH" in step for step in plan)
        if sought and not any("TEMP B-TREE" in step or ("SCAN" in step and "INDEX" not in step) for step in plan):
            continue
        statement = f"CREATE INDEX ON {table.name} ({', '.join(columns)})"
        fix = Fix("index", table.name, columns) if table.name in look.own else None
        hint = "`telemetry doctor --fix` makes it" if fix else f"the table is not ours: {statement} where that suits it"
        message = f"{table.name} ({', '.join(columns)}): {'; '.join(plan)}"
        evidence = {"table": table.name, "columns": list(columns), "question": question, "plan": plan}
        yield Finding("D503", "missing index", Severity.WARNING, message, hint, evidence, fix)


def _useless(look: Look, table: Table) -> Iterator[Finding]:
    indexes = _indexes(look, table.name)
    statistics = _stat1(look, table.name)
    used = {step.split(" INDEX ")[1].split(" ")[0] for question in questions(table).values()
            for step in _plan(look, question) if " INDEX " in step}  # fmt: skip
    wanted = set(questions(table)) | _declared(look, table.name)
    for name, columns in indexes.items():
        longer = [other for other, more in indexes.items() if other != name and more[: len(columns)] == columns]
        rows, each = statistics.get(name, (0, 0))
        if longer and (len(indexes[longer[0]]) > len(columns) or longer[0] < name):
            message = f"{name} on {table.name}: {longer[0]} begins with the same columns"
        elif rows >= _MANY and each >= rows and columns[0] != table.time:
            message = f"{name} on {table.name}: {columns[0]} is the same in all rows"
        elif columns not in wanted and name not in used:
            message = f"{name} on {table.name}: none of the usual questions uses it, and nothing declares it"
        else:
            continue
        hint = f"unless a question of yours uses it: DROP INDEX {name}"
        yield Finding(
            "D504", "useless indexes", Severity.NOTE, message, hint, {"index": name, "columns": list(columns)}
        )


def _indexes(look: Look, table: str) -> dict[str, tuple[str, ...]]:
    """Indexes that serve only for reading: no key, and of all rows."""
    found: dict[str, tuple[str, ...]] = {}
    for name, column in look.db.execute(
        "SELECT l.name, i.name FROM pragma_index_list(?) AS l JOIN pragma_index_info(l.name) AS i "
        "WHERE NOT l.\"unique\" AND NOT l.partial AND l.origin = 'c' ORDER BY l.name, i.seqno",
        (table,),
    ):
        found[name] = (*found.get(name, ()), str(column))
    return found


def _declared(look: Look, table: str) -> set[tuple[str, ...]]:
    text = look.one('SELECT declaration FROM _tables WHERE "table" = ? AND "column" = \'\'', table)
    return set(EventTable.from_dict(orjson.loads(text)).indexes) if text else set()


def _stat1(look: Look, table: str) -> dict[str, tuple[int, int]]:
    """Index → rows, and rows with the same first column, as ANALYZE has counted."""
    if not look.has("sqlite_stat1"):
        return {}
    rows = look.db.execute("SELECT idx, stat FROM sqlite_stat1 WHERE tbl = ? AND idx IS NOT NULL", (table,))
    return {name: (int(stat.split()[0]), int(stat.split()[1])) for name, stat in rows if len(stat.split()) > 1}


def _statistics(look: Look) -> Iterator[Finding]:
    old = []
    for name in sorted(look.own):
        count = look.one(f"SELECT max(rowid) FROM {quoted(name)}") or 0
        known = max((rows for rows, _ in _stat1(look, name).values()), default=0)
        if count >= _MANY and not known * 10 >= count:
            old.append(name)
    if old:
        message = f"none, or far too old, for {', '.join(old)}"
        hint = "`telemetry doctor --fix` runs ANALYZE, on a sample"
        yield Finding("D505", "statistics", Severity.NOTE, message, hint, {"tables": old}, Fix("analyze"))
    else:
        yield Finding("D505", "statistics", Severity.OK, "current")

"""Databases made by chance come over whole, go on working, and leave no trace after a rollback."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from importers.merge import Plan, databases_in, draft, examine, merge, rollback
from telemetry_store import TelemetryStore
from tests.importers.merge.content import digest, everything, quoted, rows
from tests.importers.merge.generated import generate

#: How many groups of three databases; the full figure is run by hand.
GROUPS = int(os.environ.get("TELEMETRY_MERGE_GROUPS", "1"))


def decided(plan: Plan, database: str) -> Plan:
    """The plan with every conflict decided as a person would: other names, no view, repairs left for later."""
    for _ in range(10):
        conflicts = examine(plan, database).conflicts
        if not conflicts:
            return plan
        databases = {each.path: each for each in plan.databases}
        for number, each in enumerate(conflicts):
            old = databases[each.database]
            if each.kind == "violations":
                databases[each.database] = replace(old, violations="keep")
                continue
            table = old.tables[each.table]
            assert each.kind in ("view", "name"), each
            change = {"view": "none"} if each.kind == "view" else {"name": f"{table.name[:40]}_{number}"}
            databases[each.database] = replace(old, tables={**old.tables, each.table: replace(table, **change)})
        plan = replace(plan, databases=tuple(databases.values()))
    raise AssertionError(conflicts)


def pragma(path: Path | str, name: str, table: str) -> list[tuple]:
    return rows(path, f"SELECT * FROM pragma_{name}('{table.replace(chr(39), chr(39) * 2)}')")


def indexes(path: Path | str, table: str) -> list:
    """The indexes of a table without their names: flags and columns."""
    found = [
        [flags, [each[2:] for each in pragma(path, "index_xinfo", name)]]
        for _, name, *flags in pragma(path, "index_list", table)
    ]
    return sorted(found, key=repr)


def violations(path: Path | str) -> int:
    """How many foreign keys lead nowhere; a parent without a key that fits is not counted."""
    found = 0
    for (table,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        with contextlib.suppress(sqlite3.OperationalError):
            found += len(rows(path, f"PRAGMA foreign_key_check({quoted(table)})"))
    return found


def number_of(path: Path | str, table: str) -> list[tuple]:
    """Row numbers beside the first column, where a table has row numbers of its own."""
    names = {each[1].lower() for each in pragma(path, "table_xinfo", table)}
    free = next((each for each in ("rowid", "_rowid_", "oid") if each not in names), None)
    try:
        return sorted(rows(path, f"SELECT {free} FROM {quoted(table)}")) if free else []
    except sqlite3.OperationalError:
        return []


@pytest.mark.parametrize("seed", range(GROUPS))
def test_three_databases(tmp_path: Path, seed: int) -> None:
    """Rows, row numbers, columns, keys, indexes, triggers, views and counters are what they were; so is all after a rollback."""
    sources = [
        generate(tmp_path / f"{name}.db", seed * 3 + number) for number, name in enumerate(["one", "two", "three"])
    ]
    database = tmp_path / "a.db"
    with TelemetryStore(database) as store:
        store.record("chat", agent_id="x")
    before = {path: everything(path) for path in (*sources, database)}
    plan = decided(
        replace(draft(databases_in(sources, target=str(database))), views=["read", "write"][seed % 2]), str(database)
    )
    done = merge(str(database), plan)
    assert done.status == "merged"
    compare(database, done.record)
    assert {path: everything(path) for path in sources} == {path: before[path] for path in sources}
    for path in (*sources, database):
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert violations(database) == sum(map(violations, sources))
    rows(database, "SELECT * FROM all_events")
    assert rollback(str(database)).changed == []
    assert everything(database) == before[database]


def compare(database: Path, record) -> None:
    """Hold everything that was merged beside where it comes from."""
    names = {(each.path, each.old.lower()): each.name for each in record.tables if each.kind != "alias"}
    for each in record.tables:
        if each.kind == "alias":
            assert digest(database, each.name) == digest(each.path, each.old)
            continue
        assert digest(database, each.name) == digest(each.path, each.old), each
        if each.kind != "table":
            continue
        assert number_of(database, each.name) == number_of(each.path, each.old), each
        assert pragma(database, "table_xinfo", each.name) == pragma(each.path, "table_xinfo", each.old)
        assert indexes(database, each.name) == indexes(each.path, each.old)
        keys = [
            (*key[:2], names[each.path, key[2].lower()], *key[3:])
            for key in pragma(each.path, "foreign_key_list", each.old)
        ]
        assert pragma(database, "foreign_key_list", each.name) == keys
        counter = "SELECT seq FROM sqlite_sequence WHERE name = '{}'"
        if rows(each.path, "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
            old = rows(each.path, counter.format(each.old.replace("'", "''")))
            assert rows(database, counter.format(each.name)) == old
    paths = {each.path for each in record.sources}
    count = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
    assert len(record.triggers) >= sum(rows(path, count)[0][0] for path in paths)
    works(database, record)


def works(database: Path, record) -> None:
    """Every trigger can still be fired: no statement on any merged table fails to be prepared."""
    with closing(sqlite3.connect(database)) as connection:
        for each in record.tables:
            if each.kind == "table":
                connection.execute(f"EXPLAIN INSERT INTO {quoted(each.name)} DEFAULT VALUES")
                connection.execute(f"EXPLAIN DELETE FROM {quoted(each.name)}")
                (column, *_) = [
                    name for _, name, *_, hidden in pragma(database, "table_xinfo", each.name) if not hidden
                ]
                connection.execute(f"EXPLAIN UPDATE {quoted(each.name)} SET {quoted(column)} = {quoted(column)}")

"""What stands in a plan's way, found by reading only, before anything happens."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from telemetry_store import TableNameError
from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.schema import check_table_name

from .plan import tables_of, view_of
from .rename import Renamed, rename
from .shape import Schema, read_schema
from .source import look, reading, uri

if TYPE_CHECKING:
    from .plan import DatabasePlan, Plan, TablePlan
    from .shape import Shape
    from .source import Database


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that must be decided in the plan.

    Attributes:
        kind: in a word: name, view, columns, keys, reference, …
        database: path of the file.
        table: its old name; empty where it is about the whole file.
        message: what is wrong.
        hint: what to write into the plan.
    """

    kind: str
    database: str
    table: str
    message: str
    hint: str

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One database that is to be merged.

    Attributes:
        plan: what is wanted of it.
        database: what is in it.
        tables: old name → plan, of what is brought over.
        renamed: its schema under the new names.
        violations: rows whose foreign keys lead nowhere already.
    """

    plan: DatabasePlan
    database: Database
    tables: dict[str, TablePlan]
    renamed: Renamed
    violations: int = 0

    @property
    def path(self) -> str:
        """Of the file, absolute."""
        return os.path.abspath(self.database.path)


@dataclass(slots=True)
class Examined:
    """What a plan would do, and what stands in its way."""

    incoming: list[Incoming] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def examine(plan: Plan, target: str) -> Examined:
    """Find everything that must be decided before a merge.

    Args:
        plan: to be carried out.
        target: path of the database to merge into; it need not exist.
    """
    found = Examined()
    for each in plan.databases:
        if each.action == "merge":
            _examine_database(each, found)
        elif each.action == "delete" and not os.path.exists(each.path):
            found.notes.append(f"{each.path} is gone already")
    names = _Names(plan, _schema_of(target), found)
    for incoming in found.incoming:
        names.take(incoming)
    names.judge()
    return found


def _schema_of(target: str) -> Schema:
    if not os.path.exists(target):
        return Schema({})
    with reading(target) as connection:
        return read_schema(connection)


def _examine_database(plan: DatabasePlan, found: Examined) -> None:
    def conflict(kind: str, table: str, message: str, hint: str) -> None:
        found.conflicts.append(Conflict(kind, plan.path, table, message, hint))

    if not os.path.exists(plan.path):
        conflict("gone", "", "there is no such file", 'action = "skip"')
        return
    database = look(plan.path)
    if database.problem:
        conflict("unreadable", "", database.problem, 'action = "skip"')
        return
    planned = tables_of(plan, database)
    parts = {part.name for part in (*database.schema.indexes, *database.schema.triggers)}
    for name in database.schema.shapes:
        if name not in planned and database.schema.shapes[name].kind != "shadow":
            conflict("unplanned", name, "the plan does not say what becomes of it", "write the plan anew, or add it")
    for name in sorted(planned.keys() - database.schema.shapes.keys() - parts):
        conflict("unknown", name, "there is no such table", "remove it from the plan")
    tables = {name: each for name, each in planned.items()
              if each.action == "merge" and name in database.schema.shapes}  # fmt: skip
    renamed = rename(database.schema, {name: each.name for name, each in tables.items()})
    left_out = {name for name, each in planned.items() if each.action != "merge"}
    for name, reason in renamed.broken.items():
        found.notes.append(f"{plan.path}: {name} does not work there either, and is left out: {reason}")
    for reasons, kind in ((renamed.impossible, "impossible"), (renamed.cut, "cut")):
        for name in sorted(reasons.keys() - left_out):
            conflict(kind, name, f"cannot come along: {reasons[name]}", f'tables."{name}" = {{ action = "skip" }}')
    _examine_references(database, tables, conflict)
    violations = _violations(database, tables)
    if violations and plan.violations == "refuse":
        message = f"{violations} rows have foreign keys that lead nowhere"
        conflict("violations", "", message, 'violations = "keep", or repair them')
    tables = {name: each for name, each in tables.items() if name in renamed.names}
    found.incoming.append(Incoming(plan, database, tables, renamed, violations))


def _examine_references(database: Database, tables: dict[str, TablePlan], conflict: Any) -> None:
    """Foreign keys must not lead to a table that is left out."""
    names = {name.lower(): name for name in database.schema.shapes}
    for name in tables:
        for reference in database.schema.shapes[name].references:
            parent = names.get(reference.table.lower())
            if parent is not None and parent not in tables:
                conflict("reference", name, f"its foreign key leads to {parent}, which is left out",
                         f"merge {parent} as well, or leave out {name}")  # fmt: skip


def _violations(database: Database, tables: dict[str, TablePlan]) -> int:
    with reading(database.path) as connection:
        return sum(
            count_violations(connection, name) for name in tables if database.schema.shapes[name].kind == "table"
        )


def count_violations(connection: sqlite3.Connection, table: str, database: str = "main") -> int:
    """How many foreign keys of a table's rows lead nowhere."""
    try:
        return len(connection.execute(f"PRAGMA {quoted(database)}.foreign_key_check({quoted(table)})").fetchall())
    except sqlite3.OperationalError:  # a parent without the unique key that a foreign key needs
        return 0


class _Names:
    """Who wants which name in the target."""

    def __init__(self, plan: Plan, target: Schema, found: Examined) -> None:
        self._plan = plan
        self._found = found
        self._there = {name.lower() for name in target.shapes} | {each.name.lower() for each in target.indexes}
        self._tables: dict[str, list[tuple[Incoming, str]]] = defaultdict(list)
        self._views: dict[str, list[tuple[Incoming, str]]] = defaultdict(list)

    def take(self, incoming: Incoming) -> None:
        for old, table in incoming.tables.items():
            try:
                check_table_name(table.name)
            except TableNameError as error:
                self._conflict("name", incoming, old, str(error), "give it another name")
            self._tables[table.name.lower()].append((incoming, old))
            shape = incoming.database.schema.shapes[old]
            if view_of(self._plan, table, shape) != "none" and old.lower() != table.name.lower():
                self._views[old.lower()].append((incoming, old))

    def _conflict(self, kind: str, incoming: Incoming, table: str, message: str, hint: str) -> None:
        self._found.conflicts.append(Conflict(kind, incoming.path, table, message, hint))

    def judge(self) -> None:
        for name, wanted in self._tables.items():
            if name in self._there:
                for incoming, old in wanted:
                    self._conflict("name", incoming, old, f"the database has a {name} already", "give it another name")
            elif len(wanted) > 1:
                self._judge_shared(name, wanted)
        for name, wanted in self._views.items():
            self._judge_view(name, wanted)

    def _judge_view(self, name: str, wanted: list[tuple[Incoming, str]]) -> None:
        goals = {incoming.tables[old].name.lower() for incoming, old in wanted}
        taken = name in self._there or name in self._tables
        if not taken and len(goals) == 1:
            return
        others = "the database" if name in self._there else "another table"
        for incoming, old in wanted if taken else wanted[1:]:
            by = others if taken else wanted[0][0].path
            self._conflict(
                "view", incoming, old, f"its old name {old} is taken by {by}", 'view = "none" for one of them'
            )

    def _judge_shared(self, name: str, wanted: list[tuple[Incoming, str]]) -> None:
        """Several tables that want one name: they are joined where the plan says how, else it is a conflict."""
        first, first_old = wanted[0]
        one = first.database.schema.shapes[first_old]
        for incoming, old in wanted[1:]:
            other = incoming.database.schema.shapes[old]
            about = f"{name} is also the name of {first_old} in {first.path}"
            differences = _differences(one, other)
            keys = _common_keys(first, one, incoming, other)
            details = "; ".join([about, *differences, *([f"{keys} keys are in both"] if keys else [])])
            overlap = incoming.tables[old].overlap
            if overlap is None or one.kind != "table" or other.kind != "table" or first is incoming:
                hint = "give it another name" + (', or overlap = "refuse", "first", "last" or "renumber"' if one.kind
                                                 == other.kind == "table" else "")  # fmt: skip
                self._conflict("name", incoming, old, details, hint)
            elif overlap == "renumber" and one.integer_key is None:
                self._conflict(
                    "keys", incoming, old, f"{details}; only a number as key can be renumbered", "first or last"
                )
            elif overlap == "refuse" and keys:
                self._conflict("keys", incoming, old, details, 'overlap = "first", "last" or "renumber"')


def _differences(one: Shape, other: Shape) -> list[str]:
    """How the columns of two tables differ, for people."""
    ours = {each.name.lower(): each for each in one.columns}
    theirs = {each.name.lower(): each for each in other.columns}
    found = []
    if missing := [each.name for name, each in ours.items() if name not in theirs]:
        found.append(f"without columns {', '.join(missing)}")
    if added := [each.name for name, each in theirs.items() if name not in ours]:
        found.append(f"with other columns {', '.join(added)}")
    kinds = {
        name: (theirs[name].declared.upper(), each.declared.upper()) for name, each in ours.items() if name in theirs
    }
    found += [
        f"{name} is {their or 'of any type'}, not {our or 'of any type'}"
        for name, (their, our) in kinds.items()
        if their != our
    ]
    return found


def _common_keys(first: Incoming, one: Shape, second: Incoming, other: Shape) -> int:
    """How many keys are in both tables."""
    key = one.key
    if not key or {name.lower() for name in key} != {name.lower() for name in other.key}:
        return 0
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None, uri=True)) as connection:
        for name, each in (("one", first), ("other", second)):
            connection.execute(f"ATTACH ? AS {name}", (uri(each.path, "mode=ro"),))
        same = " AND ".join(f"a.{quoted(name)} = b.{quoted(name)}" for name in key)
        sql = f"SELECT count(*) FROM one.{quoted(one.name)} AS a JOIN other.{quoted(other.name)} AS b ON {same}"
        (count,) = connection.execute(sql).fetchone()
    return int(count)

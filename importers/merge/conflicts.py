"""What stands in a plan's way, found by reading only, before anything happens."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from telemetry_store import TableNameError, check_table_name
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.foreign import moment_of
from telemetry_store.engines.sqlite.open import Access, Connection, OperationalError, in_memory, uri
from telemetry_store.engines.sqlite.shape import Column, Kind, Schema, Shape, read_schema

from .comparison import count
from .merge_plan import Action, Overlap, Views, Violations, tables_of, view_of
from .old_database import look
from .rename import Renamed, rename

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from .merge_plan import DatabasePlan, Plan, TablePlan
    from .old_database import OldDatabase


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that must be decided in the plan.

    Attributes:
        kind: in a word: gone, unreadable, unplanned, unknown, impossible, cut, reference, violations, name, keys, view.
        database: path of the file.
        table: its old name; empty where it is about the whole file.
        message, hint: what is wrong, and what to write into the plan.
    """

    kind: str
    database: str
    table: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """One database that is to be merged.

    Attributes:
        database: what is in it.
        tables: old name → plan, of what is brought over.
        renamed: its schema under the new names.
    """

    database: OldDatabase
    tables: dict[str, TablePlan]
    renamed: Renamed

    @property
    def path(self) -> str:
        """Of the file, absolute."""
        return os.path.abspath(self.database.path)

    def shape(self, old: str) -> Shape:
        """What a table is, by its old name."""
        return self.database.schema.shapes[old]


#: A table of a database, by its old name.
_Table: TypeAlias = tuple[Incoming, str]


@dataclass(slots=True)
class Examination:
    """What a plan would do, and what stands in its way."""

    incoming: list[Incoming] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def examine(plan: Plan, target: str) -> Examination:
    """Find everything that must be decided before a merge into a database, which need not exist."""
    examination = Examination()
    for database in plan.databases:
        if database.action == Action.MERGE:
            _Examiner(database, examination).run()
        elif database.action == Action.DELETE and not os.path.exists(database.path):
            examination.notes.append(f"{database.path} is gone already")
    _Names(plan, _names_in(target), examination).run()
    return examination


def _names_in(target: str) -> set[str]:
    """Names that a database has given away already, in small letters."""
    if not os.path.exists(target):
        return set()
    with moment_of(target) as connection:
        schema = read_schema(connection)
    return {*schema.by_name, *(index.name.lower() for index in schema.indexes)}


@dataclass(frozen=True, slots=True)
class _Examiner:
    """Looks into one database of the plan."""

    _plan: DatabasePlan
    _examination: Examination

    def _conflict(self, kind: str, table: str, message: str, hint: str) -> None:
        self._examination.conflicts.append(Conflict(kind, self._plan.path, table, message, hint))

    def run(self) -> None:
        if not os.path.exists(self._plan.path):
            self._conflict("gone", "", "there is no such file", 'action = "skip"')
            return
        database = look(self._plan.path)
        if database.problem:
            self._conflict("unreadable", "", database.problem, 'action = "skip"')
            return
        planned, shapes = tables_of(self._plan, database), database.schema.shapes
        self._compare(planned, database.schema)
        merged = {name: table for name, table in planned.items() if table.action == Action.MERGE}
        tables = {name: table for name, table in merged.items() if name in shapes}
        renamed = rename(database.schema, {name: table.name for name, table in tables.items()})
        self._judge(renamed, planned.keys() - merged.keys())
        self._check_references(database.schema, tables)
        self._check_rows([name for name in tables if shapes[name].kind is Kind.TABLE])
        tables = {name: table for name, table in tables.items() if name in renamed.names}
        self._examination.incoming.append(Incoming(database, tables, renamed))

    def _compare(self, planned: dict[str, TablePlan], schema: Schema) -> None:
        """Every table must be in the plan, and the other way round; indexes and triggers may."""
        for name, shape in schema.shapes.items():
            if name not in planned and shape.kind is not Kind.SHADOW:
                message = "the plan does not say what becomes of it"
                self._conflict("unplanned", name, message, "write the plan anew, or add it")
        parts = {part.name for part in (*schema.indexes, *schema.triggers)}
        for name in sorted(planned.keys() - schema.shapes.keys() - parts):
            self._conflict("unknown", name, "there is no such table", "remove it from the plan")

    def _judge(self, renamed: Renamed, left_out: AbstractSet[str]) -> None:
        """What cannot be made under its new name must be left out by the plan."""
        for name, reason in renamed.broken.items():
            note = f"{self._plan.path}: {name} does not work there either, and is left out: {reason}"
            self._examination.notes.append(note)
        for reasons, kind in ((renamed.impossible, "impossible"), (renamed.cut, "cut")):
            for name in sorted(reasons.keys() - left_out):
                hint = f'tables."{name}" = {{ action = "skip" }}'
                self._conflict(kind, name, f"cannot come along: {reasons[name]}", hint)

    def _check_references(self, schema: Schema, tables: dict[str, TablePlan]) -> None:
        """Foreign keys must not lead to a table that is left out."""
        shapes = schema.by_name
        for name in tables:
            for reference in schema.shapes[name].references:
                parent = shapes.get(reference.table.lower())
                if parent is not None and parent.name not in tables:
                    self._conflict("reference", name, f"its foreign key leads to {parent.name}, which is left out",
                                   f"merge {parent.name} as well, or leave out {name}")  # fmt: skip

    def _check_rows(self, tables: list[str]) -> None:
        """Rows whose foreign keys lead nowhere come along only where the plan says so."""
        with moment_of(self._plan.path) as connection:
            violations = sum(count_violations(connection, name) for name in tables)
        if violations and self._plan.violations == Violations.REFUSE:
            message = f"{violations} rows have foreign keys that lead nowhere"
            self._conflict("violations", "", message, 'violations = "keep", or repair them')


def count_violations(connection: Connection, table: str, database: str = "main") -> int:
    """How many foreign keys of a table's rows lead nowhere."""
    try:
        return len(connection.execute(f"PRAGMA {quoted(database)}.foreign_key_check({quoted(table)})").fetchall())
    except OperationalError:  # a parent without the unique key that a foreign key needs
        return 0


class _Names:
    """Who wants which name in the target, where some are taken."""

    def __init__(self, plan: Plan, taken: set[str], examination: Examination) -> None:
        self._plan, self._taken, self._examination = plan, taken, examination
        self._tables: dict[str, list[_Table]] = defaultdict(list)
        self._views: dict[str, list[_Table]] = defaultdict(list)

    def _conflict(self, kind: str, table: _Table, message: str, hint: str) -> None:
        self._examination.conflicts.append(Conflict(kind, table[0].path, table[1], message, hint))

    def run(self) -> None:
        for incoming in self._examination.incoming:
            for old in incoming.tables:
                self._want((incoming, old))
        for name, tables in self._tables.items():
            if name in self._taken:
                for table in tables:
                    self._conflict("name", table, f"the database has a {name} already", "give it another name")
            else:
                for table in tables[1:]:
                    self._judge_shared(name, tables[0], table)
        for name, tables in self._views.items():
            self._judge_view(name, tables)

    def _want(self, table: _Table) -> None:
        incoming, old = table
        plan = incoming.tables[old]
        try:
            check_table_name(plan.name)
        except TableNameError as error:
            self._conflict("name", table, str(error), "give it another name")
        self._tables[plan.name.lower()].append(table)
        if view_of(self._plan, plan, incoming.shape(old)) != Views.NONE and old.lower() != plan.name.lower():
            self._views[old.lower()].append(table)

    def _judge_view(self, name: str, tables: list[_Table]) -> None:
        """One view may stand for several tables that become one."""
        if name in self._taken or name in self._tables:
            holder = "the database" if name in self._taken else "another table"
        elif len({incoming.tables[old].name.lower() for incoming, old in tables}) > 1:
            holder, tables = tables[0][0].path, tables[1:]
        else:
            return
        for table in tables:
            message = f"its old name {table[1]} is taken by {holder}"
            self._conflict("view", table, message, 'view = "none" for one of them')

    def _judge_shared(self, name: str, first: _Table, second: _Table) -> None:
        """Two tables that want one name: they are joined where the plan says how, else it is a conflict."""
        one, other = (incoming.shape(old) for incoming, old in (first, second))
        keys = _common_keys(first, second)
        about = [f"{name} is also the name of {one.name} in {first[0].path}", *_differences(one, other)]
        details = "; ".join([*about, *([f"{keys} keys are in both"] if keys else [])])
        overlap = second[0].tables[other.name].overlap
        are_tables = one.kind is other.kind is Kind.TABLE
        if overlap is None or not are_tables or first[0] is second[0]:
            choices = ', or overlap = "refuse", "first", "last" or "renumber"' if are_tables else ""
            self._conflict("name", second, details, f"give it another name{choices}")
        elif overlap == Overlap.RENUMBER and one.integer_key is None:
            self._conflict("keys", second, f"{details}; only a number as key can be renumbered", "first or last")
        elif overlap == Overlap.REFUSE and keys:
            self._conflict("keys", second, details, 'overlap = "first", "last" or "renumber"')


def _differences(one: Shape, other: Shape) -> list[str]:
    ours = {column.name.lower(): column for column in one.columns}
    theirs = {column.name.lower(): column for column in other.columns}
    differences = []
    if missing := [column.name for name, column in ours.items() if name not in theirs]:
        differences.append(f"without columns {', '.join(missing)}")
    if added := [column.name for name, column in theirs.items() if name not in ours]:
        differences.append(f"with other columns {', '.join(added)}")
    return differences + [
        f"{name} is {_type_of(theirs[name])}, not {_type_of(column)}"
        for name, column in ours.items()
        if name in theirs and theirs[name].declared.upper() != column.declared.upper()
    ]


def _type_of(column: Column) -> str:
    return column.declared.upper() or "of any type"


def _common_keys(first: _Table, second: _Table) -> int:
    """How many keys are in both tables."""
    one, other = (incoming.shape(old) for incoming, old in (first, second))
    if {name.lower() for name in one.key} != {name.lower() for name in other.key} or not one.key:
        return 0
    with contextlib.closing(in_memory()) as connection:
        for name, (incoming, _) in (("one", first), ("other", second)):
            connection.execute(f"ATTACH ? AS {name}", (uri(incoming.path, Access.READ),))
        same = " AND ".join(f"a.{quoted(name)} = b.{quoted(name)}" for name in one.key)
        return count(connection, f"one.{quoted(one.name)} AS a JOIN other.{quoted(other.name)} AS b ON {same}")

"""What stands in a plan's way, found by reading only, before anything happens."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

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
    from .merge_plan import DatabasePlan, Plan, TablePlan
    from .old_database import OldDatabase


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that must be decided in the plan.

    Attributes:
        kind: in a word: gone, unreadable, unplanned, unknown, impossible, cut, reference, violations, name, keys, view.
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
    """

    plan: DatabasePlan
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


@dataclass(slots=True)
class Examination:
    """What a plan would do, and what stands in its way."""

    incoming: list[Incoming] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def examine(plan: Plan, target: str) -> Examination:
    """Find everything that must be decided before a merge.

    Args:
        plan: to be carried out.
        target: path of the database to merge into; it need not exist.
    """
    examination = Examination()
    for database in plan.databases:
        if database.action == Action.MERGE:
            _Examiner(database, examination).examine()
        elif database.action == Action.DELETE and not os.path.exists(database.path):
            examination.notes.append(f"{database.path} is gone already")
    names = _Names(plan, _schema_of(target), examination)
    for incoming in examination.incoming:
        names.take(incoming)
    names.judge()
    return examination


def _schema_of(target: str) -> Schema:
    if not os.path.exists(target):
        return Schema({})
    with moment_of(target) as connection:
        return read_schema(connection)


@dataclass(frozen=True, slots=True)
class _Examiner:
    """Looks into one database of the plan."""

    _plan: DatabasePlan
    _examination: Examination

    def _conflict(self, kind: str, table: str, message: str, hint: str) -> None:
        self._examination.conflicts.append(Conflict(kind, self._plan.path, table, message, hint))

    def examine(self) -> None:
        if not os.path.exists(self._plan.path):
            self._conflict("gone", "", "there is no such file", 'action = "skip"')
            return
        database = look(self._plan.path)
        if database.problem:
            self._conflict("unreadable", "", database.problem, 'action = "skip"')
            return
        planned, shapes = tables_of(self._plan, database), database.schema.shapes
        self._compare(planned, database.schema)
        tables = {name: table for name, table in planned.items()
                  if table.action == Action.MERGE and name in shapes}  # fmt: skip
        renamed = rename(database.schema, {name: table.name for name, table in tables.items()})
        self._judge(renamed, {name for name, table in planned.items() if table.action != Action.MERGE})
        self._check_references(database.schema, tables)
        self._check_rows([name for name in tables if shapes[name].kind is Kind.TABLE])
        tables = {name: table for name, table in tables.items() if name in renamed.names}
        self._examination.incoming.append(Incoming(self._plan, database, tables, renamed))

    def _compare(self, planned: dict[str, TablePlan], schema: Schema) -> None:
        """Every table must be in the plan, and the other way round; indexes and triggers may."""
        for name, shape in schema.shapes.items():
            if name not in planned and shape.kind is not Kind.SHADOW:
                message = "the plan does not say what becomes of it"
                self._conflict("unplanned", name, message, "write the plan anew, or add it")
        parts = {part.name for part in (*schema.indexes, *schema.triggers)}
        for name in sorted(planned.keys() - schema.shapes.keys() - parts):
            self._conflict("unknown", name, "there is no such table", "remove it from the plan")

    def _judge(self, renamed: Renamed, left_out: set[str]) -> None:
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
    """Who wants which name in the target."""

    def __init__(self, plan: Plan, target: Schema, examination: Examination) -> None:
        self._plan = plan
        self._examination = examination
        self._there = {*target.by_name, *(index.name.lower() for index in target.indexes)}
        self._tables: dict[str, list[tuple[Incoming, str]]] = defaultdict(list)
        self._views: dict[str, list[tuple[Incoming, str]]] = defaultdict(list)

    def take(self, incoming: Incoming) -> None:
        for old, table in incoming.tables.items():
            try:
                check_table_name(table.name)
            except TableNameError as error:
                self._conflict("name", incoming, old, str(error), "give it another name")
            self._tables[table.name.lower()].append((incoming, old))
            view = view_of(self._plan, table, incoming.shape(old))
            if view != Views.NONE and old.lower() != table.name.lower():
                self._views[old.lower()].append((incoming, old))

    def _conflict(self, kind: str, incoming: Incoming, table: str, message: str, hint: str) -> None:
        self._examination.conflicts.append(Conflict(kind, incoming.path, table, message, hint))

    def judge(self) -> None:
        for name, wanted in self._tables.items():
            if name in self._there:
                for incoming, old in wanted:
                    self._conflict("name", incoming, old, f"the database has a {name} already", "give it another name")
            elif len(wanted) > 1:
                for incoming, old in wanted[1:]:
                    self._judge_shared(name, *wanted[0], incoming, old)
        for name, wanted in self._views.items():
            self._judge_view(name, wanted)

    def _judge_view(self, name: str, wanted: list[tuple[Incoming, str]]) -> None:
        goals = {incoming.tables[old].name.lower() for incoming, old in wanted}
        taken = name in self._there or name in self._tables
        if not taken and len(goals) == 1:
            return
        others = "the database" if name in self._there else "another table"
        hint = 'view = "none" for one of them'
        for incoming, old in wanted if taken else wanted[1:]:
            by = others if taken else wanted[0][0].path
            self._conflict("view", incoming, old, f"its old name {old} is taken by {by}", hint)

    def _judge_shared(self, name: str, first: Incoming, first_old: str, incoming: Incoming, old: str) -> None:
        """Two tables that want one name: they are joined where the plan says how, else it is a conflict."""
        one, other = first.shape(first_old), incoming.shape(old)
        keys = _common_keys(first, one, incoming, other)
        about = [f"{name} is also the name of {first_old} in {first.path}", *_differences(one, other)]
        details = "; ".join([*about, *([f"{keys} keys are in both"] if keys else [])])
        overlap = incoming.tables[old].overlap
        are_tables = one.kind is other.kind is Kind.TABLE
        if overlap is None or not are_tables or first is incoming:
            choices = ', or overlap = "refuse", "first", "last" or "renumber"' if are_tables else ""
            self._conflict("name", incoming, old, details, f"give it another name{choices}")
        elif overlap == Overlap.RENUMBER and one.integer_key is None:
            message = f"{details}; only a number as key can be renumbered"
            self._conflict("keys", incoming, old, message, "first or last")
        elif overlap == Overlap.REFUSE and keys:
            self._conflict("keys", incoming, old, details, 'overlap = "first", "last" or "renumber"')


def _differences(one: Shape, other: Shape) -> list[str]:
    """How the columns of two tables differ, for people."""
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


def _common_keys(first: Incoming, one: Shape, second: Incoming, other: Shape) -> int:
    """How many keys are in both tables."""
    key = one.key
    if not key or {name.lower() for name in key} != {name.lower() for name in other.key}:
        return 0
    with contextlib.closing(in_memory()) as connection:
        for name, path in (("one", first.path), ("other", second.path)):
            connection.execute(f"ATTACH ? AS {name}", (uri(path, Access.READ),))
        same = " AND ".join(f"a.{quoted(name)} = b.{quoted(name)}" for name in key)
        return count(connection, f"one.{quoted(one.name)} AS a JOIN other.{quoted(other.name)} AS b ON {same}")

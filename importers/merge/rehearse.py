"""The rehearsal: everything is merged into a copy of the database first, and compared with where it came from.

What is proven there is then copied into the database in one transaction (`publish.py`), so that the names, the
rewritten statements and the joined rows are made only once.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.open import Access, Connection, Error, connect, uri
from telemetry_store.engines.sqlite.shape import Kind, Shape, read_schema

from .comparison import count
from .failure import MergeFailed
from .journal import MergedKind, MergedTable
from .lexer import with_name
from .merge_plan import Overlap, Views, view_of
from .rows import add_columns, copy_rows, join_rows, set_counter, shadows_of, shift_for
from .views import make_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conflicts import Incoming
    from .merge_plan import Plan

#: The copy is written once and by nobody else: nothing is kept to undo it, and nothing is synchronised.
_SETTINGS = ("journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE",
             "foreign_keys = 0", "cache_size = -64000")  # fmt: skip
#: The name that an old database is attached under.
_SOURCE = "source"


@dataclass(slots=True)
class Rehearsed:
    """What the rehearsal has made, in the order in which it is to be made again.

    Attributes:
        tables: and views.
        indexes, triggers: their names.
        shadows: name of a virtual table → what the names of its own tables end with.
        altered: tables whose rows are not just those of one old table: joined, or with numbers changed.
        notes: what people should know.
    """

    tables: list[MergedTable] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    shadows: dict[str, list[str]] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def rehearse(
    copy: str, plan: Plan, sources: list[tuple[Incoming, str]], progress: Callable[[str, int], None]
) -> Rehearsed:
    """Merge into a copy of the database.

    Args:
        copy: path of the copy; nobody else has it, and it may be spoilt.
        plan: to be carried out.
        sources: what to merge, each with the path of its backup.
        progress: called with a file's path and the bytes done.

    Raises:
        MergeFailed: rows were refused, or are not what they were.
    """
    with contextlib.closing(connect(copy, Access.CREATE)) as connection:
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        rehearsal = _Rehearsal(connection, plan)
        for incoming, backup in sources:
            connection.execute(f"ATTACH ? AS {_SOURCE}", (uri(backup, Access.IMMUTABLE),))
            connection.execute("BEGIN")
            rehearsal.bring(incoming)
            connection.execute("COMMIT")
            connection.execute(f"DETACH {_SOURCE}")
            progress(incoming.path, incoming.database.size)
        for incoming, _ in sources:
            rehearsal.alias(incoming)
        return rehearsal.rehearsed


class _Rehearsal:
    def __init__(self, connection: Connection, plan: Plan) -> None:
        self._connection = connection
        self._plan = plan
        self._taken = {name.lower() for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        self._aliases: set[str] = set()
        #: Name of a table in small letters → its place among those that are made.
        self._places: dict[str, int] = {}
        self.rehearsed = Rehearsed()

    def bring(self, incoming: Incoming) -> None:
        """Make one file's tables with their rows, then its views, then its triggers."""
        shifts = self._shifts(incoming)
        joined = set()
        shapes = [(old, shape) for old, new in incoming.renamed.names.items()
                  if (shape := incoming.renamed.schema.shapes.get(new)) is not None]  # fmt: skip
        for old, shape in shapes:
            if shape.kind is Kind.VIEW:
                continue
            if shape.name.lower() in self._places:
                joined.add(shape.name.lower())
                self._join(incoming, old, shape, shifts.get(old, {}))
            else:
                self._make(incoming, old, shape, shifts.get(old, {}))
        for old, shape in shapes:
            if shape.kind is Kind.VIEW:
                self._execute(shape.name, shape.sql)
                self._note(incoming, old, shape, 0)
        self._set_counters(incoming)
        for trigger in incoming.renamed.schema.triggers:
            if trigger.table.lower() not in joined or not self._has_trigger(trigger.name, trigger.sql):
                self.rehearsed.triggers.append(self._execute_free(trigger.name, trigger.sql))

    def _note(self, incoming: Incoming, old: str, shape: Shape, rows: int) -> None:
        kind, doc = MergedKind(shape.kind), incoming.tables[old].doc
        if kind is MergedKind.TABLE:
            self._places[shape.name.lower()] = len(self.rehearsed.tables)
        self.rehearsed.tables.append(MergedTable(shape.name, kind, incoming.path, old, rows, doc=doc))

    def _execute(self, name: str, sql: str) -> None:
        try:
            self._connection.execute(sql)
        except Error as error:
            raise MergeFailed(f"{name} cannot be made: {error}") from error
        self._taken.add(name.lower())

    def _execute_free(self, name: str, sql: str) -> str:
        """Make an index or trigger under its name, or under another where that is taken; gives the name."""
        free = self._free(name)
        self._execute(free, sql if free == name else with_name(sql, free))
        return free

    def _free(self, name: str) -> str:
        """The name, or one that nothing has yet."""
        if name.lower() not in self._taken:
            return name
        number = next(number for number in range(2, 1 << 20) if f"{name}_{number}".lower() not in self._taken)
        self.rehearsed.notes.append(f"{name} is called {name}_{number}, since there is one already")
        return f"{name}_{number}"

    def _make(self, incoming: Incoming, old: str, shape: Shape, shifts: dict[str, int]) -> None:
        if shifts:
            self.rehearsed.altered.add(shape.name)
        self._execute(shape.name, shape.sql)
        rows = 0
        if shape.kind is Kind.VIRTUAL:
            self._fill_virtual(incoming, old, shape)
        else:
            for index in incoming.renamed.schema.indexes:
                if index.table.lower() == shape.name.lower():
                    self.rehearsed.indexes.append(self._execute_free(index.name, index.sql))
            self._copy(shape, old, shape.name, shifts)
            rows = count(self._connection, quoted(shape.name))
        self._note(incoming, old, shape, rows)

    def _copy(self, shape: Shape, old: str, new: str, shifts: dict[str, int]) -> None:
        try:
            is_same = copy_rows(self._connection, shape, f"{_SOURCE}.{quoted(old)}", quoted(new), shifts)
        except Error as error:
            raise MergeFailed(f"the rows of {old} cannot be copied: {error}") from error
        if not is_same:
            raise MergeFailed(f"{new} has not got the rows of {old} as they were")

    def _fill_virtual(self, incoming: Incoming, old: str, shape: Shape) -> None:
        """A virtual table keeps its rows in tables of its own; they are copied as they are."""
        ends = self.rehearsed.shadows[shape.name] = shadows_of(incoming.database.schema, old)
        for end in ends:
            self._connection.execute(f"DELETE FROM {quoted(f'{shape.name}_{end}')}")
            self._copy(incoming.shape(f"{old}_{end}"), f"{old}_{end}", f"{shape.name}_{end}", {})

    def _has_trigger(self, name: str, sql: str) -> bool:
        """Whether a table that this one was joined to has brought the same trigger, whatever its name."""
        rows = self._connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        return with_name(sql, name) in [with_name(other, name) for (other,) in rows]

    def _join(self, incoming: Incoming, old: str, shape: Shape, shifts: dict[str, int]) -> None:
        into = self._shape(shape.name)
        overlap = incoming.tables[old].overlap or Overlap.REFUSE
        if added := add_columns(self._connection, into, shape):
            note = f"{into.name} has got the columns {', '.join(added)} of {old} in {incoming.path}"
            self.rehearsed.notes.append(note)
            into = self._shape(shape.name)
        join_rows(self._connection, shape, f"{_SOURCE}.{quoted(old)}", into, overlap, shifts)
        rows = count(self._connection, quoted(into.name))
        place = self._places[shape.name.lower()]
        table = self.rehearsed.tables[place]
        self.rehearsed.altered.add(table.name)
        self.rehearsed.tables[place] = replace(table, rows=rows, joined=(*table.joined, incoming.path))

    def _shape(self, name: str) -> Shape:
        return read_schema(self._connection).by_name[name.lower()]

    def _shifts(self, incoming: Incoming) -> dict[str, dict[str, int]]:
        """Old table → column → what is added to its numbers, where a table that it is or refers to is renumbered."""
        by_table: dict[str, int] = {}
        for old, plan in incoming.tables.items():
            if plan.overlap == Overlap.RENUMBER and plan.name.lower() in self._places:
                source, into = f"{_SOURCE}.{quoted(old)}", self._shape(plan.name)
                by_table[old.lower()] = shift_for(self._connection, incoming.shape(old), source, into)
        shifts: dict[str, dict[str, int]] = {}
        for old in incoming.tables:
            shape = incoming.shape(old)
            columns = {
                reference.columns[0]: by_table[reference.table.lower()]
                for reference in shape.references
                if reference.table.lower() in by_table and len(reference.columns) == 1
            }
            if old.lower() in by_table:
                columns[str(shape.integer_key)] = by_table[old.lower()]
            if columns:
                shifts[old] = columns
        return shifts

    def _set_counters(self, incoming: Incoming) -> None:
        for old, number in incoming.database.schema.counters:
            new = incoming.renamed.names.get(old)
            if new is not None:
                set_counter(self._connection, new, number)

    def alias(self, incoming: Incoming) -> None:
        """Views under the old names."""
        for old, plan in incoming.tables.items():
            shape = incoming.renamed.schema.shapes.get(plan.name)
            wanted = Views.NONE if shape is None else view_of(self._plan, plan, shape)
            if wanted == Views.NONE or old.lower() in (plan.name.lower(), *self._aliases):
                continue
            self._aliases.add(old.lower())
            view, *triggers = make_view(old, self._shape(plan.name), writable=wanted == Views.WRITE)
            self._execute(old, view)
            self.rehearsed.tables.append(MergedTable(old, MergedKind.ALIAS, incoming.path, old))
            for event, sql in triggers:
                name = self._free(f"{old}_{event}")
                self._execute(name, f"CREATE TRIGGER {quoted(name)} {sql}")
                self.rehearsed.triggers.append(name)

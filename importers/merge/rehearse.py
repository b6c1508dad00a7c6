"""The rehearsal: everything is merged into a copy of the database first, and compared with where it came from.

What is proven there is then copied into the database in one transaction (`publish.py`), so that the names, the
rewritten statements and the joined rows are made only once.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.open import Access, Connection, Error, connect, uri
from telemetry_store.engines.sqlite.shape import Kind, Shape, read_schema

from .comparison import UNSHIFTED
from .comparison import count as row_count
from .failure import MergeFailed
from .journal import MergedKind, MergedTable, MergeRecord
from .lexer import with_name
from .merge_plan import Overlap, Views, view_of
from .rows import add_columns, copy_rows, join_rows, set_counter, shadows_of, shift_for
from .views import triggers_of, view_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .conflicts import Incoming
    from .merge_plan import Plan

#: The copy is written once and by nobody else: nothing is kept to undo it, and nothing is synchronised.
_SETTINGS = ("journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE",
             "foreign_keys = 0", "cache_size = -64000")  # fmt: skip
#: The name that an old database is attached under.
_SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the rehearsal has made.

    Attributes:
        record: the tables, indexes and triggers, in the order in which they are to be made again.
        shadows: name of a virtual table → what the names of its own tables end with.
        altered: tables whose rows are not just those of one old table: joined, or with numbers changed.
        notes: what people should know.
    """

    record: MergeRecord
    shadows: dict[str, list[str]]
    altered: set[str]
    notes: list[str]


def rehearse(
    record: MergeRecord, plan: Plan, sources: list[tuple[Incoming, str]], progress: Callable[[str, int], None]
) -> Rehearsed:
    """Merge each database from its backup into the record's copy, which nobody else has, and which may be spoilt.

    Raises:
        MergeFailed: rows were refused, or are not what they were.
    """
    with contextlib.closing(connect(record.rehearsal, Access.CREATE)) as connection:
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
        for incoming, _ in sources:  # when all tables are there, since two of them may want one view
            rehearsal.alias(incoming)
        return rehearsal.outcome(record)


class _Rehearsal:
    def __init__(self, connection: Connection, plan: Plan) -> None:
        self._connection = connection
        self._plan = plan
        self._taken = {name.lower() for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        self._aliases: set[str] = set()
        self._tables: list[MergedTable] = []
        #: Name of a table in small letters → its place among those.
        self._places: dict[str, int] = {}
        self._indexes: list[str] = []
        self._triggers: list[str] = []
        self._shadows: dict[str, list[str]] = {}
        self._altered: set[str] = set()
        self._notes: list[str] = []

    def outcome(self, record: MergeRecord) -> Rehearsed:
        tables, indexes, triggers = tuple(self._tables), tuple(self._indexes), tuple(self._triggers)
        record = replace(record, tables=tables, indexes=indexes, triggers=triggers)
        return Rehearsed(record, self._shadows, self._altered, self._notes)

    def bring(self, incoming: Incoming) -> None:
        """Make one file's tables with their rows, then its views, then its triggers."""
        shifts, schema = self._shifts(incoming), incoming.renamed.schema
        shapes = [(old, schema.shapes[new]) for old, new in incoming.renamed.names.items() if new in schema.shapes]
        joined = set()
        for old, shape in sorted(shapes, key=lambda pair: pair[1].kind is Kind.VIEW):
            if shape.name.lower() in self._places:
                joined.add(shape.name.lower())
                self._join(incoming, old, shape, shifts[old])
            else:
                self._make(incoming, old, shape, shifts[old])
        self._set_counters(incoming)
        for trigger in schema.triggers:
            if trigger.table.lower() not in joined or not self._has_trigger(trigger.name, trigger.sql):
                self._triggers.append(self._execute_free(trigger.name, trigger.sql))

    def _execute(self, name: str, sql: str) -> None:
        try:
            self._connection.execute(sql)
        except Error as error:
            raise MergeFailed(f"{name} cannot be made: {error}") from error
        self._taken.add(name.lower())

    def _execute_free(self, name: str, sql: str) -> str:
        """Make an index or trigger under its name, or under another where that is taken; gives the name."""
        free = name
        if name.lower() in self._taken:
            free = next(free for number in count(2) if (free := f"{name}_{number}").lower() not in self._taken)
            self._notes.append(f"{name} is called {free}, since there is one already")
        self._execute(free, sql if free == name else with_name(sql, free))
        return free

    def _make(self, incoming: Incoming, old: str, shape: Shape, shifts: dict[str, int]) -> None:
        self._execute(shape.name, shape.sql)
        rows = 0
        if shape.kind is Kind.VIRTUAL:
            self._fill_virtual(incoming, old, shape.name)
        elif shape.kind is Kind.TABLE:
            for index in incoming.renamed.schema.indexes:
                if index.table.lower() == shape.name.lower():
                    self._indexes.append(self._execute_free(index.name, index.sql))
            self._copy(shape, old, shape.name, shifts)
            rows = row_count(self._connection, quoted(shape.name))
            self._places[shape.name.lower()] = len(self._tables)
            if shifts:
                self._altered.add(shape.name)
        kind, doc = MergedKind(shape.kind), incoming.tables[old].doc
        self._tables.append(MergedTable(shape.name, kind, incoming.path, old, rows, doc=doc))

    def _copy(self, shape: Shape, old: str, new: str, shifts: Mapping[str, int] = UNSHIFTED) -> None:
        try:
            is_same = copy_rows(self._connection, shape, f"{_SOURCE}.{quoted(old)}", quoted(new), shifts)
        except Error as error:
            raise MergeFailed(f"the rows of {old} cannot be copied: {error}") from error
        if not is_same:
            raise MergeFailed(f"{new} has not got the rows of {old} as they were")

    def _fill_virtual(self, incoming: Incoming, old: str, new: str) -> None:
        """A virtual table keeps its rows in tables of its own; they are copied as they are."""
        ends = self._shadows[new] = shadows_of(incoming.database.schema, old)
        for end in ends:
            self._connection.execute(f"DELETE FROM {quoted(f'{new}_{end}')}")
            self._copy(incoming.shape(f"{old}_{end}"), f"{old}_{end}", f"{new}_{end}")

    def _has_trigger(self, name: str, sql: str) -> bool:
        """Whether a table that this one was joined to has brought the same trigger, whatever its name."""
        rows = self._connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        return with_name(sql, name) in [with_name(other, name) for (other,) in rows]

    def _join(self, incoming: Incoming, old: str, shape: Shape, shifts: dict[str, int]) -> None:
        into = self._shape(shape.name)
        overlap = incoming.tables[old].overlap or Overlap.REFUSE
        if added := add_columns(self._connection, into, shape):
            self._notes.append(f"{into.name} has got the columns {', '.join(added)} of {old} in {incoming.path}")
            into = self._shape(shape.name)
        join_rows(self._connection, shape, f"{_SOURCE}.{quoted(old)}", into, overlap, shifts)
        rows, place = row_count(self._connection, quoted(into.name)), self._places[shape.name.lower()]
        table = self._tables[place]
        self._altered.add(table.name)
        self._tables[place] = replace(table, rows=rows, joined=(*table.joined, incoming.path))

    def _shape(self, name: str) -> Shape:
        return read_schema(self._connection).by_name[name.lower()]

    def _shifts(self, incoming: Incoming) -> dict[str, dict[str, int]]:
        """Old table → column → what is added to its numbers, where a table that it is or refers to is renumbered."""
        by_table = {
            old.lower(): shift_for(
                self._connection, incoming.shape(old), f"{_SOURCE}.{quoted(old)}", self._shape(plan.name)
            )
            for old, plan in incoming.tables.items()
            if plan.overlap == Overlap.RENUMBER and plan.name.lower() in self._places
        }
        shifts: dict[str, dict[str, int]] = {}
        for old in incoming.tables:
            shape = incoming.shape(old)
            shifts[old] = {
                reference.columns[0]: by_table[reference.table.lower()]
                for reference in shape.references
                if reference.table.lower() in by_table and len(reference.columns) == 1
            }
            if old.lower() in by_table:
                shifts[old][str(shape.integer_key)] = by_table[old.lower()]
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
            table = self._shape(plan.name)
            self._execute(old, view_sql(old, table))
            self._tables.append(MergedTable(old, MergedKind.ALIAS, incoming.path, old))
            if wanted == Views.WRITE:
                self._triggers += [self._execute_free(*trigger) for trigger in triggers_of(old, table).items()]

"""The rehearsal: everything is merged into a copy of the database first, and compared with where it came from.

What is proven there is then copied into the database in one transaction (`run.py`), so that the names, the rewritten
statements and the joined rows are made only once.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite.names import quoted

from .content import count
from .failure import MergeFailed
from .join import add_columns, join_rows, shift_for
from .lexer import renamed
from .plan import view_of
from .rows import copy_rows, set_counter, shadows_of
from .shape import read_schema
from .source import uri
from .views import make_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conflicts import Incoming
    from .plan import Plan
    from .shape import Shape

_CACHE_KIB = 64_000
_SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Made:
    """One table or view that the merge makes.

    Attributes:
        name: of it.
        kind: table, virtual, view, or alias: a view under an old name.
        path, old: the file it comes from, and its name there.
        rows: how many it has; 0 for views.
        doc: what it means.
        joined: further files whose tables became one with it.
    """

    name: str
    kind: str
    path: str
    old: str
    rows: int = 0
    doc: str = ""
    joined: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self)


@dataclass(slots=True)
class Rehearsed:
    """What the rehearsal has made, in the order in which it is to be made again.

    Attributes:
        made: tables and views.
        indexes, triggers: their names.
        shadows: name of a virtual table → what the names of its own tables end with.
        altered: tables whose rows are not just those of one old table: joined, or with numbers changed.
        notes: what people should know.
    """

    made: list[Made] = field(default_factory=list)
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
    with contextlib.closing(sqlite3.connect(uri(copy, "mode=rwc"), uri=True, isolation_level=None)) as connection:
        for pragma in ("journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE",
                       "foreign_keys = 0", f"cache_size = -{_CACHE_KIB}"):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
        rehearsal = _Rehearsal(connection, plan)
        for incoming, backup in sources:
            connection.execute(f"ATTACH ? AS {_SOURCE}", (uri(backup, "immutable=1"),))
            connection.execute("BEGIN")
            rehearsal.bring(incoming)
            connection.execute("COMMIT")
            connection.execute(f"DETACH {_SOURCE}")
            progress(incoming.path, incoming.database.size)
        for incoming, _ in sources:
            rehearsal.alias(incoming)
        return rehearsal.done


class _Rehearsal:
    def __init__(self, connection: sqlite3.Connection, plan: Plan) -> None:
        self._connection = connection
        self._plan = plan
        self._taken = {name.lower() for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        self._aliases: set[str] = set()
        self.done = Rehearsed()

    def bring(self, incoming: Incoming) -> None:
        """Make one file's tables with their rows, then its views, then its triggers."""
        shifts = self._shifts(incoming)
        joined = set()
        for old, new in incoming.renamed.names.items():
            shape = incoming.renamed.schema.shapes.get(new)
            if shape is not None and shape.kind in ("table", "virtual"):
                if self._is_there(new):
                    joined.add(new.lower())
                    self._join(incoming, old, shape, shifts.get(old, {}))
                else:
                    self._make(incoming, old, shape, shifts.get(old, {}))
        for old, new in incoming.renamed.names.items():
            shape = incoming.renamed.schema.shapes.get(new)
            if shape is not None and shape.kind == "view":
                self._execute(new, shape.sql)
                self.done.made.append(Made(new, "view", incoming.path, old, doc=incoming.tables[old].doc))
        self._counters(incoming)
        for trigger in incoming.renamed.schema.triggers:
            self._trigger(trigger.name, trigger.sql, again=trigger.table.lower() in joined)

    def _is_there(self, name: str) -> bool:
        return any(each.kind == "table" and each.name.lower() == name.lower() for each in self.done.made)

    def _execute(self, name: str, sql: str) -> None:
        try:
            self._connection.execute(sql)
        except sqlite3.Error as error:
            raise MergeFailed(f"{name} cannot be made: {error}") from error
        self._taken.add(name.lower())

    def _make(self, incoming: Incoming, old: str, shape: Shape, shifts: dict[str, int]) -> None:
        if shifts:
            self.done.altered.add(shape.name)
        self._execute(shape.name, shape.sql)
        if shape.kind == "virtual":
            self._fill_virtual(incoming, old, shape)
        else:
            for index in incoming.renamed.schema.indexes:
                if index.table.lower() == shape.name.lower():
                    self._index(index.name, index.sql)
            self._copy(shape, old, shape.name, shifts)
        rows = 0 if shape.kind == "virtual" else count(self._connection, quoted(shape.name))
        made = Made(shape.name, shape.kind, incoming.path, old, rows, incoming.tables[old].doc)
        self.done.made.append(made)

    def _copy(self, shape: Shape, old: str, new: str, shifts: dict[str, int]) -> None:
        try:
            same = copy_rows(self._connection, shape, f"{_SOURCE}.{quoted(old)}", quoted(new), shifts)
        except sqlite3.Error as error:
            raise MergeFailed(f"the rows of {old} cannot be copied: {error}") from error
        if not same:
            raise MergeFailed(f"{new} has not got the rows of {old} as they were")

    def _fill_virtual(self, incoming: Incoming, old: str, shape: Shape) -> None:
        """A virtual table keeps its rows in tables of its own; they are copied as they are."""
        schema = incoming.database.schema
        ends = self.done.shadows[shape.name] = shadows_of(schema, old)
        for end in ends:
            self._connection.execute(f"DELETE FROM {quoted(f'{shape.name}_{end}')}")
            self._copy(schema.shapes[f"{old}_{end}"], f"{old}_{end}", f"{shape.name}_{end}", {})

    def _index(self, name: str, sql: str) -> None:
        free = self._free(name)
        self._execute(free, sql if free == name else renamed(sql, free))
        self.done.indexes.append(free)

    def _trigger(self, name: str, sql: str, *, again: bool) -> None:
        """A trigger; of a table that was joined to another only where that other has not the same one."""
        if again and self._has_trigger(name, sql):
            return
        free = self._free(name)
        self._execute(free, sql if free == name else renamed(sql, free))
        self.done.triggers.append(free)

    def _has_trigger(self, name: str, sql: str) -> bool:
        found = self._connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        return renamed(sql, name) in [renamed(each, name) for (each,) in found]

    def _free(self, name: str) -> str:
        """The name, or one that nothing has yet."""
        if name.lower() not in self._taken:
            return name
        number = next(number for number in range(2, 1 << 20) if f"{name}_{number}".lower() not in self._taken)
        self.done.notes.append(f"{name} is called {name}_{number}, since there is one already")
        return f"{name}_{number}"

    def _join(self, incoming: Incoming, old: str, shape: Shape, shifts: dict[str, int]) -> None:
        into = self._shape(shape.name)
        overlap = incoming.tables[old].overlap or "refuse"
        if added := add_columns(self._connection, into, shape):
            self.done.notes.append(f"{into.name} has got the columns {', '.join(added)} of {old} in {incoming.path}")
            into = self._shape(shape.name)
        join_rows(self._connection, shape, f"{_SOURCE}.{quoted(old)}", into, overlap, shifts)
        place = next(i for i, each in enumerate(self.done.made) if each.name.lower() == shape.name.lower())
        known = self.done.made[place]
        self.done.altered.add(known.name)
        rows = count(self._connection, quoted(into.name))
        self.done.made[place] = replace(known, rows=rows, joined=(*known.joined, incoming.path))

    def _shape(self, name: str) -> Shape:
        shapes = read_schema(self._connection).shapes
        return next(each for each in shapes.values() if each.name.lower() == name.lower())

    def _shifts(self, incoming: Incoming) -> dict[str, dict[str, int]]:
        """Old table → column → what is added to its numbers, where a table that it is or refers to is renumbered."""
        by_table: dict[str, int] = {}
        for old, plan in incoming.tables.items():
            shape = incoming.database.schema.shapes[old]
            if plan.overlap == "renumber" and self._is_there(plan.name):
                source = f"{_SOURCE}.{quoted(old)}"
                by_table[old.lower()] = shift_for(self._connection, shape, source, self._shape(plan.name))
        found: dict[str, dict[str, int]] = {}
        for old in incoming.tables:
            shape = incoming.database.schema.shapes[old]
            columns = {
                each.columns[0]: by_table[each.table.lower()]
                for each in shape.references
                if each.table.lower() in by_table and len(each.columns) == 1
            }
            if old.lower() in by_table:
                columns[str(shape.integer_key)] = by_table[old.lower()]
            if columns:
                found[old] = columns
        return found

    def _counters(self, incoming: Incoming) -> None:
        for old, number in incoming.database.schema.counters:
            new = incoming.renamed.names.get(old)
            if new is not None:
                set_counter(self._connection, new, number)

    def alias(self, incoming: Incoming) -> None:
        """Views under the old names."""
        for old, plan in incoming.tables.items():
            shape = incoming.renamed.schema.shapes.get(plan.name)
            wanted = "none" if shape is None else view_of(self._plan, plan, shape)
            if wanted == "none" or old.lower() in (plan.name.lower(), *self._aliases):
                continue
            self._aliases.add(old.lower())
            shape = self._shape(plan.name)
            view, *triggers = make_view(old, shape, writable=wanted == "write")
            self._execute(old, view)
            self.done.made.append(Made(old, "alias", incoming.path, old))
            for name, sql in ((self._free(f"{old}_{event}"), sql) for event, sql in triggers):
                self._execute(name, f"CREATE TRIGGER {quoted(name)} {sql}")
                self.done.triggers.append(name)

"""The schema of an old database under new names, rewritten by SQLite itself.

The schema is made once more in memory, without rows, and its tables are renamed there: SQLite then rewrites the
foreign keys, indexes, triggers, views and CHECKs that mention them. What SQLite refuses, or what does not work
before or after, is told with its reason.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.open import Connection, Error, OperationalError, in_memory
from telemetry_store.engines.sqlite.shape import Kind, Part, Schema, Shape, read_schema

from .lexer import argument, tokens, with_argument, with_name, with_timing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

#: What SQLite says of what only the application has.
_MISSING = re.compile(r"(?:unknown|no such) (function|collation sequence|module): (\S+)")
#: What SQLite says where a statement stands in the way of a new name.
_AT_FAULT = re.compile(r"error in (view|trigger|index) (.+?)(?: after rename)?: (.*)", re.DOTALL)
#: Names for as long as something has neither its old nor its new one.
_STAND_IN = "_merge_{}"
_INDEX = "_merge_index_{}"
#: A statement may want so many functions that are not there.
_MOST_MISSING = 100


@dataclass(slots=True)
class Renamed:
    """A schema under its new names.

    Attributes:
        schema: every statement, ready to be executed in this order: tables, indexes, views, triggers.
        names: old name → new name, of tables and views.
        broken: view or trigger → why it did not work before either; it is left out.
        cut: view or trigger → why it no longer works, because of what the plan leaves out.
        impossible: table, view or index → why it cannot be made here.
    """

    schema: Schema
    names: dict[str, str]
    broken: dict[str, str] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)
    impossible: dict[str, str] = field(default_factory=dict)


def rename(schema: Schema, names: Mapping[str, str]) -> Renamed:
    """Give the tables and views of an old schema new names; those that get none are left out."""
    # EXPLAIN of a statement that is kept would not notice that the schema has changed
    with contextlib.closing(in_memory(cached_statements=0)) as connection:
        connection.execute("PRAGMA foreign_keys = 0")
        connection.execute("PRAGMA legacy_alter_table = 0")
        clone = _Clone(connection, schema)
        clone.make()
        clone.drop_broken(clone.renamed.broken)
        clone.leave_out(schema.shapes.keys() - names.keys())
        clone.drop_broken(clone.renamed.cut)
        clone.rename({old: new for old, new in names.items() if old in clone.shapes})
        clone.renamed.schema = clone.finished()
        return clone.renamed


class _Clone:
    """The old schema in memory."""

    def __init__(self, connection: Connection, schema: Schema) -> None:
        self._connection = connection
        self._schema = schema
        self.renamed = Renamed(schema, {})
        #: What was made, without the shadow tables, which come by themselves.
        self.shapes: dict[str, Shape] = {}

    def make(self) -> None:
        for shape in self._schema.of_kind(Kind.TABLE, Kind.VIRTUAL):
            if self._make(shape.name, shape.sql):
                self.shapes[shape.name] = shape
        for number, index in enumerate(self._schema.indexes):
            if index.table in self.shapes:  # tables and indexes share their names, so indexes step aside
                self._make(index.name, with_name(index.sql, _INDEX.format(number)))
        for view in self._schema.of_kind(Kind.VIEW):
            if self._make(view.name, view.sql):
                self.shapes[view.name] = view
        for trigger in self._schema.triggers:
            if trigger.table in self.shapes:
                self._make(trigger.name, trigger.sql)

    def _make(self, name: str, sql: str) -> bool:
        """Execute a statement; where it needs what only the application has, note it and go on without."""
        try:
            self._connection.execute(sql)
        except Error as error:
            self.renamed.impossible[name] = str(error)
            return False
        return True

    def finished(self) -> Schema:
        """What the clone defines now, its indexes under their own names again."""
        schema = read_schema(self._connection)
        own = {_INDEX.format(number): index.name for number, index in enumerate(self._schema.indexes)}
        indexes = tuple(Part(own[index.name], index.table, with_name(index.sql, own[index.name]))
                        for index in schema.indexes if index.name in own)  # fmt: skip
        return replace(schema, indexes=indexes)

    def drop_broken(self, reasons: dict[str, str]) -> None:
        """Drop the views and triggers that do not work, and note why."""
        while broken := self._broken():
            for kind, name, reason in broken:
                reasons[name] = reason
                self._drop(kind, name)

    def _drop(self, kind: str, name: str) -> None:
        self._connection.execute(f"DROP {kind} IF EXISTS {quoted(name)}")
        self.shapes.pop(name, None)

    def _broken(self) -> list[tuple[str, str, str]]:
        """Views that do not work; where all of them do, triggers: kind, name and reason of each."""
        views = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
        reasons = {name: self._fails(f"SELECT 1 FROM {quoted(name)}") for (name,) in views}
        if any(reasons.values()):
            return [("VIEW", name, reason) for name, reason in reasons.items() if reason]
        shapes = read_schema(self._connection).by_name
        return [
            ("TRIGGER", name, reason)
            for name, table, sql in self._triggers()
            if self._trigger_fails(shape := shapes[table.lower()], sql)
            and (reason := self._fails_alone(name, shape, sql))
        ]

    def _fails_alone(self, trigger: str, shape: Shape, sql: str) -> str:
        """The same without the other triggers, so that the blame falls on the right one."""
        self._connection.execute("BEGIN")
        for other, _, _ in self._triggers():
            if other != trigger:
                self._connection.execute(f"DROP TRIGGER {quoted(other)}")
        reason = self._trigger_fails(shape, sql)
        self._connection.execute("ROLLBACK")
        return reason

    def _triggers(self) -> list[tuple[str, str, str]]:
        sql = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        return self._connection.execute(sql).fetchall()

    def _trigger_fails(self, shape: Shape, sql: str) -> str:
        """Why the statement that fires a trigger cannot be prepared; empty when it can."""
        words = [token.group().upper() for token in tokens(sql)]
        event = next(word for word in words[3:] if word in ("INSERT", "UPDATE", "DELETE"))
        target = quoted(shape.name)
        if event == "INSERT":
            return self._fails(f"INSERT INTO {target} DEFAULT VALUES")
        if event == "DELETE":
            return self._fails(f"DELETE FROM {target}")
        columns = shape.stored or tuple(column.name for column in shape.columns)
        assignments = ", ".join(f"{quoted(name)} = {quoted(name)}" for name in columns)
        return self._fails(f"UPDATE {target} SET {assignments}")

    def _fails(self, statement: str) -> str:
        """Why a statement cannot be prepared; a function that only the application has is no fault."""
        for _ in range(_MOST_MISSING):
            try:
                self._connection.execute(f"EXPLAIN {statement}").close()
            except Error as error:
                if not self._stand_in(str(error)):
                    return str(error)
            else:
                return ""
        return "too many functions are not there"

    def _stand_in(self, message: str) -> bool:
        """Register a function or collation that is missing, for this clone without rows."""
        if not (match := _MISSING.search(message)):
            return False
        kind, name = match.groups()
        name = name.rstrip("()")
        if kind == "function":
            self._connection.create_function(name, -1, lambda *_: None, deterministic=True)
        elif kind == "collation sequence":
            self._connection.create_collation(name, lambda one, other: (one > other) - (one < other))
        return kind != "module"

    def leave_out(self, names: AbstractSet[str]) -> None:
        for name in names & self.shapes.keys():
            self._drop("VIEW" if self.shapes[name].kind is Kind.VIEW else "TABLE", name)

    def rename(self, names: dict[str, str]) -> None:
        """Two steps, so that a new name may be the old one of another, or differ in upper and lower case only."""
        self.renamed.names = self._possible(names)
        moving = {old: new for old, new in self.renamed.names.items() if old != new}
        stand_ins = {old: _STAND_IN.format(number) for number, old in enumerate(moving)}
        views = [old for old in moving if self.shapes[old].kind is Kind.VIEW]
        tables = [old for old in moving if old not in views]
        for old in views:
            self._move_view(old, stand_ins[old])
        for old in tables:
            self._alter(old, stand_ins[old])
        for old in tables:
            self._alter(stand_ins[old], moving[old])
            self._follow_content(old, moving[old])
        for old in views:
            self._move_view(stand_ins[old], moving[old])

    def _possible(self, names: dict[str, str]) -> dict[str, str]:
        """Names without those that two tables here would share, or that a full-text index needs for itself."""
        shadows = {shape.name.lower() for shape in read_schema(self._connection).of_kind(Kind.SHADOW)}
        possible: dict[str, str] = {}
        for old, new in names.items():
            if new.lower() in {name.lower() for name in possible.values()}:
                self.renamed.impossible[old] = f"another table of this file is to be called {new} too"
            elif new.lower() in shadows:
                self.renamed.impossible[old] = f"a virtual table of this file needs the name {new}"
            else:
                possible[old] = new
        self.leave_out(names.keys() - possible.keys())
        return possible

    def _alter(self, old: str, new: str) -> None:
        for _ in range(_MOST_MISSING):
            try:
                self._connection.execute(f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}")
            except OperationalError as error:
                if self._stand_in(str(error)):
                    continue
                fault = _AT_FAULT.search(str(error))
                if fault is None:
                    raise
                kind, name, reason = fault.groups()
                self.renamed.broken[name] = reason
                self._drop(kind, name)
            else:
                return

    def _move_view(self, old: str, new: str) -> None:
        """SQLite renames tables only, so a table stands in the view's place while it is renamed."""
        triggers = self._triggers_of(old)
        shape = read_schema(self._connection).shapes[old]
        self._connection.execute(f"DROP VIEW {quoted(old)}")
        columns = ", ".join(quoted(column.name) for column in shape.columns)
        self._connection.execute(f"CREATE TABLE {quoted(old)} ({columns})")
        for sql in triggers:
            self._connection.execute(with_timing(sql, "BEFORE"))
        self._alter(old, new)
        triggers = self._triggers_of(new)
        self._connection.execute(f"DROP TABLE {quoted(new)}")
        self._connection.execute(with_name(shape.sql, new))
        for sql in triggers:
            self._connection.execute(with_timing(sql, "INSTEAD OF"))

    def _triggers_of(self, table: str) -> list[str]:
        return [sql for _, owner, sql in self._triggers() if owner.lower() == table.lower()]

    def _follow_content(self, old: str, new: str) -> None:
        """Full-text indexes name the table they are for in an argument, which SQLite does not rewrite."""
        for name, shape in self.shapes.items():
            if shape.kind is Kind.VIRTUAL and argument(shape.sql, "content").lower() == old.lower():
                current = self.renamed.names[name]
                (sql,) = self._connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (current,)).fetchone()
                triggers = self._triggers_of(current)
                self._connection.execute(f"DROP TABLE {quoted(current)}")
                self._connection.execute(with_argument(sql, "content", new))
                for trigger in triggers:
                    self._connection.execute(trigger)

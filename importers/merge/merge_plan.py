"""The plan of a merge: what becomes of each old database and of each of its tables."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from telemetry_store import UsageError
from telemetry_store.engines.sqlite.shape import Kind, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .old_database import OldDatabase

_Choice = TypeVar("_Choice", bound=StrEnum)


class Action(StrEnum):
    """What becomes of a file or a table."""

    #: Bring it over.
    MERGE = "merge"
    #: It stays where it is, and stays in use.
    KEEP = "keep"
    #: It stays there and is of no interest.
    SKIP = "skip"
    #: It is no longer wanted: a file is removed after its backup and after the merge, a table stays behind.
    DELETE = "delete"


class Views(StrEnum):
    """What stands under a table's old name."""

    NONE = "none"
    READ = "read"
    #: With triggers that write through.
    WRITE = "write"


class Overlap(StrEnum):
    """What happens to a row whose key is there already, where two tables become one."""

    REFUSE = "refuse"
    FIRST = "first"
    LAST = "last"
    RENUMBER = "renumber"


class Violations(StrEnum):
    """What happens to rows whose foreign keys lead nowhere."""

    REFUSE = "refuse"
    KEEP = "keep"


#: What a store makes for itself, in a database that is one.
_OWN = frozenset({"_cursors", "_sources", "_rejects", "_drops", "_tables", "_merges", "_sqlite_migrations"})
_OWN_VIEWS = frozenset({"all_events", "schema_version"})
#: What a new name has no place for.
_OTHER = re.compile(r"[^0-9A-Za-z]+")
#: Characters of a table's name.
_LONGEST = 63


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What becomes of one table or view.

    Attributes:
        action: what becomes of it.
        name: its new name.
        view: what stands under its old name; None takes the plan's.
        overlap: what happens to a row whose key is there already, when several tables have this name; None says that
            they are not meant to become one.
        doc: what the table means, for `_tables`.
    """

    action: Action
    name: str
    view: Views | None = None
    overlap: Overlap | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class DatabasePlan:
    """What becomes of one file.

    Attributes:
        path, action: the file, and what becomes of it.
        domain: what its tables' new names begin with.
        tables: old name → what becomes of it; None takes the defaults for all of them.
        violations: whether rows come along whose foreign keys lead nowhere.
        opened_by, note: for those who read the plan: places in code that open it, and what is odd about it.
    """

    path: str
    action: Action
    domain: str
    tables: dict[str, TablePlan] | None = None
    violations: Violations = Violations.REFUSE
    opened_by: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of all of them.

    Attributes:
        databases: in the order in which they are merged.
        views: what stands under old names, unless a table says otherwise.
    """

    databases: tuple[DatabasePlan, ...] = ()
    views: Views = Views.READ

    def of(self, path: str) -> DatabasePlan | None:
        """What is planned for a file."""
        wanted = os.path.realpath(path)
        return next((database for database in self.databases if os.path.realpath(database.path) == wanted), None)


def draft(databases: Iterable[OldDatabase], openers: Mapping[str, tuple[str, ...]] | None = None) -> Plan:
    """The plan that nobody has edited: everything that can be read is merged.

    Args:
        databases: those that were found.
        openers: path → places in code that open it.
    """
    openers = openers or {}
    return Plan(tuple(_drafted(database, openers.get(database.path, ())) for database in databases))


def _drafted(database: OldDatabase, opened_by: tuple[str, ...]) -> DatabasePlan:
    domain = domain_of(database.path)
    note = database.problem or ("" if database.schema.shapes else "empty; it may be deleted")
    action, tables = (Action.SKIP, None) if note else (Action.MERGE, default_tables(database, domain))
    return DatabasePlan(database.path, action, domain, tables, opened_by=opened_by, note=note)


def default_tables(database: OldDatabase, domain: str) -> dict[str, TablePlan]:
    """What becomes of a file's tables and views unless the plan says otherwise.

    Tables get names `<domain>_<entity>`. Views and virtual tables keep theirs: nothing but code refers to a view, and
    the triggers that feed a full-text index name it in a way that SQLite does not rewrite. Tables that a store keeps
    for itself are skipped.
    """
    schema = database.schema
    is_store = {"_cursors", "_sources", "_tables"} <= schema.shapes.keys()
    plans: dict[str, TablePlan] = {}
    for shape in schema.of_kind(Kind.TABLE, Kind.VIEW, Kind.VIRTUAL):
        name = _unlike(_default_name(shape, domain), {table.name for table in plans.values()})
        skipped = is_store and shape.name in (_OWN if shape.kind is Kind.TABLE else _OWN_VIEWS)
        plans[shape.name] = TablePlan(Action.SKIP if skipped else Action.MERGE, name)
    return plans


def _default_name(shape: Shape, domain: str) -> str:
    words = _words(shape.name)
    if shape.kind is not Kind.TABLE or f"{words}_".startswith(f"{domain}_"):
        return words
    return f"{domain}_{words}"[:_LONGEST]


def _unlike(name: str, taken: set[str]) -> str:
    """The name, or one with a number that is not taken."""
    numbered = (f"{name[: _LONGEST - 4]}_{number}" for number in count(2))
    return next(free for free in chain([name], numbered) if free not in taken)


def domain_of(path: str) -> str:
    """The domain that a file's name suggests."""
    words = _words(Path(path).stem)[:30].strip("_")
    return words if words[0].isalpha() else f"d_{words}"


def _words(name: str) -> str:
    return _OTHER.sub("_", name).strip("_").lower() or "t"


def tables_of(plan: DatabasePlan, database: OldDatabase) -> dict[str, TablePlan]:
    """What becomes of each table and view of a file; those that an edited plan does not name are not among them."""
    if plan.tables is None:
        return default_tables(database, plan.domain)
    shapes = database.schema.by_name
    return {shapes[name.lower()].name if name.lower() in shapes else name: table for name, table in plan.tables.items()}


def view_of(plan: Plan, table: TablePlan, shape: Shape) -> Views:
    """What stands under the old name of a table; a view that is renamed is given no other."""
    return (table.view or plan.views) if shape.kind is Kind.TABLE else Views.NONE


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a plan, and says where it makes no sense."""

    path: Path

    def plan(self) -> Plan:
        try:
            section = tomllib.loads(self.path.read_text(encoding="utf-8")).get("merge")
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.path}: {error}") from error
        if not isinstance(section, dict):
            hint = "make one with telemetry merge PATH --write-plan FILE"
            raise UsageError(f"{self.path} has no section [merge]", hint)
        self._check_keys("merge", section, "views", "databases")
        databases = section.get("databases", {})
        views = self._choice("merge", section, "views", Views.READ)
        return Plan(tuple(self._database(path, values) for path, values in databases.items()), views)

    def _database(self, path: str, values: Any) -> DatabasePlan:
        where = f'merge.databases."{path}"'
        self._check_keys(where, values, "action", "domain", "tables", "violations", "doc")
        domain, tables = values.get("domain") or domain_of(path), values.get("tables")
        if tables is not None:
            tables = {old: self._table(f"{where}.tables.{old}", old, domain, table) for old, table in tables.items()}
        file = str(self.path.parent / Path(path).expanduser())
        action = self._choice(where, values, "action", Action.MERGE)
        return DatabasePlan(file, action, domain, tables, self._choice(where, values, "violations", Violations.REFUSE))

    def _table(self, where: str, old: str, domain: str, values: Any) -> TablePlan:
        self._check_keys(where, values, "action", "name", "view", "overlap", "doc")
        return TablePlan(
            self._choice(where, values, "action", Action.MERGE),
            str(values.get("name", f"{domain}_{_words(old)}")),
            self._choice(where, values, "view", Views.READ) if "view" in values else None,
            self._choice(where, values, "overlap", Overlap.REFUSE) if "overlap" in values else None,
            str(values.get("doc", "")),
        )

    def _check_keys(self, where: str, values: Any, *known: str) -> None:
        if not isinstance(values, dict):
            raise UsageError(f"{self.path}: {where} is not a table", "see docs/merge.md")
        if unknown := ", ".join(sorted(values.keys() - set(known))):
            raise UsageError(f"{self.path}: {where} has an unknown key {unknown}", f"known: {sorted(known)}")

    def _choice(self, where: str, values: dict[str, Any], key: str, default: _Choice) -> _Choice:
        """What is chosen under a key, of the choices that the default is one of."""
        choices, value = type(default), values.get(key, default)
        try:
            return choices(value)
        except ValueError:
            hint = f"it is one of {', '.join(choices)}"
            raise UsageError(f"{self.path}: {where}.{key} is {value!r}", hint) from None


def read_plan(path: Path) -> Plan:
    """The plan in the section [merge] of a TOML file; paths in it are meant from where the file is.

    Raises:
        UsageError: the file cannot be read or makes no sense; it says where.
    """
    return _Reader(path).plan()


def updated(plan: Plan, drafted: Plan) -> Plan:
    """A plan with the databases that were found since, and what is known about all of them; edits stay."""
    known = [
        replace(database, opened_by=new.opened_by, note=new.note, tables=database.tables or new.tables)
        if (new := drafted.of(database.path))
        else database
        for database in plan.databases
    ]
    added = [database for database in drafted.databases if plan.of(database.path) is None]
    return replace(plan, databases=(*known, *added))


def plan_text(plan: Plan, databases: Iterable[OldDatabase], folder: Path) -> str:
    """A plan as TOML for people to review: what is in each file stands beside it as comments.

    Args:
        plan: to be written.
        databases: what was found, for the comments.
        folder: where the file will be; paths are written as seen from there.
    """
    known = {database.path: database for database in databases}
    lines = [
        "# What becomes of each old database and table; docs/merge.md tells what may stand here.",
        "# When it is reviewed: telemetry merge --plan FILE --dry-run, then the same without --dry-run.",
        "",
        "[merge]",
        f'views = {_text(plan.views)}  # under the old names: "none", "read" or "write"',
    ]
    for database in plan.databases:
        lines += ["", *_database_lines(database, known.get(database.path), folder)]
    return "\n".join(lines) + "\n"


def _database_lines(plan: DatabasePlan, database: OldDatabase | None, folder: Path) -> list[str]:
    section = f"merge.databases.{_text(os.path.relpath(plan.path, folder).replace(os.sep, '/'))}"
    lines = [f"# opened in {place}" for place in plan.opened_by]
    if database is not None:
        rows = database.rows
        lines.insert(0, f"# {database.size} bytes, {len(rows)} tables, {sum(rows.values())} rows")
    if plan.note:
        lines.append(f"# {plan.note}")
    lines += [f"[{section}]", f"action = {_text(plan.action)}", f"domain = {_text(plan.domain)}"]
    if plan.violations != Violations.REFUSE:
        lines.append(f"violations = {_text(plan.violations)}")
    if plan.tables:
        lines += ["", f"[{section}.tables]"]
        lines += [_table_line(old, table, database) for old, table in plan.tables.items()]
    return lines


def _table_line(old: str, plan: TablePlan, database: OldDatabase | None) -> str:
    values = {"action": plan.action, "name": plan.name, "view": plan.view, "overlap": plan.overlap, "doc": plan.doc}
    body = ", ".join(f"{key} = {_text(value)}" for key, value in values.items() if value)
    comment = ""
    if database is not None and (shape := database.schema.shapes.get(old)):
        comment = f"  # {database.rows[old]} rows" if old in database.rows else f"  # {shape.kind}"
    return f"{_text(old)} = {{ {body} }}{comment}"


def _text(value: str) -> str:
    """A TOML basic string: one of JSON, but for a sign that JSON lets stand as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

"""The plan of a merge: what becomes of each old database and of each of its tables."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from telemetry_store import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .shape import Shape
    from .source import Database

#: merge: bring it over. keep: it stays where it is, and stays in use. skip: it stays there and is of no interest.
#: delete: it is no longer wanted; a file is removed after its backup and after the merge, a table stays behind.
Action = Literal["merge", "keep", "skip", "delete"]
#: What stands under a table's old name: nothing, a view, or a view that can be written.
Views = Literal["none", "read", "write"]
#: What happens to a row whose key is there already, where two tables become one.
Overlap = Literal["refuse", "first", "last", "renumber"]
Violations = Literal["refuse", "keep"]

_OWN = frozenset({"_cursors", "_sources", "_rejects", "_drops", "_tables", "_merges", "_sqlite_migrations"})
_OWN_VIEWS = frozenset({"all_events", "schema_version"})
_OTHER = re.compile(r"[^0-9A-Za-z]+")
_LONGEST = 63


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What becomes of one table or view.

    Attributes:
        action: see `Action`.
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
        path: of it.
        action: see `Action`.
        domain: what its tables' new names begin with.
        tables: old name → what becomes of it; None takes the defaults for all of them.
        violations: "keep" brings rows over whose foreign keys lead nowhere.
        opened_by: places in code that open it, for those who read the plan.
        note: for those who read the plan.
    """

    path: str
    action: Action
    domain: str
    tables: dict[str, TablePlan] | None = None
    violations: Violations = "refuse"
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
    views: Views = "read"

    def of(self, path: str) -> DatabasePlan | None:
        """What is planned for a file."""
        wanted = os.path.realpath(path)
        return next((each for each in self.databases if os.path.realpath(each.path) == wanted), None)


def draft(databases: Iterable[Database], openers: Mapping[str, tuple[str, ...]] | None = None) -> Plan:
    """The plan that nobody has edited: everything that can be read is merged.

    Args:
        databases: those that were found.
        openers: path of a database → places in code that open it.
    """
    openers = openers or {}
    return Plan(tuple(_drafted(each, openers.get(each.path, ())) for each in databases))


def _drafted(database: Database, opened_by: tuple[str, ...]) -> DatabasePlan:
    domain = domain_of(database.path)
    if database.problem:
        return DatabasePlan(database.path, "skip", domain, opened_by=opened_by, note=database.problem)
    if not database.schema.shapes:
        return DatabasePlan(database.path, "skip", domain, opened_by=opened_by, note="empty; it may be deleted")
    return DatabasePlan(database.path, "merge", domain, default_tables(database, domain), opened_by=opened_by)


def default_tables(database: Database, domain: str) -> dict[str, TablePlan]:
    """What becomes of a file's tables and views unless the plan says otherwise.

    Tables get names `<domain>_<entity>`. Views and virtual tables keep theirs: nothing but code refers to a view, and
    the triggers that feed a full-text index name it in a way that SQLite does not rewrite. Tables that a store keeps
    for itself are skipped.
    """
    schema = database.schema
    own = {"_cursors", "_sources", "_tables"} <= schema.shapes.keys()
    plans: dict[str, TablePlan] = {}
    for shape in schema.of_kind("table", "view", "virtual"):
        name = f"{domain}_{_words(shape.name)}"[:_LONGEST] if shape.kind == "table" else _words(shape.name)
        if shape.kind == "table" and f"{_words(shape.name)}_".startswith(f"{domain}_"):
            name = _words(shape.name)
        name = _unlike(name, {each.name for each in plans.values()})
        skipped = own and shape.name in (_OWN if shape.kind == "table" else _OWN_VIEWS)
        plans[shape.name] = TablePlan("skip" if skipped else "merge", name)
    return plans


def _unlike(name: str, taken: set[str]) -> str:
    """The name, or one with a number that is not taken."""
    number = 1
    while (f"{name[: _LONGEST - 4]}_{number}" if number > 1 else name) in taken:
        number += 1
    return f"{name[: _LONGEST - 4]}_{number}" if number > 1 else name


def domain_of(path: str) -> str:
    """The domain that a file's name suggests."""
    words = _words(Path(path).stem)[:30].strip("_")
    return words if words[0].isalpha() else f"d_{words}"


def _words(name: str) -> str:
    return _OTHER.sub("_", name).strip("_").lower() or "t"


def tables_of(plan: DatabasePlan, database: Database) -> dict[str, TablePlan]:
    """What becomes of each table and view of a file; those that an edited plan does not name are not among them."""
    if plan.tables is None:
        return default_tables(database, plan.domain)
    by_name = {name.lower(): name for name in database.schema.shapes}
    return {by_name.get(name.lower(), name): each for name, each in plan.tables.items()}


def view_of(plan: Plan, table: TablePlan, shape: Shape) -> Views:
    """What stands under the old name of a table; a view that is renamed is given no other."""
    return "none" if shape.kind != "table" else table.view or plan.views


@dataclass(slots=True)
class _Reader:
    """Reads a plan, and says where it makes no sense."""

    path: Path
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.path.parent

    def plan(self) -> Plan:
        try:
            content = tomllib.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.path}: {error}") from error
        section = content.get("merge")
        if not isinstance(section, dict):
            raise UsageError(
                f"{self.path} has no section [merge]", "make one with telemetry merge PATH --write-plan FILE"
            )
        self._known("merge", section, {"views", "databases"})
        views = self._choice("merge.views", section.get("views", "read"), get_args(Views))
        databases = section.get("databases", {})
        return Plan(tuple(self._database(path, each) for path, each in databases.items()), views)

    def _database(self, path: str, values: Any) -> DatabasePlan:
        where = f'merge.databases."{path}"'
        self._known(where, values, {"action", "domain", "tables", "violations", "doc"})
        action = self._choice(f"{where}.action", values.get("action", "merge"), get_args(Action))
        domain = values.get("domain") or domain_of(path)
        tables = None
        if "tables" in values:
            tables = {name: self._table(f"{where}.tables.{name}", name, domain, each)
                      for name, each in values["tables"].items()}  # fmt: skip
        violations = self._choice(f"{where}.violations", values.get("violations", "refuse"), get_args(Violations))
        full = str(self.folder / Path(path).expanduser())
        return DatabasePlan(full, action, domain, tables, violations)

    def _table(self, where: str, old: str, domain: str, values: Any) -> TablePlan:
        self._known(where, values, {"action", "name", "view", "overlap", "doc"})
        action = self._choice(f"{where}.action", values.get("action", "merge"), get_args(Action))
        view, overlap = values.get("view"), values.get("overlap")
        return TablePlan(
            action,
            str(values.get("name", f"{domain}_{_words(old)}")),
            None if view is None else self._choice(f"{where}.view", view, get_args(Views)),
            None if overlap is None else self._choice(f"{where}.overlap", overlap, get_args(Overlap)),
            str(values.get("doc", "")),
        )

    def _known(self, where: str, values: Any, keys: set[str]) -> None:
        if not isinstance(values, dict):
            raise UsageError(f"{self.path}: {where} is not a table", "see docs/merge.md")
        if unknown := values.keys() - keys:
            raise UsageError(
                f"{self.path}: {where} has an unknown key {', '.join(sorted(unknown))}", f"known: {sorted(keys)}"
            )

    def _choice(self, where: str, value: Any, choices: tuple[str, ...]) -> Any:
        if value not in choices:
            raise UsageError(f"{self.path}: {where} is {value!r}", f"it is one of {', '.join(choices)}")
        return value


def read_plan(path: Path) -> Plan:
    """The plan in the section [merge] of a TOML file; paths in it are meant from where the file is.

    Raises:
        UsageError: the file cannot be read or makes no sense; it says where.
    """
    return _Reader(path).plan()


def updated(plan: Plan, drafted: Plan) -> Plan:
    """A plan with the databases that were found since, and what is known about all of them; edits stay."""
    merged = []
    for each in plan.databases:
        new = drafted.of(each.path)
        merged.append(replace(each, opened_by=new.opened_by, note=new.note, tables=each.tables or new.tables)
                      if new else each)  # fmt: skip
    added = [each for each in drafted.databases if plan.of(each.path) is None]
    return replace(plan, databases=(*merged, *added))


def plan_text(plan: Plan, databases: Iterable[Database], folder: Path) -> str:
    """A plan as TOML for people to review: what is in each file stands beside it as comments.

    Args:
        plan: to be written.
        databases: what was found, for the comments.
        folder: where the file will be; paths are written as seen from there.
    """
    known = {each.path: each for each in databases}
    lines = [
        "# What becomes of each old database and table; docs/merge.md tells what may stand here.",
        "# When it is reviewed: telemetry merge --plan FILE --dry-run, then the same without --dry-run.",
        "",
        "[merge]",
        f'views = {_text(plan.views)}  # under the old names: "none", "read" or "write"',
    ]
    for each in plan.databases:
        lines += ["", *_database_lines(each, known.get(each.path), folder)]
    return "\n".join(lines) + "\n"


def _database_lines(plan: DatabasePlan, found: Database | None, folder: Path) -> list[str]:
    path = os.path.relpath(plan.path, folder).replace(os.sep, "/")
    lines = [f"# {comment}" for comment in _about(plan, found)]
    lines += [f"[merge.databases.{_text(path)}]", f"action = {_text(plan.action)}", f"domain = {_text(plan.domain)}"]
    if plan.violations != "refuse":
        lines.append(f"violations = {_text(plan.violations)}")
    if plan.tables:
        lines += ["", f"[merge.databases.{_text(path)}.tables]"]
        lines += [_table_line(old, each, found) for old, each in plan.tables.items()]
    return lines


def _about(plan: DatabasePlan, found: Database | None) -> list[str]:
    comments = []
    if found is not None:
        comments.append(f"{found.size} bytes, {len(found.rows)} tables, {sum(found.rows.values())} rows")
    comments += [f"opened in {place}" for place in plan.opened_by]
    return comments + ([plan.note] if plan.note else [])


def _table_line(old: str, plan: TablePlan, found: Database | None) -> str:
    pairs = [("action", plan.action), ("name", plan.name), ("view", plan.view), ("overlap", plan.overlap),
             ("doc", plan.doc)]  # fmt: skip
    body = ", ".join(f"{key} = {_text(value)}" for key, value in pairs if value)
    about = ""
    if found is not None and old in found.schema.shapes:
        kind = found.schema.shapes[old].kind
        about = f"  # {found.rows[old]} rows" if old in found.rows else f"  # {kind}"
    return f"{_text(old)} = {{ {body} }}{about}"


def _text(value: str) -> str:
    """A TOML basic string."""
    escaped = "".join(
        f"\\u{ord(sign):04x}" if ord(sign) < 32 or ord(sign) == 127 else "\\" + sign if sign in '\\"' else sign
        for sign in value
    )
    return f'"{escaped}"'

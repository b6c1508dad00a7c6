"""From a report to what a team reviews: the plan, the schema, the strategy, and a checklist."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from audit.pattern import solid
from audit.sources import glob_of, owners

if TYPE_CHECKING:
    from audit.finding import FileFact, Target
    from audit.report import Report

SQL_TYPES = {"string": "TEXT", "integer": "INTEGER", "number": "REAL", "boolean": "BOOLEAN"}
MOST_COLUMNS = 64
OWN_COLUMNS = frozenset({"id", "timestamp", "metadata_json"})
STEPS = ("pending", "imported", "switched", "verified", "done")
"""The states of a target, in order."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One table of the plan.

    Args:
        table: Its name.
        targets: The targets that it takes in.
        sources: The globs of its files, relative to the root.
        columns: Name and SQL type of its own columns.
        time_field: The key that says when, or an empty string.
    """

    table: str
    targets: tuple[Target, ...]
    sources: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    time_field: str


@dataclass(frozen=True, slots=True)
class Written:
    """What ``write_plan`` did.

    Args:
        written: Files that were made or replaced.
        kept: Files that a person had edited; the new text stands beside each, with ``.new`` after its name.
        added: Tables that the plan did not have before.
    """

    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    added: tuple[str, ...]


def planned(report: Report) -> tuple[Planned, ...]:
    """The tables that a report leads to, most urgent first; each file on the disk goes into one of them.

    Targets that only tests write are left out, and so are those whose file is not known.

    Args:
        report: The report.
    """
    facts = {each.path: each for each in report.files}
    chosen = [each for each in report.targets if not _only_tests(report, each) and not unresolved(report, each)]
    owner = owners(chosen)
    groups: dict[str, list[Target]] = {}
    for target in chosen:
        if solid(target.target):
            groups.setdefault(target.table, []).append(target)
    return tuple(
        _planned(table, targets, [facts[path] for target in targets for path in target.files if owner[path] is target])
        for table, targets in groups.items()
    )


def _only_tests(report: Report, target: Target) -> bool:
    touching = [each for each in report.findings if each.id in target.writers or each.id in target.readers]
    return bool(touching) and all(each.test for each in touching)


def unresolved(report: Report, target: Target) -> bool:
    """Whether the code that touches a target does not tell which file it is."""
    touching = [each for each in report.findings if each.id in target.writers or each.id in target.readers]
    return bool(touching) and all(each.target_kind in ("parameter", "unknown") for each in touching)


def _planned(table: str, targets: list[Target], files: list[FileFact]) -> Planned:
    columns: dict[str, str] = {}
    time_field = next((each.time_field for each in files if each.time_field), "")
    for fact in files:
        for key in fact.keys:
            sorts = [SQL_TYPES.get(sort, "") for sort in key.types if sort != "null"]
            fits = key.name.isidentifier() and key.name.lower() not in OWN_COLUMNS and key.name != time_field
            taken = {name.lower() for name in columns}
            if fits and sorts and sorts[0] and key.name.lower() not in taken and len(columns) < MOST_COLUMNS:
                columns[key.name] = "REAL" if set(sorts) == {"INTEGER", "REAL"} else sorts[0]
    sources = tuple(dict.fromkeys(filter(None, map(glob_of, targets))))
    return Planned(table, tuple(targets), sources, tuple(columns.items()), time_field)


def as_toml(tables: tuple[Planned, ...], root: str = ".") -> str:
    """The tables as ``telemetry.toml``.

    Args:
        tables: The tables.
        root: Where the globs start, relative to the file; written when it is not the file's own directory.
    """
    blocks: list[str] = [] if root == "." else [f"root = {json.dumps(root)}\n"]
    for each in tables:
        lines = [f"[tables.{each.table}]", f"sources = [{', '.join(map(json.dumps, each.sources))}]"]
        if each.time_field:
            lines.append(f"timestamp = {json.dumps(each.time_field)}")
        lines.append(f"doc = {json.dumps('Events of ' + each.targets[0].domain + ', from the audit; to be reviewed.')}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def as_schema(tables: tuple[Planned, ...]) -> str:
    """The tables as SQL that runs as it is, as often as wanted."""
    statements: list[str] = []
    for each in tables:
        names = {name for name, _ in each.columns}
        columns = ["  id INTEGER PRIMARY KEY AUTOINCREMENT", "  timestamp TEXT NOT NULL"]
        columns += [f'  "{name}" {sort}' for name, sort in each.columns]
        columns.append("  metadata_json TEXT")
        statements.append(f'CREATE TABLE IF NOT EXISTS "{each.table}" (\n' + ",\n".join(columns) + "\n);")
        for lead in ("", *(name for name in ("agent_id", "event_type", "session_id") if name in names)):
            keys = ", ".join(f'"{key}"' for key in (lead, "timestamp") if key)
            index = "_".join(key for key in ("idx", each.table, lead, "timestamp") if key)
            statements.append(f'CREATE INDEX IF NOT EXISTS "{index}" ON "{each.table}" ({keys});')
    return "\n".join(statements) + "\n"


def as_strategy(report: Report, tables: tuple[Planned, ...]) -> str:
    """The order of work as Markdown: targets by priority, their tables, their risks, and what breaks."""
    by_id = {each.id: each for each in report.findings}
    lines = ["# Strategy", "", "For each target: import its files, switch its writers, switch its readers, verify."]
    for priority in ("high", "medium", "low"):
        chosen = [(table, target) for table in tables for target in table.targets if target.priority == priority]
        if chosen:
            lines += ["", f"## {priority.capitalize()} priority ({len(chosen)})"]
        for table, target in chosen:
            lines += ["", f"### `{target.target}`", "", f"- table `{table.table}`, domain {target.domain}"]
            lines += [f"- risk {target.risk}: {one.message} ({one.code})" for one in target.evidence]
            lines += [f"- writer `{by_id[one].path}:{by_id[one].line}`" for one in target.writers]
            lines += [f"- breaks `{by_id[one].path}:{by_id[one].line}`, a reader" for one in target.readers]
            lines += [f"- file `{path}`" for path in target.files]
    open_questions = _unresolved(report)
    if open_questions:
        lines += ["", f"## File not known ({len(open_questions)})", ""]
        lines.append("Run the program under `telemetry audit --trace`, or look, and add each to a table's sources.")
        lines += ["", *(f"- `{target.target}`" for target in open_questions)]
    return "\n".join(lines) + "\n"


def _unresolved(report: Report) -> list[Target]:
    return [each for each in report.targets if unresolved(report, each) and not _only_tests(report, each)]


def write_plan(report: Report, directory: Path) -> Written:
    """Write ``telemetry.toml``, ``schema.sql``, ``strategy.md`` and ``checklist.json``.

    What people edited is kept: tables that stand in ``telemetry.toml`` stay as they are and new ones are added after
    them, states in ``checklist.json`` stay, and beside an edited ``schema.sql`` or ``strategy.md`` stands the new text.

    Args:
        report: The report.
        directory: Where to write; made when it does not exist.

    Returns:
        What was written, kept and added.

    Raises:
        tomllib.TOMLDecodeError: ``telemetry.toml`` is there and is not TOML.
        ValueError: ``checklist.json`` is there and is not a list of targets.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tables = planned(report)
    toml = directory / "telemetry.toml"
    old = toml.read_text(encoding="utf-8") if toml.exists() else ""
    start = "." if old else _relative(report.root, directory)
    known = tomllib.loads(old).get("tables", {})
    fresh = tuple(each for each in tables if each.table not in known)
    checklist = _checklist(directory / "checklist.json", report, tables)
    written: list[Path] = []
    kept: list[Path] = []
    if fresh:
        toml.write_text((old.rstrip("\n") + "\n\n" if old else "") + as_toml(fresh, start), encoding="utf-8")
        written.append(toml)
    (directory / "checklist.json").write_bytes(orjson.dumps(checklist, option=orjson.OPT_INDENT_2) + b"\n")
    written.append(directory / "checklist.json")
    for name, mark, text in (
        ("schema.sql", "-- generated {}", as_schema(tables)),
        ("strategy.md", "<!-- generated {} -->", as_strategy(report, tables)),
    ):
        (written if _renew(directory / name, mark, text) else kept).append(directory / name)
    return Written(tuple(written), tuple(kept), tuple(each.table for each in fresh))


def _relative(root: str, directory: Path) -> str:
    """The way from a directory to the root."""
    try:
        return Path(os.path.relpath(root, directory)).as_posix()
    except ValueError:  # another drive
        return Path(root).absolute().as_posix()


def _checklist(path: Path, report: Report, tables: tuple[Planned, ...]) -> list[dict[str, str]]:
    try:
        entries = {each["target"]: each for each in orjson.loads(path.read_bytes())} if path.exists() else {}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a list of targets: {error}") from error
    known = [(target, table.table) for table in tables for target in table.targets]
    for target, table in [*known, *((target, "") for target in _unresolved(report))]:
        fresh = {"target": target.target, "table": table, "priority": target.priority, "state": STEPS[0]}
        entries.setdefault(target.target, fresh)
    return list(entries.values())


def _renew(path: Path, mark: str, text: str) -> bool:
    """Write a text with the hash of itself on top, unless the file there is not as it was written."""
    content = mark.format(hashlib.sha256(text.encode()).hexdigest()[:16]) + "\n" + text
    if path.exists():
        first, _, rest = path.read_text(encoding="utf-8").partition("\n")
        if first != mark.format(hashlib.sha256(rest.encode()).hexdigest()[:16]):
            path.with_name(path.name + ".new").write_text(content, encoding="utf-8")
            return False
    path.write_text(content, encoding="utf-8")
    return True

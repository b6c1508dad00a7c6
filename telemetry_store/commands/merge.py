"""The command that merges old SQLite databases, and undoes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store import settings as settings_module
from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, Exit, Json, progress_bar, warn
from telemetry_store.progress import Progress

if TYPE_CHECKING:
    from importers.merge import Database, Merged, Plan

Paths = Annotated[list[Path] | None, typer.Argument(help="SQLite files, or folders that hold some.")]
PlanFile = Annotated[Path | None, typer.Option("--plan", help="A reviewed plan: the section [merge] of a TOML file.")]
WritePlan = Annotated[Path | None, typer.Option("--write-plan", help="Write or complete a plan there, and stop.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what is there and rehearse it; change nothing.")]
Rollback = Annotated[bool, typer.Option("--rollback", help="Undo the last merge.")]
Code = Annotated[Path, typer.Option("--code", help="Where to look for code that opens the databases.")]


def merge(
    paths: Paths = None,
    plan: PlanFile = None,
    write_plan: WritePlan = None,
    dry_run: DryRun = False,
    rollback: Rollback = False,
    code: Code = Path(),
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Merge old SQLite databases: backups, rehearsal on a copy, one transaction, views under the old names.

    Conflicts are shown before anything happens; then the exit status is 1, and the plan must decide.

    Example: telemetry merge old/ --write-plan merge.toml

    Then: telemetry merge --plan merge.toml --dry-run, telemetry merge --plan merge.toml, telemetry merge --rollback
    """
    database = settings_module.load(db, env=env).database
    if database == ":memory:" or "://" in database:
        raise typer.BadParameter(f"{database} is not an SQLite file", param_hint="--db")
    if rollback:
        if paths or plan or write_plan or dry_run:
            raise typer.BadParameter("it stands alone", param_hint="--rollback")
        _roll_back(database, json=json)
        return
    if bool(paths) == bool(plan):
        raise typer.BadParameter("give paths, or a plan with --plan FILE", param_hint="PATH")
    wanted, found = _planned(database, paths, plan, code)
    if write_plan is not None:
        _write(wanted, found, write_plan, json=json)
        return
    if dry_run and not json:
        _show(wanted, found)
    _merge(database, wanted, dry_run=dry_run, json=json)


def _planned(database: str, paths: list[Path] | None, plan: Path | None, code: Path) -> tuple[Plan, list[Database]]:
    from importers import merge as merging

    if plan is not None:
        wanted = merging.read_plan(plan)
        there = [Path(each.path) for each in wanted.databases if Path(each.path).exists()]
        return wanted, merging.databases_in(there, target=database)
    found = merging.databases_in(paths or (), target=database)
    return merging.draft(found, _openers(found, code)), found


def _openers(found: list[Database], code: Path) -> dict[str, tuple[str, ...]]:
    """Who opens each database in code."""
    from audit.databases import openers

    return openers(code, [each.path for each in found]) if code.is_dir() else {}


def _write(wanted: Plan, found: list[Database], file: Path, *, json: bool) -> None:
    from importers import merge as merging

    if file.exists():
        wanted = merging.updated(merging.read_plan(file), wanted)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(merging.plan_text(wanted, found, file.parent), encoding="utf-8")
    if json:
        print(terminal.as_json({"plan": str(file), "databases": _rows(wanted, found)}))
        return
    _show(wanted, found)
    print(f"\nwrote {file}; review it, then: telemetry merge --plan {file} --dry-run")


def _rows(wanted: Plan, found: list[Database]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for each in found:
        plan = wanted.of(each.path)
        rows.append(
            {
                "path": each.path,
                "size": each.size,
                "tables": len(each.rows),
                "rows": sum(each.rows.values()),
                "action": plan.action if plan else "",
                "opened_by": list(plan.opened_by) if plan else [],
                "problem": each.problem,
            }
        )
    return rows


def _show(wanted: Plan, found: list[Database]) -> None:
    rows = [{**row, "opened_by": ", ".join(map(str, row["opened_by"]))}  # type: ignore[call-overload]
            for row in _rows(wanted, found)]  # fmt: skip
    print(terminal.table(rows))
    tables = [
        {"table": old, "rows": each.rows.get(old), "action": table.action, "name": table.name, "from": each.path}
        for each in found
        if (plan := wanted.of(each.path)) is not None and plan.action == "merge"
        for old, table in (plan.tables or {}).items()
    ]
    print("\n" + terminal.table(tables))


def _merge(database: str, wanted: Plan, *, dry_run: bool, json: bool) -> None:
    from importers import merge as merging

    try:
        with progress_bar() as draw:
            tell = (lambda what, done, total: draw(Progress(what, done, total))) if draw is not None else None
            done = merging.merge(database, wanted, progress=tell, dry_run=dry_run)
    except merging.MergeFailed as error:
        warn(f"error: {error}")
        raise typer.Exit(Exit.FINDINGS) from error
    if json:
        print(terminal.as_json({"database": database, **done.as_dict()}))
    else:
        _say(done)
    if done.conflicts:
        raise typer.Exit(Exit.FINDINGS)


def _say(done: Merged) -> None:
    for each in done.conflicts:
        warn(f"{each.database}{f': {each.table}' if each.table else ''}: {each.message}\n    → {each.hint}")
    for note in done.notes:
        warn(note)
    if done.record is not None and done.record.tables:
        rows = [{"table": each.name, "kind": each.kind, "rows": each.rows, "was": each.old, "from": each.path}
                for each in done.record.tables]  # fmt: skip
        print(terminal.table(rows))
    if done.status == "already merged" and done.record is not None:
        print(f"\nthis was merged at {done.record.merged_at}; to merge anew: telemetry merge --rollback")
        return
    print(f"\n{done.status}" + (f"; {len(done.conflicts)} conflicts" if done.conflicts else ""))


def _roll_back(database: str, *, json: bool) -> None:
    from importers import merge as merging

    try:
        done = merging.rollback(database)
    except merging.MergeFailed as error:
        warn(f"error: {error}")
        raise typer.Exit(Exit.FINDINGS) from error
    if json:
        print(terminal.as_json(done.as_dict()))
        return
    for note in done.notes:
        warn(note)
    if done.aside:
        warn(f"{', '.join(done.changed)} had changed since the merge; as it was, the database is in {done.aside}")
    print(
        done.status + (f": the merge of {done.merged_at}, {len(done.tables)} tables and views" if done.tables else "")
    )

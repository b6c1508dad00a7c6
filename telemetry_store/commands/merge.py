"""The command that merges old SQLite databases, and undoes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store import settings as settings_module
from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, Exit, Json, progress_bar, warn

if TYPE_CHECKING:
    from importers.merge import Merged, OldDatabase, Plan

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
    wanted, databases = _planned(database, paths, plan, code)
    if write_plan is not None:
        _write(wanted, databases, write_plan, json=json)
        return
    if dry_run and not json:
        _show(wanted, databases)
    _merge(database, wanted, dry_run=dry_run, json=json)


def _planned(database: str, paths: list[Path] | None, plan: Path | None, code: Path) -> tuple[Plan, list[OldDatabase]]:
    from importers import merge as merging

    if plan is not None:
        wanted = merging.read_plan(plan)
        there = [Path(planned.path) for planned in wanted.databases if Path(planned.path).exists()]
        return wanted, merging.databases_in(there, target=database)
    databases = merging.databases_in(paths or (), target=database)
    return merging.draft(databases, _openers(databases, code)), databases


def _openers(databases: list[OldDatabase], code: Path) -> dict[str, tuple[str, ...]]:
    """Who opens each database in code."""
    from audit.databases import openers

    return openers(code, [database.path for database in databases]) if code.is_dir() else {}


def _write(wanted: Plan, databases: list[OldDatabase], file: Path, *, json: bool) -> None:
    from importers import merge as merging

    if file.exists():
        wanted = merging.updated(merging.read_plan(file), wanted)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(merging.plan_text(wanted, databases, file.parent), encoding="utf-8")
    if json:
        print(terminal.as_json({"plan": str(file), "databases": _rows(wanted, databases)}))
        return
    _show(wanted, databases)
    print(f"\nwrote {file}; review it, then: telemetry merge --plan {file} --dry-run")


def _rows(wanted: Plan, databases: list[OldDatabase]) -> list[dict[str, object]]:
    return [
        {
            "path": database.path,
            "size": database.size,
            "tables": len(database.rows),
            "rows": sum(database.rows.values()),
            "action": plan.action if (plan := wanted.of(database.path)) else "",
            "opened_by": list(plan.opened_by) if plan else [],
            "problem": database.problem,
        }
        for database in databases
    ]


def _show(wanted: Plan, databases: list[OldDatabase]) -> None:
    from importers.merge import Action

    rows = [{**row, "opened_by": ", ".join(map(str, row["opened_by"]))}  # type: ignore[call-overload]
            for row in _rows(wanted, databases)]  # fmt: skip
    print(terminal.table(rows))
    tables = [
        {
            "table": old,
            "rows": database.rows.get(old),
            "action": table.action,
            "name": table.name,
            "from": database.path,
        }
        for database in databases
        if (plan := wanted.of(database.path)) is not None and plan.action == Action.MERGE
        for old, table in (plan.tables or {}).items()
    ]
    print("\n" + terminal.table(tables))


def _merge(database: str, wanted: Plan, *, dry_run: bool, json: bool) -> None:
    from importers import merge as merging

    try:
        with progress_bar() as draw:
            outcome = merging.merge(database, wanted, progress=draw, dry_run=dry_run)
    except merging.MergeFailed as error:
        warn(f"error: {error}")
        raise typer.Exit(Exit.FINDINGS) from error
    if json:
        print(terminal.as_json({"database": database, **outcome.as_dict()}))
    else:
        _say(outcome)
    if outcome.conflicts:
        raise typer.Exit(Exit.FINDINGS)


def _say(outcome: Merged) -> None:
    from importers.merge import MergeStatus

    for conflict in outcome.conflicts:
        where = f"{conflict.database}: {conflict.table}" if conflict.table else conflict.database
        warn(f"{where}: {conflict.message}\n    → {conflict.hint}")
    for note in outcome.notes:
        warn(note)
    record = outcome.record
    if record is not None and record.tables:
        rows = [{"table": table.name, "kind": table.kind, "rows": table.rows, "was": table.old, "from": table.path}
                for table in record.tables]  # fmt: skip
        print(terminal.table(rows))
    if record is not None and outcome.status is MergeStatus.ALREADY:
        print(f"\nthis was merged at {record.merged_at}; to merge anew: telemetry merge --rollback")
        return
    print(f"\n{outcome.status}" + (f"; {len(outcome.conflicts)} conflicts" if outcome.conflicts else ""))


def _roll_back(database: str, *, json: bool) -> None:
    from importers import merge as merging

    try:
        outcome = merging.rollback(database)
    except merging.MergeFailed as error:
        warn(f"error: {error}")
        raise typer.Exit(Exit.FINDINGS) from error
    if json:
        print(terminal.as_json(outcome.as_dict()))
        return
    for note in outcome.notes:
        warn(note)
    if outcome.aside:
        changed = ", ".join(outcome.changed)
        warn(f"{changed} had changed since the merge; as it was, the database is in {outcome.aside}")
    undone = f": the merge of {outcome.merged_at}, {len(outcome.tables)} tables and views" if outcome.tables else ""
    print(f"{outcome.status}{undone}")

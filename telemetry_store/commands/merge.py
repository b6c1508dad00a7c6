"""The command that merges old SQLite databases, and undoes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telemetry_store import settings as settings_module
from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, Exit, Json, failing, progress_bar, warn

if TYPE_CHECKING:
    from importers.merge import Merged, OldDatabase, Plan


def merge(
    paths: Annotated[list[Path] | None, typer.Argument(help="SQLite files, or folders that hold some.")] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="A reviewed plan: the section [merge] of a TOML file.")
    ] = None,
    write_plan: Annotated[
        Path | None, typer.Option("--write-plan", help="Write or complete a plan there, and stop.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what is there and rehearse it; change nothing.")
    ] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Undo the last merge.")] = False,
    code: Annotated[Path, typer.Option("--code", help="Where to look for code that opens the databases.")] = Path(),
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
    chosen, databases = _planned(database, paths, plan, code)
    if write_plan is not None:
        _write(chosen, databases, write_plan, json=json)
        return
    if dry_run and not json:
        _show(chosen, databases)
    _merge(database, chosen, dry_run=dry_run, json=json)


def _planned(database: str, paths: list[Path] | None, plan: Path | None, code: Path) -> tuple[Plan, list[OldDatabase]]:
    from importers import merge as merging

    if plan is not None:
        chosen = merging.read_plan(plan)
        files = [Path(part.path) for part in chosen.databases if os.path.exists(part.path)]
        return chosen, merging.databases_in(files, target=database)
    from audit.databases import openers

    databases = merging.databases_in(paths or (), target=database)
    places = openers(code, [old.path for old in databases]) if code.is_dir() else {}
    return merging.draft(databases, places), databases


def _write(plan: Plan, databases: list[OldDatabase], file: Path, *, json: bool) -> None:
    from importers import merge as merging

    if file.exists():
        plan = merging.updated(merging.read_plan(file), plan)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(merging.plan_text(plan, databases, file.parent), encoding="utf-8")
    if json:
        print(terminal.as_json({"plan": str(file), "databases": _rows(plan, databases)}))
        return
    _show(plan, databases)
    print(f"\nwrote {file}; review it, then: telemetry merge --plan {file} --dry-run")


def _rows(plan: Plan, databases: list[OldDatabase]) -> list[dict[str, Any]]:
    return [
        {
            "path": database.path,
            "size": database.size,
            "tables": len(database.rows),
            "rows": sum(database.rows.values()),
            "action": part.action if (part := plan.of(database.path)) else "",
            "opened_by": part.opened_by if part else (),
            "problem": database.problem,
        }
        for database in databases
    ]


def _show(plan: Plan, databases: list[OldDatabase]) -> None:
    from importers.merge import Action

    rows = [{**row, "opened_by": ", ".join(row["opened_by"])} for row in _rows(plan, databases)]
    print(terminal.table(rows))
    tables = [
        {"table": old, "rows": database.rows.get(old), "action": table.action, "name": table.name, "from": part.path}
        for database in databases
        if (part := plan.of(database.path)) is not None and part.action == Action.MERGE
        for old, table in (part.tables or {}).items()
    ]
    print("\n" + terminal.table(tables))


def _merge(database: str, plan: Plan, *, dry_run: bool, json: bool) -> None:
    from importers import merge as merging

    with failing(merging.MergeFailed), progress_bar() as draw:
        outcome = merging.merge(database, plan, progress=draw, dry_run=dry_run)
    if json:
        print(terminal.as_json({"database": database, **outcome.as_dict()}))
    else:
        _print_outcome(outcome)
    if outcome.conflicts:
        raise typer.Exit(Exit.FINDINGS)


def _print_outcome(outcome: Merged) -> None:
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

    with failing(merging.MergeFailed):
        outcome = merging.rollback(database)
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

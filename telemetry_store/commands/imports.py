"""Commands that bring files in and prove it: import, follow, rejects, verify."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telemetry_store import settings, terminal
from telemetry_store.commands.options import Db, Env, Exit, Json, fresh, opened, progress_bar, warn
from telemetry_store.errors import DatabaseError, SpoolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers import Follower, Lag, Plan, Rehearsal

#: What is shown of each file.
_COLUMNS = ("path", "table", "read", "imported", "duplicate", "rejected", "blank", "status")
#: Columns of a new table that go without saying.
_OWN_COLUMNS = ("timestamp", "metadata_json")
#: Bytes of each file that a dry run looks at first.
_SAMPLE = 256 << 10
#: How long a signal waits at most, in seconds.
_NAP = 0.1

Encoding = Annotated[
    str, typer.Option("--encoding", help="Of text that is not UTF-8 and has no byte order mark, such as latin-1.")
]
PlanFile = Annotated[
    Path | None, typer.Option("--plan", help="Which file goes into which table; else telemetry.toml, if it has tables.")
]


def import_(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="JSONL files, or folders that hold some; else all sources of the plan.")
    ] = None,
    plan: PlanFile = None,
    table: Annotated[str | None, typer.Option("--table", help="The table for all of them; else by file name.")] = None,
    encoding: Encoding = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be stored, and write nothing.")] = False,
    rejects: Annotated[bool, typer.Option("--rejects", help="Try again what stands in _rejects.")] = False,
    mended: Annotated[
        Path | None, typer.Option("--mended", help="With --rejects: a file of `telemetry rejects --export`, edited.")
    ] = None,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Import JSONL files, each line exactly once; what cannot be stored goes to _rejects.

    Example: telemetry import logs/ --table chat_messages
    """
    chosen = _chosen_plan(plan)
    if rejects or mended:
        if paths or table or dry_run:
            raise typer.BadParameter("is given without PATHS, --table and --dry-run", param_hint="--rejects")
        _replay(mended, chosen, db, env, json=json)
        return
    if not paths and chosen is None:
        raise typer.BadParameter("give files or folders, or a plan (--plan; `telemetry plan` makes one)")
    if dry_run:
        _rehearse(paths or [], chosen, table, encoding, settings.load(db, env=env).database, json=json)
        return
    from importers import Outcome, import_paths

    with opened(db, env, reading=False) as store, progress_bar() as draw, _no_garbage_collection():
        summaries = import_paths(store, paths or [], plan=chosen, table=table, encoding=encoding, progress=draw)
    _show([summary.as_dict() for summary in summaries], _COLUMNS, _COLUMNS[2:7], json=json)
    if any(summary.outcome is Outcome.UNREADABLE for summary in summaries):
        raise typer.Exit(Exit.FINDINGS)


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Rows by the million make no circles of objects, and looking for some takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _chosen_plan(file: Path | None) -> Plan | None:
    """The plan that was named, or that of this folder."""
    from importers import load

    if file is not None:
        return load(file)
    return load(Path(settings.FILE)) if settings.has_tables() else None


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], sums: tuple[str, ...], *, json: bool) -> None:
    if json:
        print(terminal.as_json(rows))
        return
    print(terminal.table([{name: row[name] for name in columns} | {"path": _short(row["path"])} for row in rows]))
    totals = {name: sum(row[name] for row in rows) for name in sums}
    print("\n" + ", ".join(f"{count} {name}" for name, count in totals.items()) + f" in {len(rows)} files")


def _short(path: str) -> str:
    """A path as a person would name it from here."""
    near = os.path.relpath(path) if path.startswith(os.getcwd() + os.sep) else path
    return near if len(near) <= terminal.WIDEST else "…" + near[1 - terminal.WIDEST :]


def _rehearse(
    paths: list[Path], plan: Plan | None, table: str | None, encoding: str, database: str, *, json: bool
) -> None:
    from importers import rehearse

    rehearsal = rehearse(database, paths, plan=plan, table=table, encoding=encoding, sample=_SAMPLE)
    if any(summary.bytes >= _SAMPLE for summary in rehearsal.files):
        if not json:
            print("From the beginning of each file:\n")
            _print_tables(rehearsal)
            print("\nFrom everything:\n", flush=True)
        with progress_bar() as draw:
            rehearsal = rehearse(database, paths, plan=plan, table=table, encoding=encoding, progress=draw)
    if json:
        print(terminal.as_json(rehearsal.as_dict()))
        return
    _print_tables(rehearsal)
    _show([summary.as_dict() for summary in rehearsal.files], _COLUMNS, _COLUMNS[2:7], json=False)
    print("Nothing was written.")


def _print_tables(rehearsal: Rehearsal) -> None:
    for table in rehearsal.tables:
        columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items() if name not in _OWN_COLUMNS)
        print(f"{table.table}, {table.status}: {table.rows} rows" + (", and new columns:" if columns else ""))
        print(textwrap.indent(textwrap.fill(columns, 110), "    "), end="\n" if columns else "")
    for reason, (lines, first) in rehearsal.rejects.items():
        print(f"rejects: {lines} × {reason}, first at {_short(first)}")
    print()


def _replay(mended: Path | None, plan: Plan | None, db: str | None, env: str | None, *, json: bool) -> None:
    import importers

    changed = importers.mended(mended) if mended else None
    with opened(db, env) as store:
        fresh(store)
        replayed = importers.replay(store, changed, plan=plan)
    counts = f"{replayed.stored} events stored, {replayed.duplicate} there already, {replayed.rejected} rejected again"
    print(terminal.as_json(replayed) if json else f"{replayed.tried} rejects tried: {counts}")
    if replayed.rejected:
        raise typer.Exit(Exit.FINDINGS)


def follow(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files, folders and globs, which may come later; else the plan's.")
    ] = None,
    plan: PlanFile = None,
    table: Annotated[str | None, typer.Option("--table", help="The table for all of them; else by file name.")] = None,
    encoding: Encoding = "",
    interval: Annotated[float, typer.Option("--interval", min=0.01, help="Seconds between two looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Go on importing what is appended to files, through rotation, until stopped; says how far behind each is.

    Example: telemetry follow logs/ 'memory/*.jsonl'
    """
    from importers import Follower

    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: stopped.append(received))
    chosen = _chosen_plan(plan)
    if not paths and chosen is None:
        raise typer.BadParameter("give files, folders or globs, or a plan (--plan; `telemetry plan` makes one)")
    with opened(db, env, reading=False) as store:
        follower = Follower(store, paths or [], plan=chosen, table=table, encoding=encoding)
        reported: object = None
        while True:
            reported = _round(follower, stopped, reported, json=json)
            if once or stopped:
                break
            deadline = time.monotonic() + interval
            while not stopped and (left := deadline - time.monotonic()) > 0:
                time.sleep(min(_NAP, left))
        follower.close()


def _round(follower: Follower, stopped: list[int], reported: object, *, json: bool) -> object:
    """Look once, and report when there is something new; an error that may pass is reported once and waited out.

    Returns:
        What was reported last: path, bytes behind, events and problem of each file, or the text of an error.
    """
    try:
        lags = follower.round(lambda: bool(stopped))
    except (DatabaseError, SpoolError) as error:
        if not error.retry:
            raise
        if str(error) != reported:
            warn(f"warning: {error}")
        return str(error)
    state = [(lag.path, lag.bytes, lag.imported, lag.problem) for lag in lags]
    if state != reported and json:
        print(terminal.json_line({"time": time.time(), "files": lags}), flush=True)
    elif state != reported:
        _print_lags(lags)
    return state


def _print_lags(lags: list[Lag]) -> None:
    imported, behind = sum(lag.imported for lag in lags), terminal.size(sum(lag.bytes for lag in lags))
    now = time.strftime("%H:%M:%S")
    print(f"{now}  {len(lags)} files, {imported} events imported, {behind} behind", flush=True)
    for lag in lags:
        if lag.problem or lag.bytes:
            late = lag.problem or f"{terminal.size(lag.bytes)}, {lag.seconds:.1f} s"
            print(f"          {Path(lag.path).name}: {late}", flush=True)


def rejects(
    export: Annotated[
        Path | None, typer.Option("--export", help="Write all of them to a file of JSON lines, to be mended.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Show at most so many of them.")] = 20,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Show what could not be stored: how many for each reason, and the first ones with their bytes.

    Mend them and try again: telemetry rejects --export r.jsonl, edit it, telemetry import --rejects --mended r.jsonl

    Example: telemetry rejects --export rejects.jsonl
    """
    from importers import export as write_rejects

    with opened(db, env) as store:
        sql = "SELECT reason, count(*) AS lines FROM _rejects GROUP BY reason ORDER BY 2 DESC, 1"
        counts = store.read(sql, timeout=fresh(store))
        first = store.read(f'SELECT id, "table", source, offset, reason, raw FROM _rejects ORDER BY id LIMIT {limit}')
        if export is not None:
            count = write_rejects(store, export)  # audit: allow the user asked for this file
            warn(f"{count} rejects written to {export}")
    for row in first:
        row["raw"] = row["raw"].decode("utf-8", "backslashreplace")
    if json:
        print(terminal.as_json({"reasons": counts, "rejects": first}))
    elif counts:
        print(terminal.table(counts) + "\n\n" + terminal.table(first))
    else:
        print("no rejects")


def verify(
    paths: Annotated[list[Path] | None, typer.Argument(help="Imported files; all of them when none is given.")] = None,
    plan: PlanFile = None,
    encoding: Encoding = "",
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Rebuild every imported event from its row and compare it with the file; exit status 1 on a difference.

    Example: telemetry verify logs/chat.jsonl
    """
    import importers

    with opened(db, env) as store, progress_bar() as draw:
        fresh(store)
        verified = importers.verify(store, paths or (), plan=_chosen_plan(plan), encoding=encoding, progress=draw)
    sums = ("events", "equal", "dropped", "missing", "rejected")
    _show([file.as_dict() for file in verified], ("path", "table", *sums, "status", "example"), sums, json=json)
    if any(file.verdict in (importers.Verdict.DIFFERENT, importers.Verdict.CHANGED) for file in verified):
        raise typer.Exit(Exit.FINDINGS)

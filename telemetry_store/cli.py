"""The `telemetry` command: the only place, besides the demo, that knows all packages."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import settings as settings_module
from . import terminal
from .errors import DatabaseBusy, DatabaseError, SpoolError, TelemetryError
from .recovery import segment_names
from .store import TelemetryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Exit(IntEnum):
    """What the command's exit status means."""

    GOOD = 0
    FINDINGS = 1
    USAGE = 2
    UNREACHABLE = 3


class Format(StrEnum):
    """How an audit is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"


app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
                  help="From scattered JSONL files to one indexed database.")  # fmt: skip
Db = Annotated[
    str | None, typer.Option("--db", help="The database; else TELEMETRY_DB, telemetry.toml, data/foundups.db.")
]
Env = Annotated[str | None, typer.Option("--env", help="A section [env.NAME] of telemetry.toml, such as dev.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_WAIT = 10.0


def warn(message: str) -> None:
    """Say something on standard error."""
    print(message, file=sys.stderr)


@contextlib.contextmanager
def opened(db: str | None, env: str | None, *, reading: bool = True) -> Iterator[TelemetryStore]:
    """The store that the options name; for reading it must exist, or have events waiting in its spool."""
    settings = settings_module.load(db, env=env)
    there = os.path.exists(settings.database) or segment_names(settings.spool)
    if reading and not there:
        warn(f"error: there is no database at {settings.database} (use --db, or set TELEMETRY_DB)")
        raise typer.Exit(Exit.UNREACHABLE)
    store = TelemetryStore(settings=settings)
    try:
        yield store
    finally:
        store.close()


def fresh(store: TelemetryStore) -> float:
    """Bring in what is in the spool, or say that the database is busy; returns the seconds to wait for reads."""
    try:
        if store.flush(_WAIT):
            return _WAIT
    except DatabaseBusy:
        pass
    except (DatabaseError, SpoolError) as error:
        if not error.retry:
            raise
        warn(f"warning: {error}")
        return 1.0
    waiting = terminal.size(store.stats()["backlog_bytes"])
    warn(f"warning: the database is busy; up to {waiting} in the spool are not shown yet")
    return 1.0


def ask(store: TelemetryStore, sql: str) -> list[dict[str, Any]]:
    """Rows of a query over all that can be had now."""
    return store.read(sql, wait=fresh(store))


@app.command()
def query(sql: str, db: Db = None, env: Env = None, json: Json = False,
          csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False) -> None:  # fmt: skip
    """Run one read-only SQL statement, events still in the spool included.

    Example: telemetry query "SELECT agent_id, count(*) FROM permission_events GROUP BY 1"
    """
    with opened(db, env) as store:
        terminal.show(ask(store, sql), json=json, csv=csv)


@app.command()
def timeline(
    where: Annotated[list[str] | None, typer.Option("--where", help="FIELD=VALUE; may be given several times.")] = None,
    last: Annotated[str | None, typer.Option("--last", help="Only so far back: 90s, 15m, 1h, 7d, 2w.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many events.")] = 50,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Show the events of all tables, newest first.

    Example: telemetry timeline --where agent_id=gemma_agent_3 --last 1h
    """
    from .timeline import seconds, statement

    pairs = [text.partition("=") for text in where or []]
    if any(not mark for _, mark, _ in pairs):
        raise typer.BadParameter("use FIELD=VALUE, such as agent_id=gemma_agent_3", param_hint="--where")
    conditions = {name: value for name, _, value in pairs}
    sql, parameters = statement(conditions, seconds(last) if last else None, limit)
    with opened(db, env) as store:
        wait = fresh(store)
        has_view = store.read("SELECT 1 FROM sqlite_master WHERE name = 'all_events'", wait=wait)
        rows = store.read(sql, parameters, wait=wait) if has_view else []
        terminal.show(rows, json=json)


@app.command()
def stats(db: Db = None, env: Env = None, json: Json = False) -> None:
    """Show the tables with rows and span, sizes, the backlog, and rejects by reason.

    Example: telemetry stats --db data/foundups.db
    """
    from .statistics import statistics

    with opened(db, env) as store:
        found = statistics(store, wait=fresh(store))
    if json:
        print(terminal.as_json(found))
        return
    print(terminal.table(found["tables"]))
    print(
        f"\n{found['rows']} rows in {found['database']}, {terminal.size(found['size_bytes'])}; log "
        f"{terminal.size(found['wal_bytes'])}; spool {terminal.size(found['backlog_bytes'])} in "
        f"{found['backlog_segments']} segments; {found['imported_files']} imported files"
    )
    for label in ("rejects", "drops"):
        for reason, count in found[label].items():
            print(f"{label}: {count} × {reason}")


@app.command()
def drain(
    follow: Annotated[bool, typer.Option("--follow", help="Go on until stopped.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Bring everything from the spool into the database, also what dead processes left.

    Example: telemetry drain --follow
    """
    stopping: list[int] = []
    if follow:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _: stopping.append(received))
    with opened(db, env, reading=not follow) as store:
        before = 0
        while True:
            try:
                complete = store.tidy(_WAIT)
            except DatabaseError as error:
                if not (follow and error.retry):
                    raise
                warn(f"warning: {error}")
                complete = True
            done = store.stats()
            if done["stored"] > before or not follow:
                _say_drained(done, done["stored"] - before, json=json)
                before = done["stored"]
            if not follow and not complete:
                raise DatabaseBusy("another process is draining", "it does the same work; look again later")
            if not follow or stopping:
                return
            time.sleep(0.25)


def _say_drained(done: Mapping[str, Any], fresh_rows: int, *, json: bool) -> None:
    if json:
        print(terminal.as_json(done), flush=True)
        return
    print(
        f"{fresh_rows} stored, {done['duplicate']} duplicate, {done['rejected']} rejected; "
        f"{terminal.size(done['backlog_bytes'])} left in the spool",
        flush=True,
    )


@app.command()
def doctor(
    full: Annotated[bool, typer.Option("--full", help="Check every index entry too.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Check SQLite, the file system, the log, the spool and the integrity; exit status 1 on a problem.

    Example: telemetry doctor --full
    """
    from .doctor import Severity, examine

    found = examine(settings_module.load(db, env=env), full=full)
    rows = [{"check": each.check, "severity": str(each.severity), "message": each.message, "hint": each.hint}
            for each in found]  # fmt: skip
    if json:
        print(terminal.as_json(rows))
    else:
        for each in found:
            print(f"{each.severity:8}{each.check:14}{each.message}" + (f"\n{'':22}→ {each.hint}" if each.hint else ""))
    if any(each.severity is Severity.PROBLEM for each in found):
        raise typer.Exit(Exit.FINDINGS)


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="JSONL files, or folders that hold some.")],
    table: Annotated[str | None, typer.Option("--table", help="The table for all of them; else by file name.")] = None,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Import JSONL files, each line exactly once; what cannot be stored goes to _rejects.

    Example: telemetry import logs/ --table chat_messages
    """
    from importers import import_paths

    with opened(db, env, reading=False) as store, _progress() as progress:
        found = import_paths(store, paths, table=table, progress=progress)
    rows = [each.as_dict() for each in found]
    if json:
        print(terminal.as_json(rows))
    else:
        print(terminal.table([{name: row[name] for name in _IMPORT_COLUMNS} for row in rows]))
        total = {name: sum(row[name] for row in rows) for name in _IMPORT_COLUMNS[2:7]}
        print("\n" + ", ".join(f"{count} {name}" for name, count in total.items()) + f" in {len(rows)} files")


_IMPORT_COLUMNS = ("path", "table", "read", "imported", "duplicate", "rejected", "blank", "status")


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress bar on a terminal: called with a file's path, bytes done and bytes in all."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda path, done, total: bar.update(task, description=path[-40:], completed=done, total=total)


@app.command()
def audit(
    path: Annotated[Path, typer.Argument(help="The root of a codebase.")],
    exclude: Annotated[list[str] | None, typer.Option("--exclude", help="A folder or glob to leave out.")] = None,
    profile: Annotated[bool, typer.Option(help="Look into the files on disk too.")] = True,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    output: Annotated[Path | None, typer.Option("--output", help="Write it there instead.")] = None,
    json: Json = False,
) -> None:
    """Find the JSONL writers and readers of a codebase, with the risk of each target.

    Example: telemetry audit . --format json --output audit.json
    """
    import audit as auditor

    if not path.exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")
    report = auditor.audit(path, exclude=exclude or (), profile=profile)
    form = Format.JSON if json else form
    if form is Format.TEXT:
        text = report.as_text()
    elif form is Format.MARKDOWN:
        text = auditor.as_markdown(report)
    else:
        text = terminal.as_json(report.as_dict() if form is Format.JSON else auditor.as_sarif(report))
    if output is None:
        print(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="A new folder for it.")] = Path("telemetry-demo"),
) -> None:
    """Show the whole road on a small sample project: audit, import, query, record from many processes.

    Example: telemetry demo
    """
    from .demo import run

    run(folder)


def main() -> None:
    """Run the command; errors become one line and an exit status."""
    try:
        app(standalone_mode=True)
    except TelemetryError as error:
        warn(f"error: {error}")
        sys.exit(Exit.UNREACHABLE if isinstance(error, DatabaseError | SpoolError) else Exit.USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more to say, and no complaint at exit
        sys.exit(Exit.GOOD)


if __name__ == "__main__":
    main()

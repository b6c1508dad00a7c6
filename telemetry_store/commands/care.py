"""Commands that take care: drain, doctor, backup, restore, prune."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store import settings as settings_module
from telemetry_store import terminal
from telemetry_store.commands.options import TIMEOUT, Db, Env, Exit, Json, failing, fresh, opened, progress_bar, warn
from telemetry_store.engines import is_there
from telemetry_store.errors import ArchiveDamaged, BackupFailed, DatabaseBusy, DatabaseError
from telemetry_store.recovery import segment_names

if TYPE_CHECKING:
    from telemetry_store.engines.abilities import Backup
    from telemetry_store.store import Stats


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
                complete = store.tidy(TIMEOUT)
            except DatabaseError as error:
                if not (follow and error.retry):
                    raise
                warn(f"warning: {error}")
                complete = True
            stats = store.stats()
            if stats.stored > before or not follow:
                _say_drained(stats, stats.stored - before, json=json)
                before = stats.stored
            if not follow and not complete:
                raise DatabaseBusy("another process is draining", "it does the same work; look again later")
            if not follow or stopping:
                return
            time.sleep(0.25)


def _say_drained(stats: Stats, fresh_rows: int, *, json: bool) -> None:
    waiting = terminal.size(stats.backlog_bytes)
    words = f"{fresh_rows} stored, {stats.duplicate} duplicate, {stats.rejected} rejected; {waiting} left in the spool"
    print(terminal.as_json(asdict(stats)) if json else words, flush=True)


def doctor(
    full: Annotated[bool, typer.Option("--full", help="Check every index entry too, whatever the size.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Do what is safe: drain, cut back the log, make indexes.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit status 1 on warnings too.")] = False,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Print metrics in Prometheus' text format.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Check SQLite, the files, the log, the spool, the tables and the disk; exit status 1 on a problem.

    Example: telemetry doctor --fix
    """
    from telemetry_store.care.doctor import Severity, examine
    from telemetry_store.care.doctor.mend import mend
    from telemetry_store.care.metrics import as_text, metrics

    settings = settings_module.load(db, env=env)
    findings = examine(settings, full=full)
    if fix and (changes := mend(settings, findings, timeout=TIMEOUT)):
        for words in changes:
            warn(f"fixed: {words}")
        findings = examine(settings, full=full)
    if prometheus:
        print(as_text(metrics(settings, findings)), end="")
    elif json:
        print(terminal.as_json([{**asdict(finding), "fix": finding.fix is not None} for finding in findings]))
    else:
        for finding in findings:
            line = f"{finding.code} {finding.severity:8}{finding.check:16}{finding.message}"
            print(line + (f"\n{'':29}→ {finding.hint}" if finding.hint else ""))
    bad = (Severity.PROBLEM, Severity.WARNING) if strict else (Severity.PROBLEM,)
    if not is_there(settings) and not segment_names(settings.spool):
        raise typer.Exit(Exit.UNREACHABLE)
    if any(finding.severity in bad for finding in findings):
        raise typer.Exit(Exit.FINDINGS)


def backup(
    destination: Annotated[str | None, typer.Argument(help="A new file, or a folder.")] = None,
    keep: Annotated[int | None, typer.Option("--keep", min=1, help="Delete all but the newest so many.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show the backups in the folder; make none.")] = False,
    timeout: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the database.")] = TIMEOUT,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Copy the database while others write to it, and check the copy; by default into the folder DATABASE-backups.

    Example: telemetry backup --keep 7
    """
    from telemetry_store.care.backup import back_up, backups
    from telemetry_store.care.backup import keep as keep_newest

    settings = settings_module.load(db, env=env)
    folder = destination if destination is None or os.path.isdir(destination) else os.path.dirname(destination) or "."
    if listing:
        _show_backups(backups(settings, folder), json=json)
        return
    with failing(BackupFailed, ArchiveDamaged):
        copy = back_up(settings, destination, timeout=timeout)
    deleted = keep_newest(settings, keep, folder) if keep else []
    if json:
        print(terminal.as_json({**asdict(copy), "deleted": deleted}))
        return
    print(f"{copy.path}: {_events(copy.rows)} rows, {terminal.size(copy.size_bytes)}, checked")
    if copy.carried:
        print(f"{copy.carried} events went from the spool straight into it: the database cannot be written")
    for path in deleted:
        print(f"deleted {path}")


def _events(rows: dict[str, int]) -> int:
    """The rows of all tables but the store's own."""
    return sum(count for name, count in rows.items() if not name.startswith("_"))


def _show_backups(copies: list[Backup], *, json: bool) -> None:
    rows = [asdict(copy) for copy in copies]
    if not json:  # in few words
        wanted = ("path", "taken_at", "rows", "size_bytes")
        rows = [{name: row[name] for name in wanted} | {"rows": _events(row["rows"])} for row in rows]
    terminal.show(rows, json=json)


def restore(
    file: Annotated[str, typer.Argument(help="A backup.")],
    force: Annotated[bool, typer.Option("--force", help="Also where there is a database; it is kept.")] = False,
    timeout: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for other processes.")] = TIMEOUT,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Put a backup in the place of the database, and drain what waits in the spool into it.

    Example: telemetry restore foundups-20260801T040000.000000Z.db --db data/foundups.db --force
    """
    from telemetry_store.care.restore import restore as put_back

    with failing(BackupFailed, ArchiveDamaged):
        restored = put_back(settings_module.load(db, env=env), file, force=force, timeout=timeout)
    if json:
        print(terminal.as_json(asdict(restored)))
        return
    print(f"{restored.database}: {_events(restored.rows)} rows restored, {restored.drained} more from the spool")
    if restored.aside:
        print(f"the old database is {restored.aside}")


def prune(
    older_than: Annotated[str, typer.Option("--older-than", help="A span such as 90d, 12h, 8w.")],
    table: Annotated[str | None, typer.Option("--table", help="Only this table.")] = None,
    archive: Annotated[str | None, typer.Option("--archive", help="Keep the rows in Parquet files here.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also where the clock is not to be trusted.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Delete old events beside live writers, or move them into an archive, which `query --archive` asks too.

    Example: telemetry prune --older-than 90d --archive data/archive
    """
    from telemetry_store.care import retention
    from telemetry_store.reading.timeline import seconds

    span = seconds(older_than)
    with opened(db, env) as store:
        fresh(store)
    if dry_run:
        pruned = retention.due(store.settings, span, table=table)
    else:
        with failing(BackupFailed, ArchiveDamaged), progress_bar() as draw:
            pruned = retention.prune(store.settings, span, table=table, folder=archive, force=force, progress=draw)
    if json:
        print(terminal.as_json([asdict(part) for part in pruned]))
        return
    for part in pruned:
        moved = f"moved into {len(part.files)} files" if archive else "deleted"
        print(f"{part.table}: {part.rows} rows before {part.cutoff} {'would go' if dry_run else moved}")
        if part.kept:
            print(f"{part.table}: {part.kept} rows were changed meanwhile, and stay")
    if not pruned:
        print("nothing is that old")

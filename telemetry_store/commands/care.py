"""Commands that take care: drain, doctor."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telemetry_store import settings as settings_module
from telemetry_store import terminal
from telemetry_store.commands.options import WAIT, Db, Env, Exit, Json, opened, warn
from telemetry_store.errors import DatabaseBusy, DatabaseError

if TYPE_CHECKING:
    from collections.abc import Mapping


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
                complete = store.tidy(WAIT)
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


def doctor(
    full: Annotated[bool, typer.Option("--full", help="Check every index entry too.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Check SQLite, the file system, the log, the spool and the integrity; exit status 1 on a problem.

    Example: telemetry doctor --full
    """
    from telemetry_store.doctor import Severity, examine

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

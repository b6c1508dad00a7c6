"""The command that goes on importing."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import orjson
import typer

from telemetry_store import terminal
from telemetry_store.commands.imports import Encoding, PlanFile, chosen_plan
from telemetry_store.commands.options import Db, Env, Json, opened, warn
from telemetry_store.errors import DatabaseError, SpoolError

if TYPE_CHECKING:
    from importers import Lag
    from importers.follow import Follower

#: How long a signal waits at most, in seconds.
_NAP = 0.1
#: What was reported last: path, bytes behind, events and problem of each file, or an error.
_Said: TypeAlias = "str | list[tuple[str, int, int, str]]"


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
    chosen = chosen_plan(plan)
    if not paths and chosen is None:
        raise typer.BadParameter("give files, folders or globs, or a plan (--plan; `telemetry plan` makes one)")
    with opened(db, env, reading=False) as store:
        follower = Follower(store, paths or [], plan=chosen, table=table, encoding=encoding)
        said: _Said = ""
        while True:
            said = _round(follower, stopped, said, json=json)
            if once or stopped:
                break
            deadline = time.monotonic() + interval
            while not stopped and (left := deadline - time.monotonic()) > 0:
                time.sleep(min(_NAP, left))
        follower.close()


def _round(follower: Follower, stopped: list[int], said: _Said, *, json: bool) -> _Said:
    """Look once, and report when there is something new; an error that may pass is said once and waited out."""
    try:
        lags = follower.round(lambda: bool(stopped))
    except (DatabaseError, SpoolError) as error:
        if not error.retry:
            raise
        if str(error) != said:
            warn(f"warning: {error}")
        return str(error)
    now = [(lag.path, lag.bytes, lag.imported, lag.problem) for lag in lags]
    if now != said:
        if json:
            line = {"time": time.time(), "files": lags}
            print(orjson.dumps(line).decode(), flush=True)
        else:
            _tell(lags)
    return now


def _tell(lags: list[Lag]) -> None:
    imported, behind = sum(lag.imported for lag in lags), sum(lag.bytes for lag in lags)
    print(
        f"{time.strftime('%H:%M:%S')}  {len(lags)} files, {imported} events imported, {terminal.size(behind)} behind",
        flush=True,
    )
    for lag in lags:
        if lag.problem or lag.bytes:
            late = lag.problem or f"{terminal.size(lag.bytes)}, {lag.seconds:.1f} s"
            print(f"          {Path(lag.path).name}: {late}", flush=True)

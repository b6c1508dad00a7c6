"""What the commands share: their options, exit statuses, and the store that the options name."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telemetry_store import settings as settings_module
from telemetry_store import terminal
from telemetry_store.errors import DatabaseBusy, DatabaseError, SpoolError
from telemetry_store.recovery import segment_names
from telemetry_store.store import TelemetryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Exit(IntEnum):
    """What the command's exit status means."""

    GOOD = 0
    FINDINGS = 1
    USAGE = 2
    UNREACHABLE = 3


Db = Annotated[
    str | None, typer.Option("--db", help="The database; else TELEMETRY_DB, telemetry.toml, data/foundups.db.")
]
Env = Annotated[str | None, typer.Option("--env", help="A section [env.NAME] of telemetry.toml, such as dev.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WAIT = 10.0


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
        if store.flush(WAIT):
            return WAIT
    except DatabaseBusy:
        pass
    except (DatabaseError, SpoolError) as error:
        if not error.retry:
            raise
        warn(f"warning: {error}")
        return 1.0
    waiting = terminal.size(store.stats().backlog_bytes)
    warn(f"warning: the database is busy; up to {waiting} in the spool are not shown yet")
    return 1.0


def ask(store: TelemetryStore, sql: str) -> list[dict[str, Any]]:
    """Rows of a query over all that can be had now."""
    return store.read(sql, wait=fresh(store))


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None] | None]:
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


@contextlib.contextmanager
def import_progress() -> Iterator[Callable[[str, int, int, int], None] | None]:
    """The same, with rows a second: called with the rows of the file so far as well."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="")
        stored: dict[str, int] = {}
        start = time.monotonic()

        def tell(path: str, done: int, total: int, rows: int) -> None:
            stored[path] = rows
            rate = sum(stored.values()) / max(time.monotonic() - start, 0.001)
            bar.update(task, description=path[-40:], rate=f"{rate:,.0f} rows/s")
            if total:
                bar.update(task, completed=done, total=total)
            bar.refresh()

        yield tell

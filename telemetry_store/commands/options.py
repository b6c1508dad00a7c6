"""What the commands share: their options, exit statuses, and the store that the options name."""

from __future__ import annotations

import contextlib
import sys
import time
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store import settings as settings_module
from telemetry_store import terminal
from telemetry_store.engines import is_there
from telemetry_store.errors import DatabaseBusy, DatabaseError, SpoolError, TelemetryError
from telemetry_store.recovery import segment_names
from telemetry_store.store import TelemetryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telemetry_store.engines.base import Reader
    from telemetry_store.progress import Progress


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
#: How long a command waits for others that use the database, in seconds.
TIMEOUT = 10.0
#: The same where it goes on without what it waits for.
_SHORTLY = 1.0


def warn(message: str) -> None:
    """Say something on standard error."""
    print(message, file=sys.stderr)


@contextlib.contextmanager
def failing(*kinds: type[TelemetryError]) -> Iterator[None]:
    """Errors of these kinds are failed checks, which have an exit status of their own."""
    try:
        yield
    except kinds as error:
        warn(f"error: {error}")
        raise typer.Exit(Exit.FINDINGS) from error


@contextlib.contextmanager
def opened(db: str | None, env: str | None, *, reading: bool = True) -> Iterator[TelemetryStore]:
    """The store that the options name; for reading it must exist, or have events waiting in its spool."""
    settings = settings_module.load(db, env=env)
    if reading and not (is_there(settings) or segment_names(settings.spool)):
        warn(f"error: there is no database at {settings.database} (use --db, or set TELEMETRY_DB)")
        raise typer.Exit(Exit.UNREACHABLE)
    with TelemetryStore(settings=settings) as store:
        yield store


def fresh(store: TelemetryStore) -> float:
    """Bring in what is in the spool, or say that the database is busy; returns the seconds to wait for reads."""
    try:
        if store.flush(TIMEOUT):
            return TIMEOUT
    except DatabaseBusy:
        pass
    except (DatabaseError, SpoolError) as error:
        if not error.retry:
            raise
        warn(f"warning: {error}")
        return _SHORTLY
    waiting = terminal.size(store.stats().backlog_bytes)
    warn(f"warning: the database is busy; up to {waiting} in the spool are not shown yet")
    return _SHORTLY


@contextlib.contextmanager
def fresh_reader(db: str | None, env: str | None) -> Iterator[Reader]:
    """A reader of the store that the options name, for all that can be had now."""
    with opened(db, env) as store:
        fresh(store)
        with store.reader() as reader:
            yield reader


@contextlib.contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None] | None]:
    """On a terminal, what draws how far the work is, with rows a second where it gives rows; else None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    name = progress.TextColumn("{task.description}", markup=False)  # a file's name may hold brackets
    columns = (name, progress.BarColumn(), "{task.fields[amount]} {task.fields[rate]}", progress.TimeRemainingColumn())
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, amount="", rate="")
        rows: dict[str, int] = {}
        start = time.monotonic()

        def draw(now: Progress) -> None:
            new, rows[now.what] = now.what not in rows, now.rows
            rate = sum(rows.values()) / max(time.monotonic() - start, 0.001)
            bar.update(task, description=now.what[-40:], rate=f"{rate:,.0f} rows/s" if rate else "")
            if now.total:
                bar.update(task, completed=now.done, total=now.total, amount=_amount(now))
            if new:  # it may be over before the bar draws itself the next time
                bar.refresh()

        yield draw


def _amount(now: Progress) -> str:
    from rich.filesize import decimal

    if now.unit == "bytes":
        return f"{decimal(now.done)} of {decimal(now.total)}"
    return f"{now.done:,} of {now.total:,} {now.unit}"

"""The command that exports."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store.commands.options import Db, Env, fresh, fresh_reader, opened, warn
from telemetry_store.commands.timelines import PAUSE, Since, Until, Where, tables_of, window_of
from telemetry_store.errors import UsageError
from telemetry_store.reading import export as exports

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table
    from telemetry_store.selection import StoredEvent, Window
    from telemetry_store.store import TelemetryStore

    #: Gives what is written of an event.
    _EventOf: TypeAlias = Callable[[StoredEvent], dict[str, Any]]

#: How long a statement may take, in seconds.
_HOUR = 3600.0


def export(
    table: Annotated[str | None, typer.Argument(help="The table.")] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Every table, each into a file of its name in the folder TO.")
    ] = False,
    sql: Annotated[str | None, typer.Option("--sql", help="Export the rows of a statement instead.")] = None,
    to: Annotated[
        str, typer.Option("--to", help="FILE.jsonl, .csv (both also .gz, .zst) or .parquet; - prints JSON lines.")
    ] = exports.STANDARD_OUTPUT,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    stamped: Annotated[
        bool, typer.Option("--stamped", help="Give events without a time the one that the store noted.")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with events as they come; JSON lines.")] = False,
    db: Db = None,
    env: Env = None,
) -> None:
    """Write a table's events to a file: as JSON lines the way they were recorded, else its columns.

    Example: telemetry export permission_events --to permission_events.jsonl

    Example: telemetry export --all --to exported

    Example: telemetry export --sql "SELECT agent_id, count(*) AS n FROM permission_events GROUP BY 1" --to agents.csv
    """
    _check(table, sql, to, all_=all_, follow=follow)
    window = window_of(since, until, where)
    event_of: _EventOf = exports.stamped if stamped else attrgetter("event")
    if follow:
        with opened(db, env) as store:
            _follow(store, str(table), window, event_of, to)  # audit: allow the user asked for this file
        return
    with fresh_reader(db, env) as reader:
        if all_:
            _everything(reader, window, event_of, to)
        elif sql is not None:
            batches = reader.stream(sql, (), _HOUR)
            columns = next(batches)
            _say(exports.write_rows(to, columns, chain.from_iterable(batches)), "rows", to)
        else:
            _say(_export(reader, _table(reader, str(table)), window, event_of, to), "events", to)


def _check(table: str | None, sql: str | None, to: str, *, all_: bool, follow: bool) -> None:
    if (table is not None) + (sql is not None) + all_ != 1:
        raise typer.BadParameter("name a table, or give --sql or --all", param_hint="TABLE")
    if all_ and (follow or to == exports.STANDARD_OUTPUT):
        raise typer.BadParameter("say which folder with --to, and do not follow", param_hint="--all")
    form = "jsonl" if all_ else exports.format_of(to)
    if follow and (form != "jsonl" or sql is not None or to.endswith((".gz", ".zst"))):
        raise typer.BadParameter("it writes the events of a table as plain JSON lines", param_hint="--follow")


def _say(count: int, what: str, to: str) -> None:
    if to != exports.STANDARD_OUTPUT:
        print(f"{count} {what} in {to}")


def _everything(reader: Reader, window: Window, event_of: _EventOf, to: str) -> None:
    os.makedirs(to, exist_ok=True)
    with reader.moment():  # for all files
        for name, table in reader.catalogue.tables.items():
            path = os.path.join(to, f"{name}.jsonl")
            print(f"{_export(reader, table, window, event_of, path)} events in {path}")


def _table(reader: Reader, name: str) -> Table:
    return tables_of(reader, [name])[name]


def _export(reader: Reader, table: Table, window: Window, event_of: _EventOf, to: str) -> int:
    if exports.format_of(to) != "jsonl":
        return exports.write_rows(to, *reader.table_rows(table, window))
    with exports.text_file(to) as file:
        events = reader.events(table, window)
        return exports.write_lines(file, (exports.event_line(event_of(stored)) for stored in events))


def _follow(store: TelemetryStore, name: str, window: Window, event_of: _EventOf, to: str) -> None:
    """Write what is there and then what comes, until interrupted."""
    fresh(store)
    with store.reader() as reader:
        if not _table(reader, name).numbered:
            raise UsageError(f"{name} has no row numbers, so it cannot be followed")
    last = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        file = sys.stdout
        if to != exports.STANDARD_OUTPUT:
            # audit: allow the user asked for this file
            file = stack.enter_context(open(to, "w", encoding="utf-8", newline=""))
            warn(f"following {name} into {to}")
        while True:
            with store.reader() as reader:
                table = _table(reader, name)  # anew, since columns may have been added
                for stored in reader.events(table, window, after=last):
                    file.write(exports.event_line(event_of(stored)))
                    last = stored.id
            file.flush()
            time.sleep(PAUSE)
            fresh(store)

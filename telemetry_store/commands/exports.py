"""The command that exports."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store.commands.options import Db, Env, fresh, opened, warn
from telemetry_store.commands.timelines import Since, Until, Where  # noqa: TC001 - typer reads annotations
from telemetry_store.errors import UsageError
from telemetry_store.reading import export as exports
from telemetry_store.reading.timeline import moment
from telemetry_store.selection import Condition, Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table
    from telemetry_store.selection import StoredEvent
    from telemetry_store.store import TelemetryStore

_PAUSE = 0.25
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
    window = Window(
        moment(since) if since else None,
        moment(until) if until else None,
        [Condition.parse(text) for text in where or []],
    )
    event_of = exports.stamped if stamped else _as_recorded
    with opened(db, env) as store:
        fresh(store)
        if sql is not None:
            _say(_statement(store, sql, to), "rows", to)
            return
        with store.reader() as reader:
            if all_:
                _everything(reader, window, event_of, to)
                return
            wanted = _table(reader, str(table))
            if follow:
                _follow(store, wanted, window, event_of, to)  # audit: allow the user asked for this file
            else:
                _say(_export(reader, wanted, window, event_of, to), "events", to)


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


def _everything(reader: Reader, window: Window, event_of: Callable[[StoredEvent], dict[str, Any]], to: str) -> None:
    os.makedirs(to, exist_ok=True)
    with reader.moment():  # for all files
        for name, table in reader.catalogue.tables.items():
            path = os.path.join(to, f"{name}.jsonl")
            print(f"{_export(reader, table, window, event_of, path)} events in {path}")


def _as_recorded(stored: StoredEvent) -> dict[str, Any]:
    return stored.event


def _table(reader: Reader, name: str) -> Table:
    tables = reader.catalogue.tables
    if name not in tables:
        raise UsageError(f"there is no table {name}", f"there is: {', '.join(tables) or 'none'}")
    return tables[name]


def _statement(store: TelemetryStore, sql: str, to: str) -> int:
    with store.reader() as reader:
        batches = reader.stream(sql, (), _HOUR)
        columns = next(batches)
        return exports.write_rows(to, columns, (row for batch in batches for row in batch))


def _export(
    reader: Reader,
    table: Table,
    window: Window,
    event_of: Callable[[StoredEvent], dict[str, Any]],
    to: str,
) -> int:
    if exports.format_of(to) != "jsonl":
        return exports.write_rows(to, *reader.table_rows(table, window))
    with exports.text_file(to) as file:
        events = reader.events(table, window)
        return exports.write_lines(file, (exports.event_line(event_of(stored)) for stored in events))


def _follow(
    store: TelemetryStore, table: Table, window: Window, event_of: Callable[[StoredEvent], dict[str, Any]], to: str
) -> None:
    """Write what is there and then what comes, until interrupted."""
    if not table.numbered:
        raise UsageError(f"{table.name} has no row numbers, so it cannot be followed")
    last = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        file = sys.stdout
        if to != exports.STANDARD_OUTPUT:
            # audit: allow the user asked for this file
            file = stack.enter_context(open(to, "w", encoding="utf-8", newline=""))
            warn(f"following {table.name} into {to}")
        while True:
            with store.reader() as reader:
                known = _table(reader, table.name)  # columns may have been added
                for stored in reader.events(known, window, after=last):
                    file.write(exports.event_line(event_of(stored)))
                    last = stored.id
            file.flush()
            time.sleep(_PAUSE)
            fresh(store)

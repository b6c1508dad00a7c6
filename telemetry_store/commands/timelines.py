"""Commands that show events: timeline, tail, search."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, Exit, Json, fresh, fresh_reader, opened, progress_bar, warn
from telemetry_store.errors import UsageError
from telemetry_store.reading import search as searching
from telemetry_store.reading.timeline import Tail, around, moment
from telemetry_store.selection import Condition, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table
    from telemetry_store.selection import StoredEvent
    from telemetry_store.store import TelemetryStore

#: Seconds between two looks.
PAUSE = 0.25

Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="FIELD=VALUE, also !=, <, <=, >, >=, ~ (contains); may be given several times."),
]
Since = Annotated[str | None, typer.Option("--since", help="From then on: a time, a day, or 1h for an hour ago.")]
Until = Annotated[str | None, typer.Option("--until", help="Until then: a time, a day, or 1h for an hour ago.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=0, help="At most so many events.")]


def timeline(
    agent: Annotated[str | None, typer.Option("--agent", help="Only of this agent_id.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Only of this session_id.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only of this event_type.")] = None,
    table: Annotated[list[str] | None, typer.Option("--table", help="Only of this table; several times.")] = None,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    last: Annotated[str | None, typer.Option("--last", help="Only so far back: 90s, 15m, 1h, 7d, 2w.")] = None,
    around_: Annotated[str | None, typer.Option("--around", help="What happened around this event, TABLE:ID.")] = None,
    limit: Limit = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with events as they come.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Show the events of all tables, newest first; with --follow oldest first, and then as they come.

    Example: telemetry timeline --agent agent_3 --last 1h

    Example: telemetry timeline --around permission_events:1 --limit 20
    """
    fields = {"agent_id": agent, "session_id": session, "event_type": kind}
    texts = [*(where or []), *(f"{field}={value}" for field, value in fields.items() if value is not None)]
    window = window_of(last or since, until, texts)
    names, conditions = _tables_named(table or [], window.where)
    window = replace(window, where=conditions)
    if follow:
        _follow(db, env, Tail(partial(tables_of, names=names), window), limit, json=json)
        return
    with fresh_reader(db, env) as reader:
        tables = tables_of(reader, names)
        if around_ is not None:
            events = around(reader, {**tables, **reader.catalogue.tables}, around_, conditions, limit)
        else:
            events = list(reader.by_time(tables.values(), window, limit))
    _print_events(events, json=json)


def tail(
    table: Annotated[str, typer.Argument(help="The table.")],
    where: Where = None,
    limit: Limit = 10,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Go on with events as they come.")] = True,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Show the last events of a table, and go on with those that come, like `tail -f`.

    Example: telemetry tail permission_events --where event_type=granted --no-follow
    """
    newest_events = Tail(partial(tables_of, names=[table]), window_of(None, None, where))
    if follow:
        _follow(db, env, newest_events, limit, json=json)
        return
    with fresh_reader(db, env) as reader:
        events = newest_events.last(reader, limit)
    _print_events(events, json=json)


def search(
    words: Annotated[list[str] | None, typer.Argument(help="All of these; WORD* is a beginning.")] = None,
    table: Annotated[list[str] | None, typer.Option("--table", help="Only of this table; several times.")] = None,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    build: Annotated[bool, typer.Option("--build", help="Make the search index first, anew if there is one.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Remove the search index.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Find the newest events that hold all of these words in any of their texts.

    The first time, build the index: it reads every text once and adds a third to a half to the size of the database.
    From then on each drain keeps it current.

    Example: telemetry search --build granted

    Example: telemetry search timeout database --build --since 7d
    """
    if not (words or build or drop):
        raise typer.BadParameter("say which words, or --build", param_hint="WORDS")
    window = window_of(since, until, where)
    with opened(db, env) as store:
        fresh(store)
        if drop:
            print(f"removed the index of {', '.join(searching.drop(store, table or [])) or 'no table'}")
            return
        if build:
            _build(store, table or [])
        if not words:
            return
        with store.reader() as reader:
            if not reader.catalogue.searched():
                warn("error: there is no search index yet; `telemetry search --build` reads all texts and makes one")
                raise typer.Exit(Exit.USAGE)
            events = searching.search(reader, words, window, limit, table or [])
    _print_events(events, json=json)


def window_of(since: str | None, until: str | None, where: list[str] | None) -> Window:
    """The window that the options of a command say."""
    conditions = [Condition.parse(text) for text in where or []]
    return Window(moment(since) if since else None, moment(until) if until else None, conditions)


def tables_of(reader: Reader, names: Sequence[str]) -> dict[str, Table]:
    """The tables of these names; all of them without names.

    Raises:
        UsageError: there is no such table.
    """
    tables = reader.catalogue.tables
    if missing := [name for name in names if name not in tables]:
        raise UsageError(f"there is no table {missing[0]}", f"there is: {', '.join(tables) or 'none'}")
    return {name: table for name, table in tables.items() if not names or name in names}


def _tables_named(names: list[str], conditions: Sequence[Condition]) -> tuple[list[str], list[Condition]]:
    """Names of tables, also those that stand in conditions as table=NAME."""
    named = [condition.value for condition in conditions if condition.field == "table" and condition.operator == "="]
    return names + named, [condition for condition in conditions if condition.field != "table"]


def _follow(db: str | None, env: str | None, followed: Tail, limit: int, *, json: bool) -> None:
    """Print the last events and then those that come, until interrupted."""
    with opened(db, env) as store:
        fresh(store)
        with contextlib.suppress(KeyboardInterrupt):
            with store.reader() as reader:
                _print_lines(followed.last(reader, limit), json=json)
            while True:
                time.sleep(PAUSE)
                fresh(store)
                with store.reader() as reader:
                    _print_lines(followed.look(reader), json=json)


def _build(store: TelemetryStore, tables: list[str]) -> None:
    with progress_bar() as draw:
        counts = searching.build(store, tables, draw)
    warn(f"indexed {sum(counts.values())} rows of {len(counts)} tables")


def _print_events(events: list[StoredEvent], *, json: bool) -> None:
    """Print events, one on a line, or as a JSON list."""
    if json:
        print(terminal.as_json([terminal.event_dict(event) for event in events]))
    elif events:
        _print_lines(events, json=False)
    else:
        print("(no events)")


def _print_lines(events: Iterable[StoredEvent], *, json: bool) -> None:
    for event in events:
        typer.echo(terminal.json_line(terminal.event_dict(event)) if json else terminal.event_line(event))

"""Commands that show events: timeline, tail."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, Json, fresh, opened
from telemetry_store.errors import UsageError
from telemetry_store.reading.timeline import Tail, around, moment
from telemetry_store.selection import Condition, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from telemetry_store.engines.base import Reader
    from telemetry_store.schema import Table
    from telemetry_store.selection import StoredEvent
    from telemetry_store.store import TelemetryStore

_PAUSE = 0.25

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
    conditions = [Condition.parse(text) for text in where or []]
    for field, value in (("agent_id", agent), ("session_id", session), ("event_type", kind)):
        if value is not None:
            conditions.append(Condition(field, "=", value))
    names, conditions = _tables_of(table or [], conditions)
    since = moment(last) if last else moment(since) if since else None
    window = Window(since, moment(until) if until else None, conditions)
    choose = _chooser(names)
    with opened(db, env) as store:
        if follow:
            _follow(store, Tail(choose, window), limit, json=json)
            return
        fresh(store)
        with store.reader() as reader:
            tables = choose(reader)
            if around_ is not None:
                events = around(reader, {**tables, **reader.catalogue.tables}, around_, conditions, limit)
            else:
                events = list(reader.by_time(tables.values(), window, limit))
    print_events(events, json=json)


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
    one = Tail(_chooser([table]), Window(where=[Condition.parse(text) for text in where or []]))
    with opened(db, env) as store:
        if follow:
            _follow(store, one, limit, json=json)
            return
        fresh(store)
        with store.reader() as reader:
            events = one.last(reader, limit)
    print_events(events, json=json)


def _tables_of(names: list[str], conditions: list[Condition]) -> tuple[list[str], list[Condition]]:
    """Names of tables, also those that stand in conditions as table=NAME."""
    named = [condition.value for condition in conditions if condition.field == "table" and condition.operator == "="]
    return names + named, [condition for condition in conditions if condition.field != "table"]


def _chooser(names: list[str]) -> Callable[[Reader], Mapping[str, Table]]:
    def choose(reader: Reader) -> dict[str, Table]:
        tables = reader.catalogue.tables
        if missing := [name for name in names if name not in tables]:
            raise UsageError(f"there is no table {missing[0]}", f"there is: {', '.join(tables) or 'none'}")
        return {name: table for name, table in tables.items() if not names or name in names}

    return choose


def _follow(store: TelemetryStore, one: Tail, limit: int, *, json: bool) -> None:
    """Print the last events and then those that come, until interrupted."""
    fresh(store)
    with contextlib.suppress(KeyboardInterrupt):
        with store.reader() as reader:
            _print_lines(one.last(reader, limit), json=json)
        while True:
            time.sleep(_PAUSE)
            fresh(store)
            with store.reader() as reader:
                _print_lines(one.look(reader), json=json)


def print_events(events: list[StoredEvent], *, json: bool) -> None:
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

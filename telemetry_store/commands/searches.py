"""The command that searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store.commands.options import Db, Env, Exit, Json, fresh, opened, progress_bar, warn
from telemetry_store.commands.timelines import Limit, Since, Until, Where, print_events
from telemetry_store.reading import search as searching
from telemetry_store.reading.timeline import moment
from telemetry_store.selection import Condition, Window

if TYPE_CHECKING:
    from telemetry_store.store import TelemetryStore


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
    window = Window(
        moment(since) if since else None,
        moment(until) if until else None,
        [Condition.parse(text) for text in where or []],
    )
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
    print_events(events, json=json)


def _build(store: TelemetryStore, tables: list[str]) -> None:
    with progress_bar() as draw:
        counts = searching.build(store, tables, draw)
    warn(f"indexed {sum(counts.values())} rows of {len(counts)} tables")

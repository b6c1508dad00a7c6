"""Commands that read: query, timeline, stats."""

from __future__ import annotations

from typing import Annotated

import typer

from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, Json, ask, fresh, opened


def query(sql: str, db: Db = None, env: Env = None, json: Json = False,
          csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
          archive: Annotated[str | None, typer.Option("--archive", help="Ask an archive too, in DuckDB's SQL.")] = None,
          ) -> None:  # fmt: skip
    """Run one read-only SQL statement, events still in the spool included.

    Example: telemetry query "SELECT agent_id, count(*) FROM permission_events GROUP BY 1"
    """
    with opened(db, env) as store:
        if archive is None:
            rows = ask(store, sql)
        else:
            from telemetry_store.archive_query import ask_both

            fresh(store)
            rows = ask_both(store.settings, archive, sql)
        terminal.show(rows, json=json, csv=csv)


def timeline(
    where: Annotated[list[str] | None, typer.Option("--where", help="FIELD=VALUE; may be given several times.")] = None,
    last: Annotated[str | None, typer.Option("--last", help="Only so far back: 90s, 15m, 1h, 7d, 2w.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many events.")] = 50,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Show the events of all tables, newest first.

    Example: telemetry timeline --where agent_id=gemma_agent_3 --last 1h
    """
    from telemetry_store.timeline import seconds, statement

    pairs = [text.partition("=") for text in where or []]
    if any(not mark for _, mark, _ in pairs):
        raise typer.BadParameter("use FIELD=VALUE, such as agent_id=gemma_agent_3", param_hint="--where")
    conditions = {name: value for name, _, value in pairs}
    sql, parameters = statement(conditions, seconds(last) if last else None, limit)
    with opened(db, env) as store:
        wait = fresh(store)
        has_view = store.read("SELECT 1 FROM sqlite_master WHERE name = 'all_events'", wait=wait)
        rows = store.read(sql, parameters, wait=wait) if has_view else []
        terminal.show(rows, json=json)


def stats(db: Db = None, env: Env = None, json: Json = False) -> None:
    """Show the tables with rows and span, sizes, the backlog, and rejects by reason.

    Example: telemetry stats --db data/foundups.db
    """
    from telemetry_store.statistics import statistics

    with opened(db, env) as store:
        found = statistics(store, wait=fresh(store))
    if json:
        print(terminal.as_json(found))
        return
    print(terminal.table(found["tables"]))
    print(
        f"\n{found['rows']} rows in {found['database']}, {terminal.size(found['size_bytes'])}; log "
        f"{terminal.size(found['wal_bytes'])}; spool {terminal.size(found['backlog_bytes'])} in "
        f"{found['backlog_segments']} segments; {found['imported_files']} imported files"
    )
    for label in ("rejects", "drops"):
        for reason, count in found[label].items():
            print(f"{label}: {count} × {reason}")

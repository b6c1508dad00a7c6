"""Commands that draw: dashboard, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, fresh, opened
from telemetry_store.errors import UsageError


def dashboard(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")] = 8001,
    host: Annotated[str, typer.Option("--host", help="Another address than this machine's own needs --secret.")] = (
        "127.0.0.1"
    ),
    secret: Annotated[
        str | None,
        typer.Option("--secret", envvar="TELEMETRY_DASHBOARD_SECRET", help="What visitors must enter, 16 characters."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    db: Db = None,
    env: Env = None,
) -> None:
    """Serve charts, tables and SQL of the database to a browser on this machine; it only reads.

    Example: telemetry dashboard --open
    """
    from telemetry_store.dashboard.guard import check_exposure

    check_exposure(host, secret)
    try:
        from telemetry_store.dashboard.server import serve
    except ModuleNotFoundError as error:
        hint = "pip install 'telemetry-store[dashboard]'"
        raise UsageError(f"the dashboard needs packages that are not installed: {error.name}", hint) from error
    with opened(db, env) as store:
        fresh(store)
        serve(store, host=host, port=port, secret=secret, open_browser=open_browser)


def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file to write.")] = Path("report.html"),
    last: Annotated[str | None, typer.Option("--last", help="Back from the newest event: 15m, 24h, 7d, all.")] = None,
    db: Db = None,
    env: Env = None,
) -> None:
    """Write totals, charts, errors, silences, rejects and health as one HTML file that needs no server.

    Example: telemetry report -o report.html --last 24h
    """
    from telemetry_store.reading.timeline import seconds
    from telemetry_store.report.figures import collect
    from telemetry_store.report.page import page

    window = last if last in (None, "all") else f"{seconds(last)} seconds"
    with opened(db, env) as store:
        fresh(store)
        text = page(collect(store, window))
    output.write_text(text, encoding="utf-8")
    print(f"{output}: {terminal.size(len(text.encode()))}")

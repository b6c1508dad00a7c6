"""Commands that draw: dashboard, report."""

from __future__ import annotations

from typing import Annotated

import typer

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
    try:
        from telemetry_store.dashboard.server import serve
    except ModuleNotFoundError as error:
        hint = "pip install 'telemetry-store[dashboard]'"
        raise UsageError(f"the dashboard needs packages that are not installed: {error.name}", hint) from error
    with opened(db, env) as store:
        fresh(store)
        serve(store, host=host, port=port, secret=secret, open_browser=open_browser)

"""Datasette with the generated dashboard, on the live database, read-only.

Every query is a short read transaction of its own, limited in time, so a page never keeps the drain from bringing the
log into the database for longer than that. Datasette's immutable mode is not used: it would open and hash the file by
hand, which drops SQLite's locks, and miss every later event.
"""

from __future__ import annotations

import contextlib
import html
import os
import re
import socket
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from datasette.app import Datasette

from telemetry_store.dashboard.guard import Guard
from telemetry_store.dashboard.metadata import metadata
from telemetry_store.dashboard.survey import Survey, filled
from telemetry_store.dashboard.vega import SLUG
from telemetry_store.engines.sqlite.live import LiveDatabase, inode
from telemetry_store.errors import TelemetryError, UsageError
from telemetry_store.recovery import segment_names
from telemetry_store.spool import backlog
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from telemetry_store.engines.base import Sizes
    from telemetry_store.store import TelemetryStore

#: The longest that one query may take, in milliseconds.
TIME_LIMIT = 15_000
#: Seconds between two looks for new events in the spool and new tables in the database.
_LOOK_ROUND = 2.0
#: The plugin sends a chart's statement, which names every table, in the address, in bytes.
_LONGEST_URL = 1 << 20
#: Seconds to wait for locks.
_TIMEOUT = 10.0
_SETTINGS = {
    "sql_time_limit_ms": TIME_LIMIT,
    "max_returned_rows": 20_000,
    "default_page_size": 50,
    "num_sql_threads": 3,
    "suggest_facets": False,  # it tries every column of a page
    "facet_time_limit_ms": 1000,
    "allow_download": False,
    "default_cache_ttl": 0,
    "truncate_cells_html": 300,
}


class Dashboard:
    """What is served of one store, whose database must exist; kept up to date while it grows."""

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store
        self._path = os.path.abspath(store.settings.database)
        self.name = re.sub(r"\W+", "_", Path(self._path).stem) or "telemetry"
        self.metadata: dict[str, Any] = {}
        self._seen: tuple[object, ...] = ()
        self.look()

    def look(self) -> None:
        """Describe the database anew when its tables have changed, or there is something new to draw."""
        with self._store.reader(_TIMEOUT) as reader:
            state = (inode(self._path), reader.catalogue.version, filled(reader))
            if state != self._seen:
                survey = Survey(reader)
                folder = self._store.settings.questions or None
                self.metadata.update(metadata(survey, self.name, survey.first_window(), folder))
                self._seen = state

    def keep_current(self, stop: threading.Event) -> None:
        """Bring in what is in the spool and look for new tables, until `stop` is set."""
        while not stop.wait(_LOOK_ROUND):
            with contextlib.suppress(TelemetryError):  # it is tried again; pages show what is there
                self._store.flush(1.0)
                self.look()

    def datasette(self) -> Datasette:
        """Datasette with this database and nothing else."""
        from datasette import handle_exception  # not at the top: before datasette.app it would register without hooks

        handle_exception.rich = None  # else a typing error in somebody's SQL prints pages of local variables here
        static = [("telemetry", str(Path(__file__).parent / "static"))]
        served = Datasette([], metadata=self.metadata, settings=dict(_SETTINGS), static_mounts=static)
        served.remove_database("_memory")
        served.add_database(LiveDatabase(served, self._path, _functions(self._store)), name=self.name)
        return served


def _functions(store: TelemetryStore) -> Mapping[str, Callable[..., Any]]:
    """What the questions of `questions/` beside this module, and the tables of the dashboard, call."""
    spool = store.settings.spool

    def sizes() -> Sizes:
        with store.reader(_TIMEOUT) as reader:
            return reader.sizes()

    return {
        "database_size": lambda: size(sizes().database),
        "log_size": lambda: size(sizes().log),
        "spool_size": lambda: size(backlog(spool)),
        "spool_segments": lambda: len(segment_names(spool)),
        "html_text": lambda value: "" if value is None else html.escape(str(value)),
    }


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; UsageError where the port is taken, or the address is none of this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host.strip("[]"), port), family=family)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for the next
        return listening
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on {host}, port {port}: {error}", "choose another with --port") from error


def serve(store: TelemetryStore, *, host: str, port: int, secret: str | None, open_browser: bool) -> None:
    """Serve a store's dashboard until interrupted.

    Args:
        store: its database must exist.
        host: the address to listen on.
        port: the port, or 0 for any that is free; UsageError where it is taken.
        secret: what requests must bring, or None; UsageError where others could reach the address without one.
        open_browser: show the dashboard in the user's browser.
    """
    dashboard = Dashboard(store)
    app = Guard(dashboard.datasette().app(), host, secret)
    stop = threading.Event()
    with listen(host, port) as listening:
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}:{listening.getsockname()[1]}/-/dashboards/{SLUG}"
        config = uvicorn.Config(
            app, http="h11", h11_max_incomplete_event_size=_LONGEST_URL, log_level="warning", lifespan="on"
        )
        keeper = threading.Thread(target=dashboard.keep_current, args=(stop,), name="telemetry-dashboard")
        keeper.start()
        try:
            # from here on requests wait until they are answered
            print(f"dashboard of {store.settings.database}\n  {url}\nstop it with Ctrl-C", flush=True)
            if open_browser:
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # uvicorn has closed everything and raises it again
        finally:
            stop.set()
            keeper.join()

"""Datasette with the generated dashboard, on the live database, read-only.

Every query is a short read transaction of its own, limited in time, so a page never keeps the drain from bringing the
log into the database for longer than that. Datasette's immutable mode is not used: it would open and hash the file by
hand, which drops SQLite's locks, and miss every later event.
"""

from __future__ import annotations

import contextlib
import html
import itertools
import os
import re
import socket
import sqlite3
import threading
import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from datasette.app import Datasette
from datasette.database import Database, connections

from telemetry_store.dashboard.charts import SLUG
from telemetry_store.dashboard.guard import Guard
from telemetry_store.dashboard.metadata import first_window, metadata
from telemetry_store.dashboard.survey import filled, survey
from telemetry_store.engines.sqlite.query import read_only
from telemetry_store.errors import TelemetryError, UsageError
from telemetry_store.recovery import segment_names
from telemetry_store.spool import backlog
from telemetry_store.terminal import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telemetry_store.store import TelemetryStore

#: The longest that one query may take, in milliseconds.
TIME_LIMIT = 15_000
#: The longest that the rows of a page are counted, in milliseconds.
_COUNTING = 300
#: Seconds between two looks for new events in the spool and new tables in the database.
_LOOK_ROUND = 2.0
#: The largest value, and the largest answer, in bytes.
_LARGEST_VALUE, _LARGEST_ANSWER = 16 << 20, 64 << 20
#: The plugin sends a chart's statement, which names every table, in the address, in bytes.
_LONGEST_URL = 1 << 20
_WAIT = 10.0
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


class _Cursor(sqlite3.Cursor):
    """A cursor whose results are limited in size: Datasette limits the number of rows only."""

    def fetchmany(self, count: int | None = None) -> list[Any]:
        return self._within(itertools.islice(self, count or self.arraysize))

    def fetchall(self) -> list[Any]:
        return self._within(self)

    def _within(self, rows: Iterable[Any]) -> list[Any]:
        found, total = [], 0
        for row in rows:
            total += sum(len(value) for value in row if isinstance(value, str | bytes))
            if total > _LARGEST_ANSWER:
                raise sqlite3.OperationalError(f"the answer is larger than {size(_LARGEST_ANSWER)}")
            found.append(row)
        return found


class _Connection(sqlite3.Connection):
    #: Which file it reads: a restored database has the same path and is another file.
    inode = 0

    def cursor(self, factory: type[sqlite3.Cursor] = _Cursor) -> Any:  # type: ignore[override]
        return super().cursor(factory)


class LiveDatabase(Database):  # type: ignore[misc]
    """A database that is being written to, as Datasette reads it: with the SQLite library of the store, and no other.

    Args:
        datasette: the instance that serves it.
        path: the database file.
        spool: its spool directory.
    """

    def __init__(self, datasette: Datasette, path: str, spool: str) -> None:
        super().__init__(datasette, path=path, is_mutable=True)
        self._spool = spool

    def connect(self, write: bool = False) -> _Connection:  # noqa: FBT001, FBT002 - Datasette's own signature
        """A connection that cannot write.

        Raises:
            UsageError: somebody asks for one that can.
        """
        if write:
            raise UsageError("the dashboard only reads")
        uri = Path(self.path).as_uri() + "?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=_WAIT, check_same_thread=False, factory=_Connection)
        connection.execute("PRAGMA query_only = 1")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.inode = _inode(self.path)
        self._all_file_connections.append(connection)
        for name, arguments, function in self._functions():
            connection.create_function(name, arguments, function)
        return connection

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        """Datasette's method, on the file that has the path now."""

        def on_current(connection: _Connection) -> Any:
            if connection.inode != _inode(self.path):
                connection.close()
                connection = self.connect()
                self.ds._prepare_connection(connection, self.name)  # noqa: SLF001 - as the method itself does
                setattr(connections, self.name, connection)
            return fn(connection)

        return await super().execute_fn(on_current)

    async def execute(self, sql: str, params: Any = None, **options: Any) -> Any:
        """Datasette's method; counting the rows of a page, which it does without, is given up early."""
        if sql.startswith("select count(*) "):
            options["custom_time_limit"] = min(options.get("custom_time_limit") or _COUNTING, _COUNTING)
        return await super().execute(sql, params, **options)

    def _functions(self) -> tuple[tuple[str, int, Callable[..., Any]], ...]:
        return (
            ("database_bytes", 0, partial(_bytes, self.path)),
            ("wal_bytes", 0, partial(_bytes, f"{self.path}-wal")),
            ("spool_bytes", 0, partial(backlog, self._spool)),
            ("spool_segments", 0, lambda: len(segment_names(self._spool))),
            ("size_text", 1, size),
            ("html_text", 1, _html_text),
        )


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return -1


def _bytes(path: str) -> int:
    return os.stat(path).st_size if os.path.exists(path) else 0


def _html_text(value: object) -> str:
    return "" if value is None else html.escape(str(value))


class Dashboard:
    """What is served of one store, kept up to date while its database grows.

    Args:
        store: the store; its database must exist.
    """

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store
        self._path = os.path.abspath(store.settings.database)
        self.name = re.sub(r"\W+", "_", Path(self._path).stem) or "telemetry"
        self.metadata: dict[str, Any] = {}
        self._seen: tuple[object, ...] = ()
        self.look()

    def look(self) -> None:
        """Describe the database anew when its tables have changed, or there is something new to draw."""
        with read_only(self._path, _WAIT, guarded=False) as connection:
            version = connection.execute("PRAGMA schema_version").fetchone()[0]
            seen = (_inode(self._path), version, filled(connection))
            if seen != self._seen:
                found = survey(connection)
                window = first_window(connection, found)
                self.metadata.update(metadata(found, self.name, window, self._store.settings.questions or None))
                self._seen = seen

    def keep_current(self, stop: threading.Event) -> None:
        """Bring in what is in the spool and look for new tables, until told to stop."""
        while not stop.wait(_LOOK_ROUND):
            with contextlib.suppress(TelemetryError, sqlite3.Error):  # it is tried again; pages show what is there
                self._store.flush(1.0)
                self.look()

    def datasette(self) -> Datasette:
        """Datasette with this database and nothing else."""
        from datasette import handle_exception  # not at the top: before datasette.app it would register without hooks

        handle_exception.rich = None  # else a typing error in somebody's SQL prints pages of local variables here
        static = [("telemetry", str(Path(__file__).parent / "static"))]
        made = Datasette([], metadata=self.metadata, settings=dict(_SETTINGS), static_mounts=static)
        made.remove_database("_memory")
        made.add_database(LiveDatabase(made, self._path, self._store.settings.spool), name=self.name)
        return made


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address.

    Raises:
        UsageError: the port is taken, or the address is none of this machine's.
    """
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
        store: the store; its database must exist.
        host: the address to listen on; one that others can reach needs a secret.
        port: the port, or 0 for any that is free.
        secret: what requests must bring, or None; see `guard.py`.
        open_browser: show the dashboard in the user's browser.

    Raises:
        UsageError: the address cannot be used, or is exposed without a secret.
    """
    dashboard = Dashboard(store)
    app = Guard(dashboard.datasette().app(), host, secret)
    stop = threading.Event()
    with listen(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listening.getsockname()[1]}/-/dashboards/{SLUG}"

        def ready() -> None:
            print(f"dashboard of {store.settings.database}\n  {url}\nstop it with Ctrl-C", flush=True)
            if open_browser:
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        config = uvicorn.Config(
            app, http="h11", h11_max_incomplete_event_size=_LONGEST_URL, log_level="warning", lifespan="on"
        )
        keeper = threading.Thread(target=dashboard.keep_current, args=(stop,), name="telemetry-dashboard")
        keeper.start()
        try:
            _Server(config, ready).run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # uvicorn has closed everything and raises it again
        finally:
            stop.set()
            keeper.join()

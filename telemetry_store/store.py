"""`TelemetryStore`: the one object that applications use. It wires spool, drain and sink together."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from telemetry_store import settings as settings_module
from telemetry_store.errors import DatabaseBusy, DeclarationError, EventError, StoreClosed, TelemetryError
from telemetry_store.event import DECLARE, DROPS, encode, fields_of
from telemetry_store.schema import EventTable, check_table_name
from telemetry_store.spool import Spool, backlog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from tempfile import TemporaryDirectory

    from telemetry_store.drain import Drain
    from telemetry_store.engines.base import Sink, Transaction
    from telemetry_store.result import Result
    from telemetry_store.settings import Settings

_MEMORY = ":memory:"
#: How often the segments of dead processes are looked for while nothing is recorded here, in seconds.
_LOOK_ROUND = 2.0
_SLOWEST = 1.0
_AT_EXIT = 1.0
_NOTHING: tuple[str, ...] = ()


class TelemetryStore:
    """Records events durably at the cost of a memory copy, and brings them into indexed tables.

    Args:
        database: path of the SQLite file; None takes the one that the settings name (see `settings.py`);
            ":memory:" keeps the tables in memory, for tests.
        settings: everything else; None reads `telemetry.toml` and the environment.
        sink: where rows go, instead of the database of the settings.

    The object may be shared by threads, used in signal handlers, and used on both sides of a fork. Nothing is opened
    or started before the first event. Usable as a context manager, which closes it.

    Raises:
        SettingsError: the settings make no sense.
    """

    def __init__(
        self,
        database: str | os.PathLike[str] | None = None,
        *,
        settings: Settings | None = None,
        sink: Sink | None = None,
    ) -> None:
        if settings is None:
            settings = settings_module.load(database)
        elif database is not None:
            settings = replace(settings, database=os.fspath(database))
        self.settings = settings
        self._folder: TemporaryDirectory[str] | None = None
        directory = os.path.abspath(settings.spool)
        if settings.database == _MEMORY:
            import tempfile

            self._folder = tempfile.TemporaryDirectory(prefix="telemetry-", ignore_cleanup_errors=True)
            directory = self._folder.name
        self._sink = sink
        self._made_drain: Drain | None = None
        self._making = threading.RLock()
        self._spool = Spool(
            directory,
            limit=settings.backlog_limit,
            policy=settings.backlog_policy,
            relieve=self._relieve,
            notice=_drop_notice,
            patience=settings.patience,
        )
        self._tables: dict[str, tuple[str, ...]] = {}
        self._declared: dict[str, EventTable] = {}
        self._closed = False
        self._begin()
        _STORES.add(self)

    @property
    def _drain(self) -> Drain:
        """Made when it is first wanted, so that importing and recording cost no drain and no SQLite."""
        if self._made_drain is None:
            from telemetry_store.drain import Drain

            with self._making:
                if self._made_drain is None:
                    sink = self._sink or _sink_for(self.settings)
                    self._made_drain = Drain(self._spool.directory, sink)
        return self._made_drain

    def _begin(self) -> None:
        self._running = False
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.last_error: TelemetryError | None = None

    # recording

    def record(self, table: str, event: Mapping[str, Any] | object = None, /, **fields: Any) -> None:
        """Record one event; on return it survives the death of this process.

        Args:
            table: where it goes: 1 to 63 letters, digits and underscores, beginning with a letter. A table that is
                not there is made.
            event: field names and values; also a dataclass, a pydantic model or an attrs object. Values that JSON
                has no form for are stored as `event.py` says; none is refused.
            fields: further fields, which win over those of the event.

        Raises:
            TableNameError, EventError: nothing was stored.
            SpoolFull, SpoolUnwritable, SpoolNewer: there is no place for it; nothing was stored.
            StoreClosed: after close().
        """
        try:
            required = self._tables[table]
        except (KeyError, TypeError):
            required = self._first_use(table)
        if fields:
            event = {**fields_of(event), **fields} if event is not None else fields
        elif type(event) is not dict:
            event = _event_of(event)
        if required:
            _require(table, required, event)
        self._spool.append(encode(table, event))
        if not self._running:
            self._start()

    def _first_use(self, table: str) -> tuple[str, ...]:
        if self._closed:
            raise StoreClosed("the store is closed", "make a new TelemetryStore")
        self._tables[check_table_name(table)] = _NOTHING
        return _NOTHING

    def declare(self, declared: EventTable | type, /) -> EventTable:
        """Say what a table's events must and may have.

        The declaration travels through the spool with the events, so it is in force for all that this process
        records from now on, whoever drains them. Declaring the same again does nothing.

        Args:
            declared: an EventTable, or a dataclass whose fields are the columns.

        Raises:
            DeclarationError: it contradicts itself, or what this process declared before.
            SpoolFull, SpoolUnwritable, SpoolNewer: see record().
        """
        table = EventTable.of(declared)
        known = self._declared.get(table.name)
        if known is not None and known != table:
            raise DeclarationError(f"{table.name} was declared differently before", "declare each table in one place")
        if known is None:
            if self._closed:
                raise StoreClosed("the store is closed", "make a new TelemetryStore")
            self._spool.append(encode(DECLARE, table.as_dict()))
            self._declared[table.name] = table
            self._tables[table.name] = table.required
            self._start()
        return table

    def sync(self) -> None:
        """Bring everything recorded so far onto the disk: it then survives a loss of power.

        Raises:
            OSError: the disk failed.
        """
        self._spool.sync()

    # draining

    def flush(self, timeout: float | None = None) -> bool:
        """Commit everything recorded so far, by this process or any other that uses the database.

        Args:
            timeout: seconds to wait for others that hold a lock; None waits as long as it takes.

        Returns:
            False when the time was over before all of it was committed; the background goes on with it.

        Raises:
            DatabaseError: the database refuses for another reason than being busy; events stay in the spool.
        """
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            try:
                if self._drain.run(min(1.0, max(deadline - time.monotonic(), 0.0))).complete:
                    self.last_error = None
                    return True
            except DatabaseBusy:
                pass
            if time.monotonic() >= deadline:
                return False

    def query(self, sql: str, parameters: Any = (), /, *, timeout: float = 30.0) -> Result:
        """Run one read-only SQL statement over everything recorded so far.

        Args:
            sql: a SELECT or WITH statement; parameters as `?` or `:name`.
            parameters: a sequence or a mapping.
            timeout: seconds after which it is stopped, whether it waits for locks or runs.

        Returns:
            A list with one dictionary per row, which also has `to_pandas()`, `to_polars()` and `to_arrow()`.

        Raises:
            QueryError: the SQL is wrong or would change something.
            QueryStopped: it took longer, or the result is larger than 48 MiB, unless it only reads out its tables.
            DatabaseBusy: events in the spool could not be committed in time.
            DatabaseError: by cause.
        """
        if self._closed:
            raise StoreClosed("the store is closed", "make a new TelemetryStore")
        end = time.monotonic() + timeout
        if not self.flush(timeout):
            raise DatabaseBusy("events in the spool could not be committed in time", "raise the timeout")
        return self.read(sql, parameters, wait=max(end - time.monotonic(), 0.0))

    def read(self, sql: str, parameters: Any = (), /, *, wait: float = 30.0) -> Result:
        """Run one read-only SQL statement over what is committed, without draining first; see query()."""
        return self._drain.sink.query(sql, parameters, wait)

    @contextlib.contextmanager
    def transaction(self, wait: float = 30.0) -> Iterator[Transaction]:
        """One write transaction, with every other writer of this package kept out; for importers.

        Args:
            wait: seconds to wait for them, and for the database's write lock.

        Raises:
            DatabaseBusy: they took longer.
            DatabaseError: by cause.
        """
        with self._drain.exclusive(wait) as mine:
            if not mine:
                raise DatabaseBusy("another process is writing to the database", "try again")
            with self._drain.sink.transaction(wait) as transaction:
                yield transaction
        self._drain.run(0.0)

    def tidy(self, timeout: float = 30.0) -> bool:
        """Drain, bring the write-ahead log into the database, and delete segments that are no longer needed."""
        return self._drain.run(timeout, tidy=True).complete

    def stats(self) -> dict[str, Any]:
        """What this object has done and what waits.

        Returns:
            `database` and `spool` (paths), `backlog_bytes` (all segments on the disk), `stored`, `duplicate`,
            `rejected` (records drained by this process), `gaps`, `dropped` (cause → events) and `last_error`.
        """
        totals = self._drain.totals
        return {
            "database": self.settings.database,
            "spool": self._spool.directory,
            "backlog_bytes": backlog(self._spool.directory),
            "stored": totals.counts.stored,
            "duplicate": totals.counts.duplicate,
            "rejected": totals.counts.rejected,
            "gaps": totals.gaps,
            "dropped": dict(self._spool.dropped),
            "last_error": str(self.last_error) if self.last_error else None,
        }

    def _relieve(self, seconds: float) -> None:
        """Make space in the spool: drain and delete what is drained."""
        try:
            self._drain.run(min(seconds, 1.0), tidy=True)
        except TelemetryError as error:
            self._note(error)

    # background

    def _start(self) -> None:
        with self._starting:
            if self._running or self._closed or _exiting or sys.is_finalizing():
                return  # a thread that is started at the end of the interpreter never runs
            self._running = True
            for name, loop, interval in (
                ("telemetry-drain", _drain_loop, self.settings.drain_interval),
                ("telemetry-sync", _sync_loop, self.settings.sync_interval),
            ):
                if interval > 0:
                    thread = threading.Thread(target=loop, args=(weakref.ref(self), self._stop, interval), name=name)
                    thread.daemon = True
                    with contextlib.suppress(RuntimeError):  # the interpreter is shutting down
                        thread.start()
                        self._threads.append(thread)

    def _note(self, error: TelemetryError) -> None:
        """Remember what went wrong in the background; say it once per kind."""
        if type(error) is not type(self.last_error):
            import logging

            logging.getLogger("telemetry_store").warning(
                "telemetry cannot be drained: %s; events wait in %s", error, self._spool.directory
            )
        self.last_error = error

    def _halt(self) -> None:
        self._stop.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5.0)
        self._threads.clear()

    def close(self, timeout: float = 5.0) -> None:
        """Sync, drain, and let go of everything; what could not be drained stays in the spool for the next process.

        Args:
            timeout: seconds to wait for others that hold a lock.
        """
        if self._closed:
            return
        self._closed = True
        self._tables.clear()
        self._halt()
        self._spool.close()
        try:
            self._drain.run(timeout, tidy=True)
        except TelemetryError as error:
            self._note(error)
        self._drain.close()
        if self._folder is not None:
            self._folder.cleanup()
        _STORES.discard(self)

    def __enter__(self) -> TelemetryStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _at_exit(self) -> None:
        """Spare the next process the work, if that is quickly done; recording goes on to work."""
        self._halt()
        with contextlib.suppress(TelemetryError, OSError):
            self._drain.run(_AT_EXIT, tidy=True)

    def _after_fork_in_child(self) -> None:
        if self._made_drain is not None:
            self._made_drain.after_fork_in_child()
        self._making = threading.RLock()
        self._spool.after_fork_in_child()
        self._begin()
        for declared in self._declared.values():  # the child's own segments may be drained before the parent's
            self._spool.append(encode(DECLARE, declared.as_dict()))


def _sink_for(settings: Settings) -> Sink:
    if settings.database == _MEMORY:
        from telemetry_store.engines.sqlite.memory import MemorySink

        return MemorySink()
    from telemetry_store.engines.sqlite.sink import SqliteSink

    return SqliteSink(os.path.abspath(settings.database))


def _event_of(event: object) -> Mapping[str, Any]:
    if event is None:
        raise EventError("there is no event to record", "pass a dict or fields by name")
    return fields_of(event)


def _require(table: str, required: tuple[str, ...], event: Mapping[str, Any]) -> None:
    missing = [name for name in required if event.get(name) is None]
    if missing:
        raise EventError(f"{table} needs {', '.join(missing)}", "the table is declared with these fields as required")


def _drop_notice(cause: str, count: int) -> bytes:
    return encode(DROPS, {"cause": cause, "count": count})


def _drain_loop(reference: weakref.ref[TelemetryStore], stop: threading.Event, interval: float) -> None:
    """Drain when something was recorded here, and look round for the segments of dead processes now and then."""
    seen: tuple[str, int] = ("", 0)
    looked, pause = time.monotonic(), interval
    while not stop.wait(pause):
        store = reference()
        if store is None:
            return
        position, now = store._spool.own_segment(), time.monotonic()  # noqa: SLF001 - a part of the store
        if position == seen and now - looked < _LOOK_ROUND:
            continue
        try:
            if store._drain.run(0.0, tidy=now - looked >= _LOOK_ROUND).complete:  # noqa: SLF001
                seen = position
            looked, pause = now if now - looked >= _LOOK_ROUND else looked, interval
            store.last_error = None
        except TelemetryError as error:
            store._note(error)  # noqa: SLF001
            pause = min(pause * 2, _SLOWEST)
        except Exception as error:  # noqa: BLE001 - the loop must live on; the error is kept and told
            store._note(TelemetryError(f"{type(error).__name__}: {error}"))  # noqa: SLF001
            pause = min(pause * 2, _SLOWEST)
        del store


def _sync_loop(reference: weakref.ref[TelemetryStore], stop: threading.Event, interval: float) -> None:
    seen: tuple[str, int] = ("", 0)
    while not stop.wait(interval):
        store = reference()
        if store is None:
            return
        position = store._spool.own_segment()  # noqa: SLF001 - a part of the store
        if position != seen:
            try:
                store.sync()
                seen = position
            except (OSError, TelemetryError) as error:
                store._note(TelemetryError(f"cannot sync the spool: {error}"))  # noqa: SLF001
        del store


_STORES: weakref.WeakSet[TelemetryStore] = weakref.WeakSet()
_forking: list[TelemetryStore] = []
_exiting = False
_default: TelemetryStore | None = None
_default_lock = threading.Lock()


def get_store() -> TelemetryStore:
    """The process-wide store, on the database that the settings name; made at the first call.

    Raises:
        SettingsError: the settings make no sense.
    """
    global _default  # noqa: PLW0603 - this is what a process-wide default is
    with _default_lock:
        if _default is None or _default._closed:  # noqa: SLF001 - a part of the store
            _default = TelemetryStore()
        return _default


def _before_fork() -> None:
    _default_lock.acquire()
    _forking[:] = list(_STORES)
    for store in _forking:
        store._starting.acquire()  # noqa: SLF001
        store._spool.before_fork()  # noqa: SLF001
        store._making.acquire()  # noqa: SLF001
        if store._made_drain is not None:  # noqa: SLF001
            store._made_drain.before_fork()  # noqa: SLF001


def _after_fork_in_parent() -> None:
    for store in reversed(_forking):
        if store._made_drain is not None:  # noqa: SLF001
            store._made_drain.after_fork_in_parent()  # noqa: SLF001
        store._making.release()  # noqa: SLF001
        store._spool.after_fork_in_parent()  # noqa: SLF001
        store._starting.release()  # noqa: SLF001
    _forking.clear()
    _default_lock.release()


def _after_fork_in_child() -> None:
    global _default_lock  # noqa: PLW0603
    for store in _forking:
        store._after_fork_in_child()  # noqa: SLF001
    _forking.clear()
    _default_lock = threading.Lock()


def _at_exit() -> None:
    global _exiting  # noqa: PLW0603
    _exiting = True
    for store in list(_STORES):
        store._at_exit()  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)

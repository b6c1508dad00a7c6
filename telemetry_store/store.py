"""`TelemetryStore`: the one object that applications use. It wires spool, drain and sink together."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from telemetry_store import settings as settings_module
from telemetry_store.background import Background
from telemetry_store.errors import DatabaseBusy, DeclarationError, EventError, StoreClosed, TelemetryError
from telemetry_store.event import DECLARE, DROPS, encode, fields_of
from telemetry_store.schema import EventTable, check_table_name
from telemetry_store.spool import Spool, backlog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from telemetry_store.drain import Drain
    from telemetry_store.engines.base import Reader, Sink, Transaction
    from telemetry_store.result import Result
    from telemetry_store.settings import Settings


@dataclass(frozen=True, slots=True)
class Stats:
    """What a store has done, and what waits.

    Attributes:
        database, spool: paths.
        backlog_bytes: of all segments on the disk, whoever writes them.
        stored, duplicate, rejected: records that this process has drained.
        gaps: places where a loss of power had left NULs among the lines.
        dropped: cause → events that a policy dropped.
        last_error: what went wrong last in the background, or None.
    """

    database: str
    spool: str
    backlog_bytes: int
    stored: int
    duplicate: int
    rejected: int
    gaps: int
    dropped: dict[str, int]
    last_error: str | None


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
        if settings.database == ":memory:":
            settings = replace(settings, database=_temporary_database(self))
        self.settings = settings
        self._sink = sink
        self._spool = Spool(
            os.path.abspath(settings.spool),
            limit=settings.backlog_limit,
            policy=settings.backlog_policy,
            relieve=self._try_to_tidy,
            notice=lambda cause, count: encode(DROPS, {"cause": cause, "count": count}),
            patience=settings.patience,
        )
        #: Table → its required fields, of the tables that this process has recorded into.
        self._tables: dict[str, tuple[str, ...]] = {}
        self._declared: dict[str, EventTable] = {}
        self._closed = False
        self._background = Background(
            self._spool, self._make_drain, settings.drain_interval, settings.sync_interval, self._begin_again
        )

    def _make_drain(self) -> Drain:
        from telemetry_store.drain import Drain
        from telemetry_store.engines import sink_for

        return Drain(self._spool.directory, self._sink or sink_for(self.settings))

    @property
    def _drain(self) -> Drain:
        return self._background.drain

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
            event = fields_of(event)
        if required and (missing := [name for name in required if event.get(name) is None]):
            hint = "the table is declared with these fields as required"
            raise EventError(f"{table} needs {', '.join(missing)}", hint)
        self._spool.append(encode(table, event))

    def _first_use(self, table: str) -> tuple[str, ...]:
        """The required fields of a table that this process has not recorded into yet."""
        self._check_open()
        declared = self._declared.get(check_table_name(table))
        self._tables[table] = declared.required if declared is not None else ()
        self._background.start()
        return self._tables[table]

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed", "make a new TelemetryStore")

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
            self._check_open()
            self._spool.append(encode(DECLARE, table.as_dict()))
            self._declared[table.name] = table
            self._tables[table.name] = table.required
            self._background.start()
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
                    self._background.last_error = None
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
        self._check_open()
        end = time.monotonic() + timeout
        if not self.flush(timeout):
            raise DatabaseBusy("events in the spool could not be committed in time", "raise the timeout")
        return self.read(sql, parameters, timeout=max(end - time.monotonic(), 0.0))

    def read(self, sql: str, parameters: Any = (), /, *, timeout: float = 30.0) -> Result:
        """Run one read-only SQL statement over what is committed, without draining first; see query()."""
        with self.reader(timeout) as reader:
            return reader.query(sql, parameters, timeout)

    def reader(self, timeout: float = 30.0) -> AbstractContextManager[Reader]:
        """A reader of what is committed, without draining first: tables, events, statements.

        Args:
            timeout: seconds to wait for locks.

        Raises:
            DatabaseError: by cause, when the block is entered.
        """
        return self._drain.sink.reader(timeout)

    @contextlib.contextmanager
    def transaction(self, timeout: float = 30.0) -> Iterator[Transaction]:
        """One write transaction, with every other writer of this package kept out; for importers.

        Args:
            timeout: seconds to wait for them, and for the database's write lock.

        Raises:
            DatabaseBusy: they took longer.
            DatabaseError: by cause.
        """
        with self.exclusive(timeout), self._drain.sink.transaction(timeout) as transaction:
            yield transaction
        self._drain.run(0.0)

    @contextlib.contextmanager
    def exclusive(self, timeout: float = 30.0) -> Iterator[None]:
        """Keep every other writer of this package out, for one that writes to the database past the store.

        Args:
            timeout: seconds to wait for them.

        Raises:
            DatabaseBusy: they took longer.
        """
        with self._drain.exclusive(timeout) as mine:
            if not mine:
                raise DatabaseBusy("another process is writing to the database", "try again")
            yield

    def tidy(self, timeout: float = 30.0) -> bool:
        """Drain, bring the write-ahead log into the database, and delete segments that are no longer needed."""
        return self._drain.run(timeout, tidy=True).complete

    def stats(self) -> Stats:
        """What this object has done and what waits."""
        totals, error = self._drain.totals, self._background.last_error
        return Stats(
            database=self.settings.database,
            spool=self._spool.directory,
            backlog_bytes=backlog(self._spool.directory),
            stored=totals.counts.stored,
            duplicate=totals.counts.duplicate,
            rejected=totals.counts.rejected,
            gaps=totals.gaps,
            dropped=dict(self._spool.dropped),
            last_error=str(error) if error is not None else None,
        )

    def _try_to_tidy(self, timeout: float) -> None:
        try:
            self._drain.run(timeout, tidy=True)
        except TelemetryError as error:
            self._background.note(error)

    def close(self, timeout: float = 5.0) -> None:
        """Sync, drain, and let go of everything; what could not be drained stays in the spool for the next process.

        Args:
            timeout: seconds to wait for others that hold a lock.
        """
        if self._closed:
            return
        self._closed = True
        self._tables.clear()
        self._background.halt()
        self._spool.close()
        self._try_to_tidy(timeout)
        self._background.close()

    def __enter__(self) -> TelemetryStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin_again(self) -> None:
        """In the child of a fork: its own segments may be drained before the parent's, so they declare anew."""
        self._tables.clear()
        for declared in self._declared.values():
            self._spool.append(encode(DECLARE, declared.as_dict()))


def _temporary_database(store: TelemetryStore) -> str:
    """The path of a database in a folder that goes with the store, or at the latest with the process that made it."""
    import shutil
    import tempfile

    folder, owner = tempfile.mkdtemp(prefix="telemetry-"), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # the child of a fork shares the folder, and goes first
            shutil.rmtree(folder, ignore_errors=True)

    weakref.finalize(store, remove)
    return os.path.join(folder, "memory.db")


#: The store of get_store(), and what keeps two threads from making two.
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


def _after_fork_in_child() -> None:
    """Another thread may have held the lock at the moment of the fork, and is not here to let go of it."""
    global _default_lock  # noqa: PLW0603
    _default_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

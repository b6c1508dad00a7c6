"""One read-only SQL statement, contained: it changes nothing, makes no file, and is stopped in time and in size.

SQLite cannot be stopped within one call of a function or within straight code (`hex(zeroblob(…))`, a hundred times),
and its limit on memory is one for the whole process. So a statement that could make large values out of nothing runs
in a process of its own, with limits on its memory and its time; all others run here, where a thread interrupts them.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite import guard
from telemetry_store.engines.sqlite.open import Access, code_of, connect, uri
from telemetry_store.errors import QueryStopped
from telemetry_store.worker import Limits, Worker, WorkerLost, WorkerUnstarted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

#: What all rows of one result may take up, in bytes.
MOST_MEMORY = 48 << 20
#: Statements of this length and values of this size stay in this process, in characters and bytes.
_SHORT_SQL, _SMALL_VALUE = 10_000, 1 << 20
_LONGEST_SQL = 100_000
_LARGER_TEXT = re.compile(r"\|\||\bwith\b", re.IGNORECASE)
#: What stands in a query plan above the arms of a UNION ALL.
_ARMS = frozenset({"LEFT", "RIGHT", "LEFT-MOST SUBQUERY", "UNION ALL"})
#: What a process of its own may take: memory, and a file in which SQLite sorts, in bytes; and seconds to say so itself.
_SPACE, _SORTING, _GRACE = 72 << 20, 1 << 30, 0.1
_POLL = 0.02
_BATCH = 32


class Large(Exception):
    """A statement must run in a process of its own."""


def fetch(path: str, sql: str, parameters: Any, seconds: float) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns' names and all rows of one statement, which runs here where it is harmless, else in its own process.

    It is stopped after so many seconds, which are also how long it waits for locks.

    Raises:
        QueryStopped: it took too long or became too large.
        sqlite3.Error: by cause.
    """
    end = time.monotonic() + seconds
    if len(sql) <= _SHORT_SQL and not _LARGER_TEXT.search(sql):
        with contextlib.suppress(Large), contextlib.closing(connect(path, Access.READ, seconds)) as connection:
            return fetch_here(connection, sql, parameters, seconds)
    with contextlib.closing(stream(path, sql, parameters, end - time.monotonic())) as parts:
        return list(next(parts)), _kept(parts)


def fetch_here(
    connection: sqlite3.Connection, sql: str, parameters: Any, seconds: float, *, wild: bool = False
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The same on a connection of this process; raises Large where it must run in a process of its own."""
    guard.limit(connection, guard.LARGEST_VALUE if wild else _SMALL_VALUE)
    authoriser = guard.guard(connection, sql, wild=wild)
    try:
        with _interrupting(connection, seconds):
            cursor = connection.execute(sql, parameters)
            batches = iter(lambda: cursor.fetchmany(_BATCH), [])
            return guard.names_of(cursor), _kept(batches, lambda: _reads_out(connection, sql, parameters))
    except sqlite3.Error as error:
        too_long = isinstance(error, sqlite3.DataError) and not wild  # a parameter, or the statement itself
        if authoriser.met_wild or too_long or code_of(error) == "SQLITE_TOOBIG":
            raise Large from error
        raise


def _reads_out(connection: sqlite3.Connection, sql: str, parameters: Any) -> bool:
    """Tell whether a statement gives each row of its tables at most once, so that its result is no larger than they.

    That is one loop over one table, or one in each arm of a UNION ALL such as the view `all_events`.
    """
    try:
        plan = {row[0]: row for row in connection.execute("EXPLAIN QUERY PLAN " + sql, parameters)}
    except sqlite3.Error:
        return False
    loops = [row for row in plan.values() if row[3].startswith(("SCAN", "SEARCH"))]
    if any("VIRTUAL TABLE" in row[3] for row in loops):
        return False
    parents = [row[1] for row in loops]
    if len(set(parents)) < len(parents):
        return False
    outer = [row[3].removeprefix("SCAN ") for row in loops if row[1] == 0]
    gathered = not outer or any(row[3] == f"CO-ROUTINE {outer[0]}" for row in plan.values())
    return len(loops) == 1 or (gathered and all(plan[parent][3] in _ARMS for parent in parents if parent))


def _kept(
    batches: Iterator[Sequence[tuple[Any, ...]]], may_grow: Callable[[], bool] = lambda: False
) -> list[tuple[Any, ...]]:
    """All rows; `may_grow` is asked once when they take up more than they may."""
    rows: list[tuple[Any, ...]] = []
    size, most = 0, MOST_MEMORY
    for batch in batches:
        rows += batch
        size += sum(256 + 8 * len(row) + sum(map(sys.getsizeof, row)) for row in batch)
        if size > most:
            if not may_grow():
                raise _stopped(f"the result is larger than {most >> 20} MiB")
            most = sys.maxsize
    return rows


def _stopped(reason: str) -> QueryStopped:
    hint = "narrow it down, raise the timeout, or write it to a file with `telemetry export --sql`"
    return QueryStopped(f"stopped: {reason}", hint)


@contextlib.contextmanager
def _interrupting(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt the connection after so many seconds, again and again until the block ends."""
    ended = threading.Event()
    late: list[bool] = []

    def watch() -> None:
        pause = seconds
        while not ended.wait(pause):
            late.append(True)
            connection.interrupt()
            pause = _POLL

    thread = threading.Thread(target=watch, name="telemetry-deadline", daemon=True)
    with contextlib.suppress(RuntimeError):  # the interpreter is shutting down: it runs without
        thread.start()
    try:
        yield
    except sqlite3.OperationalError as error:
        if late:
            raise _stopped(f"it ran longer than {seconds:.3g} s") from error
        raise
    finally:
        ended.set()
        if thread.ident is not None:
            thread.join()


def stream(path: str, sql: str, parameters: Any, seconds: float) -> Generator[Any]:
    """One statement in a process of its own: first the columns' names, then lists of rows; close it to stop early.

    Arguments and errors are those of fetch().
    """
    if len(sql) > _LONGEST_SQL:
        raise sqlite3.ProgrammingError(f"the statement is longer than {_LONGEST_SQL} characters")
    left = max(seconds, 0.0)
    request = guard.Request(uri(path, Access.READ), sql, _plain(parameters), seconds, time.monotonic() + left)
    limits = Limits(left + _GRACE, _SPACE, _SORTING)
    try:
        with Worker(guard.answer, request, (guard.Part, guard.Refusal), limits=limits) as worker:
            for frame in worker:
                match frame:
                    case guard.Part(values):
                        yield values
                    case guard.Refusal(_, "SQLITE_INTERRUPT", _):
                        raise _stopped(f"it ran longer than {seconds:.3g} s")
                    case guard.Refusal(_, "SQLITE_NOMEM", _):
                        raise _stopped("it took too much memory")
                    case guard.Refusal(kind, code, text):
                        error = getattr(sqlite3, kind)(text)
                        error.sqlite_errorname = code
                        raise error
    except WorkerUnstarted as error:
        raise _stopped(f"no process could be started to run it in: {error}") from error
    except WorkerLost as error:
        raise _stopped(f"it ran longer than {seconds:.3g} s, or took too much memory") from error


def _plain(parameters: Any) -> Any:
    """The same in types that travel to another process."""
    if hasattr(parameters, "keys"):
        return {str(name): _scalar(parameters[name]) for name in parameters}
    return [_scalar(value) for value in parameters]


def _scalar(value: Any) -> Any:
    if value is None or type(value) is bytes:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise sqlite3.ProgrammingError(f"a parameter is a text, a number, bytes or None, not {type(value).__name__}")

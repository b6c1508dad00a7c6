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


class Stopped(Exception):
    """A statement was stopped; the text says by which limit."""


class Large(Exception):
    """A statement must run in a process of its own."""


def fetch(
    path: str, sql: str, parameters: Any, seconds: float, memory: int = MOST_MEMORY
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """All rows of one statement: in this process where it is harmless there, else in one of its own.

    Args:
        path: the database file.
        sql: one statement.
        parameters: a sequence or a mapping.
        seconds: when it is stopped, and how long to wait for locks.
        memory: bytes that all rows may take up.

    Returns:
        The columns' names, and the rows.

    Raises:
        Stopped: it took too long or became too large.
        sqlite3.Error: by cause.
    """
    end = time.monotonic() + seconds
    with contextlib.suppress(Large):
        if len(sql) > _SHORT_SQL or _LARGER_TEXT.search(sql):
            raise Large
        with contextlib.closing(guard.connect(path, seconds)) as connection:
            return fetch_here(connection, sql, parameters, seconds, memory)
    with contextlib.closing(stream(path, sql, parameters, end - time.monotonic())) as found:
        names = list(next(found))
        return names, _kept(found, memory)


def fetch_here(
    connection: sqlite3.Connection,
    sql: str,
    parameters: Any,
    seconds: float,
    memory: int = MOST_MEMORY,
    *,
    wild: bool = False,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The same on a connection of this process; the caller lifts the limits when it is used for more.

    Raises:
        Large: it must run in a process of its own.
    """
    guard.limit(connection, guard.LARGEST_VALUE if wild else _SMALL_VALUE)
    authoriser = guard.guard(connection, sql, wild=wild)
    try:
        with _interrupting(connection, seconds):
            cursor = connection.execute(sql, parameters)
            batches = iter(lambda: cursor.fetchmany(_BATCH), [])
            return guard.names_of(cursor), _kept(batches, memory, lambda: _reads_out(connection, sql, parameters))
    except sqlite3.Error as error:
        if authoriser.met_wild or getattr(error, "sqlite_errorname", "") == "SQLITE_TOOBIG":
            raise Large from error
        if isinstance(error, sqlite3.DataError) and not wild:  # a parameter or a statement that is too long
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
    return len(loops) == 1 or (gathered and all(plan[each][3] in _ARMS for each in parents if each))


def _kept(
    batches: Iterator[Sequence[tuple[Any, ...]]], memory: int, may_grow: Callable[[], bool] = lambda: False
) -> list[tuple[Any, ...]]:
    """All rows; `may_grow` is asked once when they take up more than `memory` bytes."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for batch in batches:
        rows += batch
        size += sum(256 + 8 * len(row) + sum(map(sys.getsizeof, row)) for row in batch)
        if size > memory:
            if not may_grow():
                raise Stopped(f"the result is larger than {memory >> 20} MiB")
            memory = sys.maxsize
    return rows


@contextlib.contextmanager
def _interrupting(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt the connection after so many seconds, again and again until the block ends."""
    done = threading.Event()
    late: list[bool] = []

    def watch() -> None:
        pause = seconds
        while not done.wait(pause):
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
            raise Stopped(f"it ran longer than {seconds:.3g} s") from error
        raise
    finally:
        done.set()
        if thread.ident is not None:
            thread.join()


def stream(path: str, sql: str, parameters: Any, seconds: float) -> Generator[Any]:
    """One statement in a process of its own: first the columns' names, then lists of rows; close it to stop early.

    The arguments are those of fetch().

    Raises:
        Stopped: it took too long or too much memory.
        sqlite3.Error: by cause.
    """
    if len(sql) > _LONGEST_SQL:
        raise sqlite3.ProgrammingError(f"the statement is longer than {_LONGEST_SQL} characters")
    end = time.monotonic() + max(seconds, 0.0)
    request = guard.Request(path, sql, _plain(parameters), seconds, end)
    limits = Limits(max(seconds, 0.0) + _GRACE, _SPACE, _SORTING)
    kinds = (guard.Names, guard.Rows, guard.Refusal, guard.Halt)
    try:
        with Worker(guard.answer, request, kinds, limits=limits) as worker:
            for frame in worker:
                match frame:
                    case guard.Names(value) | guard.Rows(value):
                        yield value
                    case guard.Refusal(kind, code, text):
                        raise _error_of(kind, code, text)
                    case guard.Halt(reason):
                        raise Stopped(reason)
    except WorkerUnstarted as error:
        raise Stopped(f"no process could be started to run it in: {error}") from error
    except WorkerLost as error:
        raise Stopped(f"it ran longer than {seconds:.3g} s, or took too much memory") from error


def _error_of(kind: str, name: str, text: str) -> Exception:
    error = getattr(sqlite3, kind, sqlite3.DatabaseError)(text)
    error.sqlite_errorname = name
    return error


def _plain(parameters: Any) -> Any:
    """The same in types that travel to another process."""
    if hasattr(parameters, "keys"):
        return {str(name): _scalar(parameters[name]) for name in parameters}
    return [_scalar(value) for value in parameters]


_SCALARS = (type(None), bool, int, float, str, bytes)


def _scalar(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise sqlite3.ProgrammingError(f"a parameter is a text, a number, bytes or None, not {type(value).__name__}")

"""What a guarded connection may do, and the work of the process that runs one statement on such a connection.

`contained.py` starts that process and waits for it, so this file imports next to nothing: what travels are plain
classes, since dataclasses, `typing` and `contextlib` take longer to import than SQLite itself.
"""

from __future__ import annotations

import sqlite3
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Functions whose value is small, or hardly larger than what they are given.
_TAME = _words(
    "-> ->> abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling coalesce cos cosh count cume_dist "
    "current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor glob if ifnull "
    "iif instr json_array_length json_extract json_type json_valid julianday lag last_value lead length like "
    "likelihood likely ln log log10 log2 lower ltrim max min mod nth_value ntile nullif octet_length percent_rank pi "
    "median percentile percentile_cont percentile_disc "
    "pow power radians random rank round row_number rtrim sign sin sinh soundex sqlite_source_id sqlite_version sqrt "
    "strftime substr substring subtype sum tan tanh time timediff total trim trunc typeof unicode unixepoch unlikely "
    "upper"
)
#: Functions that read only too, but can make large values, or take long.
_WILD = _words(
    "bm25 char concat concat_ws format group_concat hex highlight json json_array json_each json_error_position "
    "json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote json_remove "
    "json_replace json_set json_tree jsonb match printf quote randomblob rank replace snippet string_agg unhex "
    "jsonb_array jsonb_each jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch "
    "jsonb_remove jsonb_replace jsonb_set jsonb_tree unistr unistr_quote zeroblob"
)
_PRAGMAS = _words(
    "table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list database_list "
    "compile_options function_list pragma_list module_list page_count freelist_count"
)
_PRAGMAS_WITHOUT_ARGUMENT = _words("schema_version user_version journal_mode page_size encoding")
_HIDDEN_TABLES = _words("sqlite_dbpage sqlite_dbptr sqlite_memstat")
#: Functions that stand for tables; SQLite makes each when it is first named, and asks then whether it may.
_TABLE_FUNCTIONS = frozenset({"json_each", "json_tree", *(f"pragma_{name}" for name in _PRAGMAS)})
_RECURSIVE = getattr(sqlite3, "SQLITE_RECURSIVE", 33)
#: The view whose functions are our own.
_OUR_VIEW = "all_events"
#: The largest value that is read, in bytes.
LARGEST_VALUE = 32 << 20
#: The memory that SQLite may take in a process of its own, in bytes.
_HEAP = 48 << 20


class Authoriser:
    """Allows SQLite to read, and nothing that is not known to read; if `wild`, functions that make large values too."""

    def __init__(self, *, wild: bool) -> None:
        self._functions = _TAME | _WILD if wild else _TAME
        self._wild = wild
        #: Whether something was refused that only a process of its own may do.
        self.met_wild = False

    def __call__(
        self, action: int, first: str | None, second: str | None, _database: str | None, view: str | None
    ) -> int:
        return sqlite3.SQLITE_OK if self._allows(action, first or "", second or "", view) else sqlite3.SQLITE_DENY

    def _allows(self, action: int, first: str, second: str, view: str | None) -> bool:
        if action == sqlite3.SQLITE_SELECT:
            return True
        if action == sqlite3.SQLITE_READ:
            return first.lower() not in _HIDDEN_TABLES
        if action == sqlite3.SQLITE_PRAGMA:
            name = first.lower()
            return name in _PRAGMAS or (name in _PRAGMAS_WITHOUT_ARGUMENT and not second)
        if action == _RECURSIVE:
            self.met_wild |= not self._wild
            return self._wild
        if action == sqlite3.SQLITE_FUNCTION:
            name = second.lower()
            allowed = name in self._functions or (view == _OUR_VIEW and name in _WILD)
            self.met_wild |= not allowed and name in _WILD
            return allowed
        return False


def limit(connection: sqlite3.Connection, largest: int) -> None:
    """Set SQLite's limits; `largest` is for values and rows, in bytes."""
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 0")  # the schema may hold longer texts
    for category, most in (
        (sqlite3.SQLITE_LIMIT_LENGTH, largest),
        (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 200),
        (sqlite3.SQLITE_LIMIT_VDBE_OP, 250_000),
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
    ):
        connection.setlimit(category, most)


def guard(connection: sqlite3.Connection, sql: str, *, wild: bool) -> Authoriser:
    """Let a connection do nothing but read from now on; `sql` is the statement that is to run."""
    lowered = sql.lower()
    for name in filter(lowered.__contains__, _TABLE_FUNCTIONS):
        try:  # noqa: SIM105 - see above: no contextlib
            connection.execute(f"SELECT 1 FROM {name} LIMIT 0")
        except sqlite3.OperationalError:  # it is of a later SQLite
            pass
    authoriser = Authoriser(wild=wild)
    connection.set_authorizer(authoriser)
    return authoriser


def names_of(cursor: sqlite3.Cursor) -> list[str]:
    """The columns of a result; a name that stands twice gets a number."""
    names: list[str] = []
    for name, *_ in cursor.description or ():
        names.append(name if name not in names else f"{name}_{names.count(name) + 1}")
    return names


# as a process of its own


class Request:
    """A statement for a process of its own.

    Args:
        uri: names the database file, for reading.
        sql: the statement.
        parameters: a list or a dictionary of plain values.
        patience: how long to wait for locks, in seconds.
        end: when it is stopped, as a moment of the monotonic clock, which all processes share.
    """

    def __init__(self, uri: str, sql: str, parameters: Any, patience: float, end: float) -> None:
        self.uri, self.sql, self.parameters = uri, sql, parameters
        self.patience, self.end = patience, end


class Part:
    """A part of the result: the columns' names first, then rows."""

    __match_args__ = ("values",)

    def __init__(self, values: list[Any]) -> None:
        self.values = values


class Refusal:
    """SQLite has refused, or stopped: the class of its error, the name of its code, and its text."""

    __match_args__ = ("kind", "code", "text")

    def __init__(self, kind: str, code: str, text: str) -> None:
        self.kind, self.code, self.text = kind, code, text


def answer(request: Request) -> Iterator[Part | Refusal]:
    """Run a statement; yields what becomes of it."""
    try:
        # `open.py` has made the URI; to import it here would take longer than SQLite does
        connection = sqlite3.connect(request.uri, uri=True, isolation_level=None, timeout=request.patience)
        connection.execute("PRAGMA query_only = 1")
        connection.execute(f"PRAGMA hard_heap_limit = {_HEAP}")
        limit(connection, LARGEST_VALUE)
        guard(connection, request.sql, wild=True)
        connection.set_progress_handler(lambda: time.monotonic() > request.end, 1000)
        cursor = connection.execute(request.sql, request.parameters)
        yield Part(names_of(cursor))
        yield from map(Part, _batches(cursor))
    except (sqlite3.Error, sqlite3.Warning) as error:
        yield Refusal(type(error).__name__, getattr(error, "sqlite_errorname", ""), str(error))
    except MemoryError:  # what Python makes of SQLite's code
        yield Refusal("DatabaseError", "SQLITE_NOMEM", "")


def _batches(cursor: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in lists of some size; never many large ones at once."""
    batch: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        batch.append(row)
        size += 64 + sum(map(sys.getsizeof, row))
        if size > 1 << 18:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch

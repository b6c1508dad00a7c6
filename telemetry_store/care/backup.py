"""Copies of a database, taken while others write, and checked before they count.

A copy is one file, complete in itself. Whatever was acknowledged before it began is in it: what waits in the spool is
drained first, or, where the database cannot be written, drained into the copy. The copy is made by SQLite's backup
interface within one read transaction, so no writer waits for it, and each writer's events are there up to one point.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from telemetry_store.care.unfinished import mode_of, unfinished
from telemetry_store.drain import Drain
from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.engines.sqlite.open import translated
from telemetry_store.engines.sqlite.query import read_only
from telemetry_store.engines.sqlite.sink import SqliteSink
from telemetry_store.errors import BackupFailed, DatabaseBusy, DatabaseError, DatabaseMissing, UsageError
from telemetry_store.recovery import SegmentReader, segment_names
from telemetry_store.timestamps import from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry_store.settings import Settings

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_STAMPED = re.compile(r"-\d{8}T\d{6}\.\d{6}Z\.db$")
_LABEL = """
CREATE TABLE _backup (
    taken_at TEXT NOT NULL,
    database TEXT NOT NULL, -- host and path of what was copied
    carried INTEGER NOT NULL, -- events that went from the spool straight into the copy
    counts TEXT NOT NULL -- JSON: table → rows
)
"""


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy.

    Attributes:
        path: the file.
        taken_at: when, in the canonical form.
        database: host and path of the database.
        rows: table → rows, of all tables.
        carried: events that went from the spool straight into the copy, since the database could not be written.
        size_bytes: of the file.
    """

    path: str
    taken_at: str
    database: str
    rows: dict[str, int]
    carried: int
    size_bytes: int


def back_up(settings: Settings, destination: str | None = None, *, wait: float = 10.0,
            clock: Callable[[], float] = time.time) -> Backup:  # fmt: skip
    """Copy a database with everything that was acknowledged before the call; others go on writing meanwhile.

    Args:
        settings: which database.
        destination: a file that does not exist yet, or a folder, where the copy is named after the database and the
            time; None is the folder `<database>-backups`.
        wait: seconds to wait for the events in the spool to be committed; where the database refuses for longer, they
            go straight into the copy.
        clock: seconds since 1970.

    Raises:
        UsageError: the destination exists.
        DatabaseMissing: there is neither a database nor a spool.
        DatabaseBusy: another process drains for longer than the wait.
        BackupFailed: the copy did not pass its checks; it is removed.
        DatabaseError: by cause.
    """
    database = os.path.abspath(settings.database)
    now = clock()
    path = _destination(database, destination, now)
    drain = Drain(os.path.abspath(settings.spool), SqliteSink(database))
    try:
        committed = _committed(drain, database, wait)
        if not os.path.exists(database):
            raise DatabaseMissing(f"there is no database at {settings.database}", "use --db, or set TELEMETRY_DB")
        with unfinished(path, mode_of(database)) as partial:
            carried = 0
            if committed:
                check(partial, copy(database, partial))
            else:
                carried = _copy_with_spool(drain, database, partial, wait)
            taken_at = from_nanoseconds(int(now * 1e9))
            rows = _seal(partial, taken_at, origin(database), carried)
    finally:
        drain.close()
    return Backup(path, taken_at, origin(database), rows, carried, os.stat(path).st_size)


def origin(database: str) -> str:
    """How a copy names the database that it is of: host and absolute path."""
    return f"{socket.gethostname()}:{os.path.abspath(database)}"


def folder_of(database: str) -> str:
    """Where the copies of a database are by default."""
    return os.path.abspath(database) + "-backups"


def _destination(database: str, destination: str | None, now: float) -> str:
    folder = folder_of(database) if destination is None else destination
    if destination is None or os.path.isdir(destination) or destination.endswith(os.sep):
        stem = os.path.splitext(os.path.basename(database))[0]
        stamp = datetime.fromtimestamp(now, UTC).strftime(_STAMP)
        destination = os.path.join(folder, f"{stem}-{stamp}.db")
    if os.path.lexists(destination):
        raise UsageError(f"{destination} exists", "name a new file, or a folder")
    return os.path.abspath(destination)


def _committed(drain: Drain, database: str, wait: float) -> bool:
    """Wait until what is in the spool now is committed, by whomever; False when the database refuses for now."""
    wanted = _ends(drain.directory)
    deadline = time.monotonic() + wait
    while not _reached(database, wanted):
        refused = False
        try:
            if drain.run(max(min(deadline - time.monotonic(), 0.5), 0.0)).complete:
                return True
        except DatabaseError as error:
            if not error.retry:
                raise
            refused = True
        if time.monotonic() >= deadline:
            if refused:
                return False
            raise DatabaseBusy(
                f"another process is draining for more than {wait:g} s", "it does the same work; try again"
            )
    return True


def _ends(directory: str) -> dict[str, int]:
    """Segment → where its last event ends now, in bytes."""
    found: dict[str, int] = {}
    for name in segment_names(directory):
        with contextlib.suppress(FileNotFoundError), SegmentReader(directory, name) as reader:
            found[name] = max((piece.end for piece in reader.pieces(0)), default=0)
    return found


def _reached(database: str, wanted: dict[str, int]) -> bool:
    """Tell whether so much of each segment is committed; one that has no cursor and is gone was drained."""
    if not any(wanted.values()):
        return True
    if not os.path.exists(database):
        return False
    try:
        with read_only(database, guarded=False) as connection:
            known = dict(connection.execute("SELECT segment, offset FROM _cursors"))
    except sqlite3.Error:
        return False
    spool = database + "-spool"
    return all(
        known.get(name, 0) >= end or not (name in known or os.path.exists(os.path.join(spool, name)))
        for name, end in wanted.items()
    )


@dataclass(frozen=True, slots=True)
class Contents:
    """What is counted in a database to compare it with its copy.

    Attributes:
        rows: table → rows.
        cursors: segment → bytes of it that are committed.
        orphans: rows whose foreign key leads nowhere.
    """

    rows: dict[str, int]
    cursors: dict[str, int]
    orphans: int


def contents(connection: sqlite3.Connection) -> Contents:
    """Count what is in a database."""
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
            "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
        )
    ]
    rows = {name: connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0] for name in names}
    cursors = dict(connection.execute("SELECT segment, offset FROM _cursors")) if "_cursors" in rows else {}
    orphans = -1  # a foreign key that names what is not there cannot be checked
    with contextlib.suppress(sqlite3.OperationalError):
        orphans = sum(1 for _ in connection.execute("PRAGMA foreign_key_check"))
    return Contents(rows, cursors, orphans)


def copy(database: str, path: str) -> Contents:
    """Copy a database as one transaction sees it, into an empty or missing file.

    Returns:
        What that transaction sees.

    Raises:
        DatabaseError: by cause.
    """
    with read_only(database, guarded=False) as source, contextlib.closing(raw(path)) as target:
        try:
            source.execute("BEGIN")
            found = contents(source)
            transfer(source, target)
            source.execute("COMMIT")
            target.execute("PRAGMA journal_mode = DELETE")  # a single file, which a read-only disk can hold as well
        except sqlite3.Error as error:
            raise translated(error, database) from error
    return found


def transfer(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy all pages in one step, as the source's read transaction sees them.

    In several steps SQLite would begin anew whenever another process commits.

    Raises:
        sqlite3.OperationalError: others hold a lock for longer than the connection's timeout.
    """

    def give_up(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):  # backup() itself would try for ever
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY"
            raise error

    source.backup(target, progress=give_up)


def raw(path: str, wait: float = 30.0) -> sqlite3.Connection:
    """A connection that changes no setting of the file; its own checkpoints are off."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=wait, check_same_thread=False)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _copy_with_spool(drain: Drain, database: str, partial: str, wait: float) -> int:
    """Copy while nobody drains, and drain into the copy; no segment is deleted."""
    with drain.exclusive(wait) as mine:
        if not mine:
            raise DatabaseBusy(f"another process is draining for more than {wait:g} s", "try again")
        check(partial, copy(database, partial))
        sink = SqliteSink(partial)
        try:
            carried = Drain(drain.directory, sink).replay(wait).counts.stored
        finally:
            sink.close()
    check(partial)
    return carried


def check(path: str, expected: Contents | None = None) -> Contents:
    """Check that a copy is sound, and holds what the database held.

    Raises:
        BackupFailed: it is not, or does not.
    """
    with read_only(path, guarded=False) as connection:
        try:
            lines = [line for (line,) in connection.execute("PRAGMA integrity_check(5)")]
            found = contents(connection)
        except sqlite3.Error as error:
            raise BackupFailed(f"{path}: {error}", "it is no database, or damaged; see `telemetry doctor`") from error
    if lines != ["ok"]:
        hint = "if it is a fresh copy, the database may be damaged itself: see `telemetry doctor --full`"
        raise BackupFailed(f"{path} fails the integrity check: {'; '.join(lines)}", hint)
    if expected is not None and found != expected:
        raise BackupFailed(f"{path} differs from the database: {found}, not {expected}", "try again on another disk")
    return found


def _seal(partial: str, taken_at: str, database: str, carried: int) -> dict[str, int]:
    """Write into the copy what it is; returns its rows by table."""
    with contextlib.closing(raw(partial)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("DROP TABLE IF EXISTS _backup")  # of the copy that the database was restored from
        rows = contents(connection).rows
        connection.execute(_LABEL)
        values = (taken_at, database, carried, orjson.dumps(rows).decode())
        connection.execute("INSERT INTO _backup VALUES (?, ?, ?, ?)", values)
    return rows


def describe(path: str) -> Backup | None:
    """What a file says of itself, or None when it is no backup."""
    try:
        with read_only(path, guarded=False) as connection:
            row = connection.execute("SELECT taken_at, database, carried, counts FROM _backup").fetchone()
    except sqlite3.Error:
        return None
    if row is None:
        return None
    taken_at, database, carried, counts = row
    return Backup(path, taken_at, database, orjson.loads(counts), carried, os.stat(path).st_size)


def backups(settings: Settings, folder: str | None = None) -> list[Backup]:
    """The copies of a database in a folder, newest first.

    Args:
        settings: of which database.
        folder: None is the folder `<database>-backups`.
    """
    folder = folder or folder_of(settings.database)
    if not os.path.isdir(folder):
        return []
    files = [entry.path for entry in os.scandir(folder) if entry.is_file()]
    found = [each for each in map(describe, files) if each is not None]
    mine = [each for each in found if each.database == origin(settings.database)]
    return sorted(mine, key=lambda each: each.taken_at, reverse=True)


def keep(settings: Settings, count: int, folder: str | None = None) -> list[str]:
    """Delete all but the newest copies of a database in a folder; copies that have a name of their own stay.

    Args:
        settings: of which database.
        count: how many are kept, at least 1.
        folder: None is the folder `<database>-backups`.

    Returns:
        The paths that were deleted.

    Raises:
        UsageError: the count is below 1.
    """
    if count < 1:
        raise UsageError(f"cannot keep {count} backups", "keep at least 1")
    old = [each.path for each in backups(settings, folder) if _STAMPED.search(each.path)][count:]
    for path in old:
        os.unlink(path)
    return old

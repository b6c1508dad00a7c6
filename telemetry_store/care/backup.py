"""Copies of a database, taken while others write, and checked before they count.

A copy is one file, complete in itself. Whatever was acknowledged before it began is in it: what waits in the spool is
drained first, or, where the database cannot be written, drained into the copy. The copy is made within one read
transaction, so no writer waits for it, and each writer's events are there up to one point.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from telemetry_store.care.unfinished import mode_of, unfinished
from telemetry_store.drain import Drain
from telemetry_store.engines import copies_for, existing, sink_for
from telemetry_store.errors import DatabaseBusy, DatabaseError, TelemetryError, UsageError
from telemetry_store.recovery import SegmentReader, segment_names
from telemetry_store.timestamps import from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry_store.engines.abilities import Backup
    from telemetry_store.settings import Settings

#: How the names end that copies are given here.
_STAMPED = re.compile(r"-\d{8}T\d{6}\.\d{6}Z\.db$")
#: How long reading waits for locks, in seconds.
_READ = 30.0


def back_up(settings: Settings, destination: str | None = None, *, timeout: float = 10.0,
            clock: Callable[[], float] = time.time) -> Backup:  # fmt: skip
    """Copy a database with everything that was acknowledged before the call; others go on writing meanwhile.

    Args:
        settings: which database.
        destination: a file that does not exist yet, or a folder, where the copy is named after the database and the
            time; None is the folder `<database>-backups`.
        timeout: seconds to wait for the events in the spool to be committed; where the database refuses for longer,
            they go straight into the copy.
        clock: seconds since 1970.

    Raises:
        UsageError: the destination exists.
        DatabaseMissing: there is neither a database nor a spool.
        DatabaseBusy: another process drains for longer.
        BackupFailed: the copy did not pass its checks; it is removed.
        DatabaseError: by cause.
    """
    database, now = os.path.abspath(settings.database), clock()
    path = _destination(database, destination, now)
    copies = copies_for(settings)
    with contextlib.closing(Drain(os.path.abspath(settings.spool), sink_for(settings))) as drain:
        committed = _committed(drain, timeout)
        existing(settings)
        with unfinished(path, mode_of(database)) as partial:
            if committed:
                copies.check(partial, copies.copy(database, partial))
                carried = 0
            else:
                carried = _copy_with_spool(settings, drain, partial, timeout)
            copy = copies.seal(partial, from_nanoseconds(int(now * 1e9)), _origin(database), carried)
    return replace(copy, path=path)


def _origin(database: str) -> str:
    return f"{socket.gethostname()}:{os.path.abspath(database)}"


def folder_of(database: str) -> str:
    """Where the copies of a database are by default."""
    return os.path.abspath(database) + "-backups"


def stamp(now: float) -> str:
    """A moment, in seconds since 1970, as it stands in the names of files."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def _destination(database: str, destination: str | None, now: float) -> str:
    folder = folder_of(database) if destination is None else destination
    if destination is None or os.path.isdir(destination) or destination.endswith(os.sep):
        stem = os.path.splitext(os.path.basename(database))[0]
        destination = os.path.join(folder, f"{stem}-{stamp(now)}.db")
    if os.path.lexists(destination):
        raise UsageError(f"{destination} exists", "name a new file, or a folder")
    return os.path.abspath(destination)


def _committed(drain: Drain, timeout: float) -> bool:
    """Wait until what is in the spool now is committed, by whomever; False when the database refuses for now."""
    wanted, deadline = _ends(drain.directory), time.monotonic() + timeout
    while not _reached(drain, wanted):
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
            message = f"another process is draining for more than {timeout:g} s"
            raise DatabaseBusy(message, "it does the same work; try again")
    return True


def _ends(directory: str) -> dict[str, int]:
    """Segment → where its last event ends now, in bytes."""
    ends = {}
    for name in segment_names(directory):
        with contextlib.suppress(FileNotFoundError), SegmentReader(directory, name) as reader:
            ends[name] = max((piece.end for piece in reader.pieces(0)), default=0)
    return ends


def _reached(drain: Drain, wanted: dict[str, int]) -> bool:
    """Whether so much of each segment is committed; one that has no cursor and is gone was drained."""
    if not any(wanted.values()):
        return True
    with contextlib.suppress(TelemetryError), drain.sink.reader(_READ) as reader:
        known = dict(reader.rows("SELECT segment, offset FROM _cursors"))
        return all(
            known.get(name, 0) >= end or not (name in known or os.path.exists(os.path.join(drain.directory, name)))
            for name, end in wanted.items()
        )
    return False


def _copy_with_spool(settings: Settings, drain: Drain, partial: str, timeout: float) -> int:
    """Copy while nobody drains, and drain into the copy; no segment is deleted."""
    copies = copies_for(settings)
    with drain.exclusive(timeout) as mine:
        if not mine:
            raise DatabaseBusy(f"another process is draining for more than {timeout:g} s", "try again")
        copies.check(partial, copies.copy(settings.database, partial))
        with contextlib.closing(sink_for(replace(settings, database=partial))) as sink:
            carried = Drain(drain.directory, sink).replay(timeout).counts.stored
    copies.check(partial)
    return carried


def backups(settings: Settings, folder: str | None = None) -> list[Backup]:
    """The copies of a database in a folder, newest first; None is the folder `<database>-backups`."""
    folder = folder or folder_of(settings.database)
    if not os.path.isdir(folder):
        return []
    labels = [copies_for(settings).label(entry.path) for entry in os.scandir(folder) if entry.is_file()]
    own = [copy for copy in labels if copy and copy.database == _origin(settings.database)]
    return sorted(own, key=lambda copy: copy.taken_at, reverse=True)


def keep(settings: Settings, count: int, folder: str | None = None) -> list[str]:
    """Delete all but the `count` newest of the copies that backups() gives; those with names of their own stay.

    Returns:
        The paths that were deleted.

    Raises:
        UsageError: the count is below 1.
    """
    if count < 1:
        raise UsageError(f"cannot keep {count} backups", "keep at least 1")
    old = [backup.path for backup in backups(settings, folder) if _STAMPED.search(backup.path)][count:]
    for path in old:
        os.unlink(path)
    return old

"""A backup put in the place of a database, with the drain lock held, and the old database kept beside it.

A database that can be opened is overwritten in one transaction, so that programs that have it open go on with what was
restored; one that cannot be opened is moved aside. Segments that wait in the spool are drained afterwards, each from
the offset that the backup has of it: nothing that is in the backup is stored twice.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry_store.care.backup import stamp
from telemetry_store.care.unfinished import mode_of, unfinished
from telemetry_store.drain import Drain
from telemetry_store.engines import copies_for, sink_for
from telemetry_store.errors import BackupFailed, DatabaseBusy, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry_store.engines.abilities import Contents, Copies
    from telemetry_store.settings import Settings


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done.

    Attributes:
        database: path of the database.
        rows: table → rows, as they came from the backup.
        aside: where the old database is, or None when there was none.
        drained: events that waited in the spool and are stored in the restored database now.
    """

    database: str
    rows: dict[str, int]
    aside: str | None
    drained: int


def restore(settings: Settings, file: str, *, force: bool = False, timeout: float = 10.0,
            clock: Callable[[], float] = time.time) -> Restored:  # fmt: skip
    """Put a backup in the place of a database.

    Args:
        settings: of which database.
        file: the backup; it is only read.
        force: also where there is a database; it is kept as `<database>.before-<time>`.
        timeout: seconds to wait for other processes.
        clock: seconds since 1970.

    Raises:
        UsageError: there is a database and no force, or the file is no backup.
        BackupFailed: the file is damaged; nothing was changed.
        DatabaseNewer: a newer version of this package made it.
        DatabaseBusy: others did not let go in time; nothing was changed.
        DatabaseError: by cause.
    """
    database, copies = os.path.abspath(settings.database), copies_for(settings)
    expected = _accepted(copies, file, database)
    with contextlib.closing(Drain(os.path.abspath(settings.spool), sink_for(settings))) as drain:
        with drain.exclusive(timeout) as mine:
            if not mine:
                raise DatabaseBusy(f"another process is draining for more than {timeout:g} s", "try again")
            old, aside = os.path.lexists(database), f"{database}.before-{stamp(clock())}"
            if old and not force:
                raise UsageError(f"there is a database at {settings.database}", "--force keeps it under another name")
            if old and copies.can_overwrite(database, file):
                with unfinished(aside, mode_of(database)) as partial:
                    copies.copy(database, partial)
                copies.overwrite(database, file, expected, timeout)
            else:
                _replace(copies, file, database, aside, expected)
        drained = drain.run(timeout, tidy=True)
    return Restored(database, expected.rows, aside if old else None, drained.counts.stored)


def _accepted(copies: Copies, file: str, database: str) -> Contents:
    """What is in a backup, when it is sound, whole, and not the database itself."""
    if not os.path.isfile(file):
        raise UsageError(f"there is no file {file}", "`telemetry backup --list` shows the backups")
    if os.path.exists(database) and os.path.samefile(file, database):
        raise UsageError(f"{file} is the database itself")
    contents, label = copies.check(file), copies.label(file)
    if label is not None and label.rows != {name: rows for name, rows in contents.rows.items() if name != "_backup"}:
        raise BackupFailed(f"{file} was changed after it was made", "take another backup")
    if label is None and "_cursors" not in contents.rows:
        raise UsageError(f"{file} is no backup of a telemetry database", "`telemetry backup` makes one")
    copies.check_version(file)
    return contents


def _replace(copies: Copies, file: str, database: str, aside: str, expected: Contents) -> None:
    """Put a copy of the backup where no usable database is; what is in the way is moved aside."""
    copies.move(database, aside)
    with unfinished(database, mode_of(aside)) as partial:
        copies.copy(file, partial)
        copies.check(partial, expected)

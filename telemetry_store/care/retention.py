"""Ageing: rows older than a span are deleted, in small transactions beside live writers, or moved into an archive.

What happens to each portion stands in the ledger `_pruned`: a file of the archive is `writing` until it has been read
back and has its name, `sealed` from then on, and `done` when its rows are deleted. A row is deleted only where the
file, read once more, holds exactly what the table holds. So a kill at any moment leaves each row in the table, in a
sealed file, or in both, and the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telemetry_store.care import archive, pruned
from telemetry_store.care.aged import (
    aged,
    aged_numbers,
    aged_rows,
    events_of,
    lineage,
    month_after,
    newest_witness,
    oldest,
    rows_by_number,
)
from telemetry_store.drain import Drain
from telemetry_store.engines.sqlite.migrations import pending
from telemetry_store.engines.sqlite.query import read_only
from telemetry_store.engines.sqlite.sink import SqliteSink
from telemetry_store.errors import ArchiveDamaged, ClockDoubtful, DatabaseBusy, DatabaseMissing, UsageError
from telemetry_store.progress import Progress
from telemetry_store.segment import try_lock
from telemetry_store.timestamps import from_nanoseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from telemetry_store.care.aged import Aged, EventRows
    from telemetry_store.settings import Settings

    Clock = Callable[[], float]

LOCK = "prune.lock"
#: How long one transaction should take, in seconds; others get their turn for as long between two.
_TURN = 0.025
_SHORTEST_PAUSE = 0.015
_SMALLEST, _LARGEST = 50, 20_000
#: Rows of one file of the archive.
_FILE_ROWS = 250_000
#: Above this the write-ahead log is brought into the database, in bytes; small, so that nobody waits long for it.
_LARGE_WAL = 2 << 20
_IMPLAUSIBLE = 7 * 86_400


@dataclass(slots=True)
class Pruned:
    """What was, or would be, done to one table.

    Attributes:
        table: its name.
        cutoff: only rows before this were touched, in the canonical form.
        rows: that are deleted, or would be.
        files: files of the archive that the rows are in now.
        kept: rows that somebody changed between archiving and deleting; they stay in the table.
        longest_turn: the longest time that other writers were kept out at a stretch, in seconds.
    """

    table: str
    cutoff: str
    rows: int = 0
    files: list[str] = field(default_factory=list)
    kept: int = 0
    longest_turn: float = 0.0


def due(settings: Settings, older_than: float, *, table: str | None = None, clock: Clock = time.time) -> list[Pruned]:
    """What prune() with the same arguments would do; changes nothing.

    Raises:
        UsageError, DatabaseMissing: see prune().
    """
    cutoff = _cutoff(older_than, clock())
    with read_only(_existing(settings), guarded=False) as connection:
        return [Pruned(each.events.table, cutoff, each.rows) for each in aged(connection, cutoff, table)]


def prune(
    settings: Settings,
    older_than: float,
    *,
    table: str | None = None,
    folder: str | None = None,
    force: bool = False,
    wait: float = 10.0,
    clock: Clock = time.time,
    progress: Callable[[Progress], None] | None = None,
) -> list[Pruned]:
    """Delete events that are older than a span, or move them into an archive.

    Args:
        settings: of which database.
        older_than: seconds; the moment that this means is computed once.
        table: only this one; needed for a table that existed before this store.
        folder: of the archive; None deletes.
        force: also where the clock is not to be trusted.
        wait: seconds to wait for other processes, for each transaction.
        clock: seconds since 1970.
        progress: called with how far a table is, in rows.

    Returns:
        What was done, for each table with old rows.

    Raises:
        UsageError: no such table, or pyarrow is not installed.
        ClockDoubtful: the clock is far ahead of everything in the database.
        DatabaseMissing: there is no database.
        DatabaseBusy: another prune is under way, or others did not let go in time; what was done stays done.
        ArchiveDamaged: a file cannot be read back; no row was deleted on its account.
        DatabaseError: by cause.
    """
    if folder is not None:
        archive.require()
        folder = os.path.abspath(folder)
    now = clock()
    cutoff = _cutoff(older_than, now)
    pruner = Pruner(_existing(settings), os.path.abspath(settings.spool), cutoff, wait)
    with contextlib.closing(pruner), pruner.alone():
        pruner.resume(folder)
        with read_only(pruner.database, guarded=False) as connection:
            if not force:
                _check_clock(connection, now, cutoff)
            wanted = aged(connection, cutoff, table)
        return [pruner.prune(each, folder, progress) for each in wanted]


def resume(settings: Settings, *, wait: float = 10.0) -> None:
    """Go on with what a prune has left that was broken off; nothing more is found old.

    Raises:
        DatabaseMissing, DatabaseBusy, ArchiveDamaged, DatabaseError: see prune().
    """
    pruner = Pruner(_existing(settings), os.path.abspath(settings.spool), "", wait)
    with contextlib.closing(pruner), pruner.alone():
        pruner.resume(None)


def under_way(settings: Settings) -> bool:
    """Tell whether a prune is running."""
    path = os.path.join(settings.spool, LOCK)
    if not os.path.exists(path):
        return False
    lock = os.open(path, os.O_RDWR)
    try:
        return not try_lock(lock)
    finally:
        os.close(lock)


def _cutoff(older_than: float, now: float) -> str:
    if older_than < 0:
        raise UsageError("a span cannot be negative", "such as 90d")
    return from_nanoseconds(int((now - older_than) * 1e9))


def _existing(settings: Settings) -> str:
    if not os.path.exists(settings.database):
        raise DatabaseMissing(f"there is no database at {settings.database}", "use --db, or set TELEMETRY_DB")
    return os.path.abspath(settings.database)


def _check_clock(connection: sqlite3.Connection, now: float, cutoff: str) -> None:
    """Refuse when the clock says that nothing has happened for long: it may have jumped ahead.

    Raises:
        ClockDoubtful: it does.
    """
    newest, written = newest_witness(connection)
    if newest is not None and newest < cutoff:
        raise ClockDoubtful(f"the newest event is of {newest}: all would go", "if the clock is right, use --force")
    if written is not None and written < from_nanoseconds(int((now - _IMPLAUSIBLE) * 1e9)):
        raise ClockDoubtful(f"by the clock nothing was written since {written}", "if the clock is right, use --force")


class Pruner:
    """Prunes one database up to one moment.

    Args:
        database: its path.
        spool: its spool directory.
        cutoff: the moment, in the canonical form.
        wait: seconds to wait for other processes, for each transaction.
    """

    def __init__(self, database: str, spool: str, cutoff: str, wait: float) -> None:
        self.database = database
        self._cutoff = cutoff
        self._wait = wait
        self._sink = SqliteSink(self.database)
        self._drain = Drain(spool, self._sink)
        self._portion = 500
        self._taken = self._longest = 0.0
        self._checkpoint_above = _LARGE_WAL

    def close(self) -> None:
        """Let go of the database."""
        self._drain.close()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other prunes out.

        Raises:
            DatabaseBusy: another one is under way.
        """
        os.makedirs(self._drain.directory, exist_ok=True)
        lock = os.open(os.path.join(self._drain.directory, LOCK), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not try_lock(lock):
                raise DatabaseBusy("another prune is under way", "let it finish")
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        """One small transaction, and then as much time for others."""
        with self._drain.exclusive(self._wait) as mine:
            if not mine:
                raise DatabaseBusy("another process is writing to the database", "prune again later; it goes on")
            start = time.monotonic()
            with self._sink.transaction(self._wait) as transaction:
                yield transaction.connection
        self._taken = self._let_others(start)
        self._checkpoint()

    def _let_others(self, start: float) -> float:
        """Give others as much time as was taken from them since the start."""
        taken = time.monotonic() - start
        self._longest = max(self._longest, taken)
        time.sleep(max(taken, _SHORTEST_PAUSE))
        return taken

    def _adapt(self, rows: int) -> None:
        """Choose how many rows the next turn takes, after one that took so many."""
        wanted = rows * _TURN / self._taken
        self._portion = round(min(max(wanted, self._portion / 2, _SMALLEST), self._portion * 1.5, _LARGEST))

    def _checkpoint(self) -> None:
        """Keep the log small; where a reader prevents it, try again only when it has doubled."""
        wal = self.database + "-wal"
        size = os.stat(wal).st_size if os.path.exists(wal) else 0
        if size <= self._checkpoint_above:
            return
        with self._drain.exclusive(self._wait) as mine:
            start = time.monotonic()
            settled = mine and self._sink.settle(force=True)
        self._checkpoint_above = _LARGE_WAL if settled else 2 * size
        self._let_others(start)

    def prune(self, wanted: Aged, folder: str | None, progress: Callable[[Progress], None] | None) -> Pruned:
        """Delete or archive what is old in one table."""
        done = Pruned(wanted.events.table, self._cutoff)
        self._longest = 0.0
        for _ in self._delete(wanted.events, done) if folder is None else self._move(wanted.events, folder, done):
            if progress is not None:
                progress(Progress(done.table, done.rows, wanted.rows, unit="rows"))
        done.longest_turn = self._longest
        return done

    def _delete(self, events: EventRows, done: Pruned) -> Iterator[None]:
        with self._turn() as connection:
            entry = pruned.note(connection, events.table, self._cutoff)
        while True:
            with self._turn() as connection:
                numbers = aged_numbers(connection, events, self._cutoff, self._portion)
                pruned.delete_rows(connection, events, numbers, entry)
                if not numbers:
                    connection.execute("UPDATE _pruned SET state = 'done' WHERE id = ?", (entry,))
            if not numbers:
                return
            done.rows += len(numbers)
            self._adapt(len(numbers))
            yield

    def _move(self, events: EventRows, folder: str, done: Pruned) -> Iterator[None]:
        while True:
            with read_only(self.database, guarded=False) as connection:
                first = oldest(connection, events, self._cutoff)
            if first is None:
                return
            entry, path = self._archive(events, folder, (first, min(month_after(first[:7]), self._cutoff)))
            done.files.append(path)
            yield from self._delete_archived(events, entry, path, done)

    def _archive(self, events: EventRows, folder: str, span: tuple[str, str]) -> tuple[int, str]:
        """Write the oldest rows of a month into a file; from its sealing on, they are the archive's."""
        with self._turn() as connection:
            name = f"{lineage(connection)}-{os.urandom(4).hex()}"
            relative = archive.relative_name(events.table, span[0][:7], name)
            entry = pruned.note(connection, events.table, self._cutoff, folder, relative)
        path = os.path.join(folder, relative)
        with read_only(self.database, guarded=False) as connection:
            written = archive.write(path, events.columns, _portions(aged_rows(connection, events, span, _FILE_ROWS)))
        with self._turn() as connection:
            pruned.seal(connection, entry, written)
        return entry, path

    def _delete_archived(self, events: EventRows, entry: int, path: str, done: Pruned) -> Iterator[None]:
        """Delete the rows of a sealed file from the table, each only if it is what the file says."""
        for rows in archive.read(path):
            place = 0
            while place < len(rows):
                part = rows[place : place + self._portion]
                place += len(part)
                with self._turn() as connection:
                    same, changed = _compare(connection, events, part)
                    pruned.delete_rows(connection, events, same, entry)
                    pruned.keep_rows(connection, changed, entry)
                done.rows += len(same)
                done.kept += len(changed)
                self._adapt(len(part))
                yield
        with self._turn() as connection:
            connection.execute("UPDATE _pruned SET state = 'done' WHERE id = ?", (entry,))

    def _make_ready(self) -> None:
        """Import what a migration needs, lest the transaction that migrates hold others up meanwhile."""
        with read_only(self.database, guarded=False) as connection:
            if pending(connection):
                import sqlite_utils  # noqa: F401

    def resume(self, folder: str | None) -> None:
        """Go on with what a killed run has left, and take files of this database that it does not know any more.

        It does not know them after a restore; their rows, which are in the table again, are deleted from it.

        Raises:
            ArchiveDamaged: a sealed file is missing, or is not what it was.
        """
        self._make_ready()
        with self._turn() as connection:
            for entry, place, file in connection.execute(
                "SELECT id, folder, file FROM _pruned WHERE state = 'writing' AND file <> ''"
            ).fetchall():
                if os.path.isdir(place):
                    archive.remove(os.path.join(place, file))
                    connection.execute("DELETE FROM _pruned WHERE id = ?", (entry,))
            connection.execute("UPDATE _pruned SET state = 'done' WHERE file = ''")
            known = {file for (file,) in connection.execute("SELECT file FROM _pruned")}
            number = lineage(connection)
        for file in archive.files(folder) if folder is not None else ():
            if file not in known and os.path.basename(file).startswith(number + "-"):
                self._adopt(str(folder), file)
        with read_only(self.database, guarded=False) as connection:
            sealed = connection.execute(
                "SELECT id, \"table\", folder, file, rows, content_hash FROM _pruned WHERE state = 'sealed'"
            ).fetchall()
        for entry, table, place, file, rows, content_hash in sealed:
            path = os.path.join(place, file)
            if not os.path.exists(path):
                raise ArchiveDamaged(f"{path} is missing", "some of its rows may still be in the table; bring it back")
            archive.verify(path, archive.Written(rows, content_hash))
            with read_only(self.database, guarded=False) as connection:
                events = events_of(connection, table)
            for _ in self._delete_archived(events, entry, path, Pruned(table, self._cutoff)):
                pass

    def _adopt(self, folder: str, file: str) -> None:
        digest = archive.Digest()
        for rows in archive.read(os.path.join(folder, file)):
            digest.add(rows)
        with self._turn() as connection:
            pruned.seal(connection, pruned.note(connection, archive.table_of(file), "", folder, file), digest.written())


def _portions(cursor: sqlite3.Cursor) -> Iterator[list[archive.Row]]:
    while rows := cursor.fetchmany(archive.GROUP):
        yield rows


def _compare(
    connection: sqlite3.Connection, events: EventRows, rows: Sequence[archive.Row]
) -> tuple[list[int], list[int]]:
    """The numbers of those rows that the table still holds just so, and of those that it holds otherwise."""
    wanted = {row[0]: archive.row_bytes([row]) for row in rows}
    same: list[int] = []
    changed: list[int] = []
    for row in rows_by_number(connection, events, list(wanted)):
        (same if archive.row_bytes([row]) == wanted[row[0]] else changed).append(row[0])
    return same, changed

"""Ageing: rows older than a span are deleted, in small transactions beside live writers, or moved into an archive.

What happens to each portion stands in the ledger `_pruned`: a file of the archive is `writing` until it has been read
back and has its name, `sealed` from then on, and `done` when its rows are deleted. A row is deleted only where the
file, read once more, holds exactly what the table holds. So a kill at any moment leaves each row in the table, in a
sealed file, or in both, and the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from telemetry_store.care import archive
from telemetry_store.care.pruned import State, entries, lineage
from telemetry_store.drain import Drain
from telemetry_store.engines import ageing_for, existing, sink_for
from telemetry_store.engines.names import quoted
from telemetry_store.errors import ArchiveDamaged, ClockDoubtful, DatabaseBusy, UsageError
from telemetry_store.progress import Progress
from telemetry_store.segment import locked_file
from telemetry_store.timestamps import from_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from telemetry_store.engines.abilities import Aged, NumberedRow, Turn
    from telemetry_store.schema import Table
    from telemetry_store.settings import Settings

    Clock = Callable[[], float]

#: The file in the spool that a prune locks.
LOCK = "prune.lock"
#: How long one transaction should take, in seconds; others get their turn for as long between two.
_TURN = 0.025
_SHORTEST_PAUSE = 0.015
#: Rows that one transaction takes, whatever their size.
_SMALLEST, _LARGEST = 50, 20_000
#: Rows of one file of the archive.
_FILE_ROWS = 250_000
#: Above this the log is brought into the database, in bytes; small, so that nobody waits long for it.
_LARGE_LOG = 2 << 20
#: A database that nobody has written to for so long speaks against the clock, in seconds.
_IMPLAUSIBLE = 7 * 86_400
#: How long reading waits for locks, in seconds.
_READ = 30.0


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
    """What prune() with the same arguments would do, and raises as it does; changes nothing."""
    cutoff = _cutoff(older_than, clock())
    aged = ageing_for(existing(settings)).aged(cutoff, table)
    return [Pruned(old.table.name, cutoff, old.rows) for old in aged]


def prune(
    settings: Settings,
    older_than: float,
    *,
    table: str | None = None,
    folder: str | None = None,
    force: bool = False,
    timeout: float = 10.0,
    clock: Clock = time.time,
    progress: Callable[[Progress], None] | None = None,
) -> list[Pruned]:
    """Delete events that are older than a span, or move them into an archive; tells of each table with old rows.

    Args:
        settings: of which database.
        older_than: seconds; the moment that this means is computed once.
        table: only this one; needed for a table that existed before this store.
        folder: of the archive; None deletes.
        force: also where the clock is not to be trusted.
        timeout: seconds to wait for other processes, for each transaction.
        clock: seconds since 1970.
        progress: called with how far a table is, in rows.

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
    with Pruner(settings, cutoff, timeout).alone() as pruner:
        pruner.resume(folder)
        if not force:
            _check_clock(settings, now, cutoff)
        return [pruner.prune(old, folder, progress) for old in pruner.ageing.aged(cutoff, table)]


def resume(settings: Settings, *, timeout: float = 10.0) -> None:
    """Go on with what a prune has left that was broken off; nothing more is taken for old. Raises what prune() does."""
    with Pruner(settings, "", timeout).alone() as pruner:
        pruner.resume(None)


def under_way(settings: Settings) -> bool:
    """Whether a prune is running."""
    path = os.path.join(settings.spool, LOCK)
    if not os.path.exists(path):
        return False
    with locked_file(path) as free:
        return not free


def _cutoff(older_than: float, now: float) -> str:
    if older_than < 0:
        raise UsageError("a span cannot be negative", "such as 90d")
    return from_nanoseconds(int((now - older_than) * 1e9))


def _check_clock(settings: Settings, now: float, cutoff: str) -> None:
    """Refuse when the clock says that nothing has happened for long: it may have jumped ahead."""
    with sink_for(settings).reader(_READ) as reader:
        written = reader.value("SELECT max(last_written) FROM _tables")
        tables = [reader.catalogue.tables[name] for name in reader.catalogue.own]
        selects = [f"SELECT max({quoted(table.time)}) FROM {quoted(table.name)}" for table in tables if table.time]
        newest = max((reader.value(select) or "" for select in selects), default="")
    if newest and newest < cutoff:
        raise ClockDoubtful(f"the newest event is of {newest}: all would go", "if the clock is right, use --force")
    if written is not None and written < from_nanoseconds(int((now - _IMPLAUSIBLE) * 1e9)):
        raise ClockDoubtful(f"by the clock nothing was written since {written}", "if the clock is right, use --force")


class Pruner:
    """Prunes one database up to one moment.

    Args:
        settings: of which database.
        cutoff: the moment, in the canonical form.
        timeout: seconds to wait for other processes, for each transaction.
    """

    def __init__(self, settings: Settings, cutoff: str, timeout: float) -> None:
        self.ageing = ageing_for(existing(settings))
        self._sink = sink_for(settings)
        self._drain = Drain(os.path.abspath(settings.spool), self._sink)
        self._cutoff = cutoff
        self._timeout = timeout
        self._portion = 500
        self._taken = self._longest = 0.0
        self._settle_above = _LARGE_LOG

    @contextlib.contextmanager
    def alone(self) -> Iterator[Self]:
        """Keep other prunes out, and let go of the database at the end; raises DatabaseBusy when one is under way."""
        os.makedirs(self._drain.directory, exist_ok=True)
        lock = os.path.join(self._drain.directory, LOCK)
        with contextlib.closing(self._drain), locked_file(lock) as mine:
            if not mine:
                raise DatabaseBusy("another prune is under way", "let it finish")
            yield self

    @contextlib.contextmanager
    def _turn(self) -> Iterator[Turn]:
        """One small transaction, and then as much time for others."""
        with self._drain.exclusive(self._timeout) as mine:
            if not mine:
                raise DatabaseBusy("another process is writing to the database", "prune again later; it goes on")
            start = time.monotonic()
            with self._sink.transaction(self._timeout) as transaction:
                yield self.ageing.turn(transaction)
        self._taken = self._let_others(start)
        self._settle()

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

    def _settle(self) -> None:
        """Keep the log small; where a reader prevents it, try again only when it has doubled."""
        with self._sink.reader(_READ) as reader:
            log = reader.sizes().log
        if log <= self._settle_above:
            return
        with self._drain.exclusive(self._timeout) as mine:
            start = time.monotonic()
            settled = mine and self._sink.settle(force=True)
        self._settle_above = _LARGE_LOG if settled else 2 * log
        self._let_others(start)

    def prune(self, old: Aged, folder: str | None, progress: Callable[[Progress], None] | None) -> Pruned:
        """Delete or archive what is old in one table."""
        pruned = Pruned(old.table.name, self._cutoff)
        self._longest = 0.0
        for _ in self._delete(old.table, pruned) if folder is None else self._move(old.table, folder, pruned):
            if progress is not None:
                progress(Progress(pruned.table, pruned.rows, old.rows, unit="rows"))
        pruned.longest_turn = self._longest
        return pruned

    def _delete(self, table: Table, pruned: Pruned) -> Iterator[None]:
        with self._turn() as turn:
            entry = turn.begin(table.name, self._cutoff)
        while True:
            with self._turn() as turn:
                numbers = turn.oldest(table, self._cutoff, self._portion)
                turn.delete(table, entry, numbers)
                if not numbers:
                    turn.end(entry)
            if not numbers:
                return
            pruned.rows += len(numbers)
            self._adapt(len(numbers))
            yield

    def _move(self, table: Table, folder: str, pruned: Pruned) -> Iterator[None]:
        while (first := self.ageing.oldest(table, self._cutoff)) is not None:
            entry, path = self._archive(table, folder, (first, min(_month_after(first[:7]), self._cutoff)))
            pruned.files.append(path)
            yield from self._delete_archived(table, entry, path, pruned)

    def _archive(self, table: Table, folder: str, span: tuple[str, str]) -> tuple[int, str]:
        """Write the oldest rows of a month into a file; from its sealing on, they are the archive's."""
        with self._sink.reader(_READ) as reader:
            name = f"{lineage(reader)}-{os.urandom(4).hex()}"
            layout = archive.Layout(str(reader.catalogue.number(table.name)), dict(table.columns))
        relative = archive.relative_name(table.name, span[0][:7], name)
        with self._turn() as turn:
            entry = turn.begin(table.name, self._cutoff, folder, relative)
        path = os.path.join(folder, relative)
        written = archive.write(path, layout, self.ageing.rows(table, span, _FILE_ROWS, archive.GROUP))
        with self._turn() as turn:
            turn.seal(entry, written.rows, written.content_hash)
        return entry, path

    def _delete_archived(self, table: Table, entry: int, path: str, pruned: Pruned) -> Iterator[None]:
        """Delete the rows of a sealed file from the table, each only if it is what the file says."""
        for rows in archive.read(path):
            while part := rows[: self._portion]:
                del rows[: len(part)]
                with self._turn() as turn:
                    same, changed = _compare(turn, table, part)
                    turn.delete(table, entry, same, changed)
                pruned.rows += len(same)
                pruned.kept += len(changed)
                self._adapt(len(part))
                yield
        with self._turn() as turn:
            turn.end(entry)

    def resume(self, folder: str | None) -> None:
        """Go on with what a killed run has left, and take files of this database that it does not know any more.

        It does not know them after a restore; their rows, which are in the table again, are deleted from it.

        Raises:
            ArchiveDamaged: a sealed file is missing, or is not what it was.
        """
        self.ageing.prepare()
        self._clear_unfinished()
        if folder is not None:
            self._adopt_unknown(folder)
        with self._sink.reader(_READ) as reader:
            sealed = [entry for entry in entries(reader) if entry.state is State.SEALED]
        for entry in sealed:
            path = os.path.join(entry.folder, entry.file)
            if not os.path.exists(path):
                raise ArchiveDamaged(f"{path} is missing", "some of its rows may still be in the table; bring it back")
            archive.verify(path, archive.Written(entry.rows, entry.content_hash))
            table = self.ageing.table(entry.table)
            list(self._delete_archived(table, entry.number, path, Pruned(entry.table, self._cutoff)))

    def _clear_unfinished(self) -> None:
        """Remove files that are not complete, where their archive is at hand; deleting for good begins anew."""
        with self._sink.reader(_READ) as reader:
            unfinished = [entry for entry in entries(reader) if entry.state is State.WRITING]
        with self._turn() as turn:  # even for none: it makes the ledger of an old database
            for entry in unfinished:
                if not entry.file:
                    turn.end(entry.number)
                elif os.path.isdir(entry.folder):
                    archive.remove(os.path.join(entry.folder, entry.file))
                    turn.forget(entry.number)

    def _adopt_unknown(self, folder: str) -> None:
        with self._sink.reader(_READ) as reader:
            known = {entry.file for entry in entries(reader)}
            own = lineage(reader) + "-"
        for file in archive.files(folder):
            if file in known or not os.path.basename(file).startswith(own):
                continue
            content = archive.content(os.path.join(folder, file))
            with self._turn() as turn:
                turn.seal(turn.begin(archive.table_of(file), "", folder, file), content.rows, content.content_hash)


def _month_after(month: str) -> str:
    """The first moment after a month such as "2026-02", as text that canonical times compare with."""
    first = dt.date(int(month[:4]), int(month[5:]), 1)
    return (first + dt.timedelta(days=31)).isoformat()[:7] if month < "9999-12" else "A"


def _compare(turn: Turn, table: Table, rows: Sequence[NumberedRow]) -> tuple[list[int], list[int]]:
    """The numbers of those rows that the table still holds just so, and of those that it holds otherwise."""
    wanted = {row[0]: archive.row_bytes([row]) for row in rows}
    same: list[int] = []
    changed: list[int] = []
    for row in turn.rows(table, list(wanted)):
        (same if archive.row_bytes([row]) == wanted[row[0]] else changed).append(row[0])
    return same, changed

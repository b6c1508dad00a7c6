"""Kills merges and rollbacks at chosen statements; run as a program, prints one JSON object.

The statements of an undisturbed run are counted first; then a process is killed before, or shortly after the start of,
every so many of them, and the database is held beside what it was before and what it is after.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from importers.merge import merge, read_plan, rollback
from telemetry_store import TelemetryStore
from tests.crash.children import in_child
from tests.crash.kill import die
from tests.importers.merge.content import everything, rows
from tests.importers.merge.old import make_nine

#: What differs from one merge to the next.
_TIMES = {"_merges": "SELECT count(*) FROM _merges", "_tables": 'SELECT "table", "column", type, doc FROM _tables'}
_ROWS = 3000


class Counting(sqlite3.Connection):
    """Counts the steps of this process, and kills it at one of them."""

    done = 0
    at = -1
    late = False
    #: The step that began the last write transaction.
    begun = 0

    @staticmethod
    def step() -> None:
        """Die, if this is the moment: now, or half a millisecond later."""
        Counting.done += 1
        if Counting.done == Counting.at:
            if not Counting.late:
                die()
            threading.Timer(0.0005, die).start()

    def execute(self, sql: str, *arguments):
        """A statement is a step."""
        Counting.step()
        if sql == "BEGIN IMMEDIATE":
            Counting.begun = Counting.done
        return super().execute(sql, *arguments)

    def backup(self, *arguments, **options):
        """A copy is a step."""
        Counting.step()
        return super().backup(*arguments, **options)


def stepping(original):
    """The same function, as a step."""

    def function(*arguments, **options):
        Counting.step()
        return original(*arguments, **options)

    return function


def counting(work, *arguments, at: int = -1, late: bool = False) -> list[int]:
    """Do the work in a child that counts, and dies at a step.

    Returns:
        How many steps there were, and which began the last write transaction; nothing when it was killed.
    """
    read, write = os.pipe()

    def child() -> None:
        original = sqlite3.connect
        sqlite3.connect = lambda *a, **k: original(*a, **{**k, "factory": Counting})
        os.unlink, os.rename, os.rmdir = stepping(os.unlink), stepping(os.rename), stepping(os.rmdir)
        Counting.done, Counting.at, Counting.late = 0, at, late
        work(*arguments)
        os.write(write, f"{Counting.done} {Counting.begun}".encode())
        os._exit(0)

    number = in_child(child)
    _, status = os.waitpid(number, 0)
    os.close(write)
    told = os.read(read, 100)
    os.close(read)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or told, status
    return [] if killed else [*map(int, told.split())]


def spread(steps: int, begun: int, points: int) -> list[int]:
    """Steps to be killed at: a third over all, the others from the beginning of the last transaction on."""
    early = points // 3
    late = points - early
    return [1 + number * steps // early for number in range(early)] + [
        begun + number * (steps - begun) // (late - 1) for number in range(late)
    ]


class Stage:
    """A folder with the nine databases, put back to its beginning between acts.

    Args:
        folder: where; nothing else may be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.start = folder / "stage", folder / "start"
        self.start.mkdir()
        make_nine(self.start)
        with TelemetryStore(self.start / "foundups.db") as store:
            for number in range(_ROWS):
                store.record("chat", n=number)
        connection = sqlite3.connect(self.start / "notifications.db")
        connection.executemany("INSERT INTO notifications (user, text) VALUES (?, ?)",
                               [(str(n), "x" * 200) for n in range(_ROWS)])  # fmt: skip
        connection.commit()
        connection.close()
        self.database = self.folder / "foundups.db"

    def reset(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.start, self.folder)

    def merge(self) -> None:
        merge(str(self.database), read_plan(self.folder / "merge.toml"))

    def rollback(self) -> None:
        rollback(str(self.database))

    def state(self) -> dict[str, object]:
        """All that the database and the old files hold, without what tells the time."""
        found = {path.name: everything(path) for path in sorted(self.folder.glob("*.db"))}
        own = found["foundups.db"]
        for table, sql in _TIMES.items():
            if table in own:
                own[table] = sorted(map(repr, rows(self.database, sql)))
        return found


class Acts:
    """Kills at every so many statements, and what was found then."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.found = {"before": 0, "after": 0, "finished": 0}
        self.problems: list[str] = []
        stage.reset()
        self.before = stage.state()
        self.merging = counting(stage.merge)
        self.after = stage.state()
        self.undoing = counting(stage.rollback)
        if stage.state() != self.before:
            self.problems.append("an undisturbed rollback is not the state before")

    def judge(self, label: str) -> None:
        """Before or after, in the database; a file to be deleted may still be there, whole."""
        state = self.stage.state()
        if state["foundups.db"] == self.before["foundups.db"]:
            self.found["before"] += 1
        elif state["foundups.db"] == self.after["foundups.db"]:
            self.found["after"] += 1
        else:
            self.problems.append(f"{label}: the database is neither what it was nor what it should be")
        for name, content in state.items():
            if name != "foundups.db" and content != self.before[name]:
                self.problems.append(f"{label}: {name} is not what it was")
        if rows(self.stage.database, "PRAGMA integrity_check") != [("ok",)]:
            self.problems.append(f"{label}: damaged")

    def expect(self, label: str, wanted: dict[str, object]) -> None:
        if self.stage.state() != wanted:
            self.problems.append(f"{label}: not as it should be")

    def kill_merge(self, at: int, number: int) -> None:
        label = f"merge killed at statement {at}"
        self.stage.reset()
        if counting(self.stage.merge, at=at, late=bool(number % 2)):
            self.found["finished"] += 1
        self.judge(label)
        if number % 3:
            counting(self.stage.merge)
            self.expect(f"{label}, and again", self.after)
        counting(self.stage.rollback)
        self.expect(f"{label}, and undone", self.before)

    def kill_rollback(self, at: int, number: int) -> None:
        label = f"rollback killed at statement {at}"
        self.stage.reset()
        counting(self.stage.merge)
        if counting(self.stage.rollback, at=at, late=bool(number % 2)):
            self.found["finished"] += 1
        self.judge(label)
        counting(self.stage.rollback)
        self.expect(f"{label}, and again", self.before)


def main() -> None:
    """Kill as often as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--merges", type=int, default=30)
    parser.add_argument("--rollbacks", type=int, default=10)
    arguments = parser.parse_args()
    acts = Acts(Stage(arguments.folder))
    for number, at in enumerate(spread(*acts.merging, arguments.merges)):
        acts.kill_merge(at, number)
    for number, at in enumerate(spread(*acts.undoing, arguments.rollbacks)):
        acts.kill_rollback(at, number)
    counts = {"merging": acts.merging, "undoing": acts.undoing}
    json.dump({**acts.found, **counts, "problems": acts.problems}, sys.stdout)


if __name__ == "__main__":
    main()

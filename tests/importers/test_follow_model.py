"""Random histories of a log: whatever writers, rotations and followers do, each event is stored once."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from importers import Follower, import_paths, verify
from telemetry_store import TelemetryStore

#: More: TELEMETRY_TEST_HISTORIES=500, from TELEMETRY_TEST_SEED on.
HISTORIES = int(os.environ.get("TELEMETRY_TEST_HISTORIES", "12"))
FIRST = int(os.environ.get("TELEMETRY_TEST_SEED", "0"))


class History:
    """One log and what happens to it, step by step; rotations take several steps, and others come between."""

    def __init__(self, folder: Path, store: TelemetryStore, seed: int) -> None:
        self.chance = random.Random(seed)
        self.folder, self.store = folder, store
        self.path = folder / "t.jsonl"
        self.written: set[int] = set()
        self.later: list[Callable[[], None]] = []
        self.turns = 0
        self.half = b""
        self.excused: set[int] = set()
        self.dated = self.chance.random() < 0.5
        self.careless = self.chance.random() < 0.5
        self.told: list[str] = []
        self.restart()

    def restart(self) -> None:
        self.now = time.time()
        self.follower = Follower(self.store, [self.folder / "*.jsonl"], table="t", clock=lambda: self.now)

    def look(self) -> None:
        self.follower.round()

    def others_import(self) -> None:
        import_paths(self.store, [self.folder], table="t")

    def append(self) -> None:
        """Whole lines, behind the rest of the half-written one."""
        with self.path.open("ab") as file:
            if self.half:
                file.write(self.half)
                self.half = b""
            for _ in range(self.chance.choice((1, 1, 2, 5, 400))):
                file.write(self.line())

    def append_half(self) -> None:
        if self.half or self.later:  # a line that is half-written locks a rotation out
            return
        line = self.line()
        cut = self.chance.randrange(1, len(line))
        self.half = line[cut:]
        with self.path.open("ab") as file:
            file.write(line[:cut])

    def line(self) -> bytes:
        number = len(self.written)
        self.written.add(number)
        return json.dumps({"n": number, "x": "y" * self.chance.randrange(40)}).encode() + b"\n"

    def late(self, path: Path) -> None:
        """A writer that has kept the renamed file open."""
        with path.open("ab") as file:
            file.write(self.line())

    def rotate(self) -> None:
        """Begin a rotation, unless one is under way, or a line half-written: legacy writers lock it out."""
        if self.later or self.half or not self.path.exists():
            return
        self.turns += 1
        old = self.folder / (f"t.jsonl-{20260100 + self.turns}" if self.dated else "t.jsonl.1")
        for place in range(self.turns, 0, -1):
            for each in self.folder.glob(f"t.jsonl.{place}*"):
                each.rename(each.with_name(each.name.replace(f".{place}", f".{place + 1}", 1)))
        kind = self.chance.choice(("rename", "copy", "pack", "rename and pack"))
        self.told.append(kind)
        if kind == "copy":
            if self.careless:
                self.later = [lambda: self.copy_part(old), lambda: shutil.copy(self.path, old), lambda: self.cut(old)]
            else:
                self.later = [lambda: self.copy_part(old), lambda: (shutil.copy(self.path, old), self.cut(old))]
            return
        self.path.rename(old)
        self.later = [lambda: self.late(old)] * self.chance.randrange(3)
        if "pack" in kind:
            self.later += [lambda: self.pack(old, 2), lambda: self.pack(old, 1), old.unlink]

    def copy_part(self, old: Path) -> None:
        data = self.path.read_bytes()
        old.write_bytes(data[: self.chance.randrange(len(data) + 1)])

    def cut(self, copy: Path) -> None:
        """What was written since the copy was made is lost, unless somebody has read it by now."""
        if self.chance.random() < 0.5:
            self.look()
        beyond = self.path.read_bytes()[copy.stat().st_size :]
        self.excused |= {json.loads(line)["n"] for line in beyond.splitlines()}
        os.truncate(self.path, 0)

    def pack(self, old: Path, part: int) -> None:
        packed = (gzip.compress if self.dated else bz2.compress)(old.read_bytes())
        old.with_name(old.name + (".gz" if self.dated else ".bz2")).write_bytes(packed[: len(packed) // part])

    def go_on(self) -> None:
        if self.later:
            self.later.pop(0)()

    def run(self, steps: int) -> None:
        acts = (
            [self.append] * 6 + [self.append_half] * 2 + [self.rotate] * 2 + [self.go_on] * 4 + [self.look] * 6
            + [self.restart] * 2 + [self.others_import]
        )  # fmt: skip
        for _ in range(steps):
            act = self.chance.choice(acts)
            self.told.append(act.__name__)
            act()
        while self.later:
            self.go_on()
        self.append()
        if self.chance.random() < 0.5:
            self.restart()
        for _ in range(3):
            self.look()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + HISTORIES))
def test_history(tmp_path: Path, seed: int) -> None:
    """No event is lost, none stored twice, and every file that is left verifies."""
    (tmp_path / "logs").mkdir()
    with TelemetryStore(tmp_path / "a.db") as store:
        history = History(tmp_path / "logs", store, seed)
        history.run(60)
        stored = Counter(row["n"] for row in store.query("SELECT n FROM t"))
        lost, twice = (
            history.written - history.excused - stored.keys(),
            {number for number, count in stored.items() if count > 1},
        )
        assert not lost, (sorted(lost)[:5], history.told)
        assert not twice, (sorted(twice)[:5], history.told)
        assert store.query("SELECT * FROM _rejects") == []
        found = Counter(each.status.partition(" ")[0] for each in verify(store))
        assert found.keys() <= {"verified", "duplicate"} | ({"gone"} if history.excused else set()), (
            found,
            history.told,
        )

"""Four legacy writers, a rotation of three kinds, and a follower that is killed again and again.

Run as `python -m tests.crash.rotation FOLDER`; prints one line of JSON with everything that is wrong. Beside the
follower runs a control, a tail that keeps an offset for each name, and is killed as often: it loses and doubles events.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import glob
import gzip
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.crash.ledger import Acknowledged

ROOT = Path(__file__).parents[2]
FILES = ("a.jsonl", "b.jsonl", "c.jsonl", "a.jsonl")  # of the four writers
WRITERS = len(FILES)
KEEPER, HALVER = 1, 2
STOP, PACKED = WRITERS, WRITERS + 1  # cells beside the counts: when to stop, how many files were packed
PACE = 0.3
KINDS = ("rename", "copy", "pack")


@contextlib.contextmanager
def locked(folder: Path, how: int) -> Iterator[None]:
    """The lock that writers share and a careful rotation has alone, so that the rotation itself loses nothing."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, how)
        yield


def write_for_ever(folder: Path, writer: int, cells: Acknowledged, seed: int) -> None:
    """Append numbered events as legacy code does, each writer in its own way, until it is told to stop."""
    chance = random.Random(seed)
    path = folder / "logs" / FILES[writer]
    kept, packed = -1, 0
    number = 0
    while not cells[STOP]:
        line = json.dumps({"w": writer, "n": number, "pad": "x" * chance.randrange(120)}).encode() + b"\n"
        with locked(folder, fcntl.LOCK_SH):
            if writer != KEEPER or kept < 0 or cells[PACKED] != packed or number % 50 == 0:
                if kept >= 0:
                    os.close(kept)
                kept, packed = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), cells[PACKED]
            half = chance.randrange(1, len(line)) if writer == HALVER else len(line)
            os.write(kept, line[:half])
            if half < len(line):
                time.sleep(0.001)
                os.write(kept, line[half:])
        number += 1
        cells[writer] = number
        time.sleep(0.002)


class Rotation:
    """Rotates the files: shifts a's names, gives those of the others a number."""

    def __init__(self, folder: Path, cells: Acknowledged, *, careful: bool) -> None:
        self.folder, self.cells, self.careful = folder, cells, careful
        self.turns: Counter[str] = Counter()
        self.number = 0

    def turn(self, name: str, kind: str) -> None:
        """Rotate one file."""
        path = self.folder / "logs" / name
        if not path.exists():
            return
        self.turns[kind] += 1
        self.number += 1
        old = path.with_name(f"{name}.1") if name == "a.jsonl" else path.with_name(f"{name}-{self.number:04}")
        self.shift(path)
        if kind == "copy":
            self.copy_and_cut(path, old)
            return
        path.rename(old)
        if kind == "pack":
            self.pack(old)

    def shift(self, path: Path) -> None:
        """a.jsonl.1 becomes a.jsonl.2 and so on; the fourth gets a name for ever."""
        for place in range(4, 0, -1):
            for old in path.parent.glob(f"{path.name}.{place}*"):
                end = old.name.removeprefix(f"{path.name}.{place}")
                new = f"{path.name}.{place + 1}{end}" if place < 4 else f"{path.name}-{self.number:04}{end}"
                old.rename(old.with_name(new))

    def copy_and_cut(self, path: Path, copy: Path) -> None:
        with locked(self.folder, fcntl.LOCK_EX) if self.careful else contextlib.nullcontext():
            copy.write_bytes(path.read_bytes())
            time.sleep(random.random() * 0.1)
            os.truncate(path, 0)

    def pack(self, old: Path) -> None:
        self.cells[PACKED] += 1
        with locked(self.folder, fcntl.LOCK_EX):  # by now every writer has let go of it
            pass
        data = gzip.compress(old.read_bytes())
        with old.with_name(old.name + ".gz").open("wb", buffering=0) as file:
            file.write(data[: len(data) // 2])
            time.sleep(0.05)
            file.write(data[len(data) // 2 :])
        old.unlink()


def follower(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "telemetry_store.cli", "follow", str(folder / "logs" / "*.jsonl"), "--table", "events",
            "--interval", "0.1", "--db", str(folder / "a.db"), "--json", *options]  # fmt: skip


def naive(folder: Path) -> None:
    """The control: what everybody writes first. Offsets by name, a file that became shorter begins again."""
    offsets_file = folder / "offsets.json"
    with closing(sqlite3.connect(folder / "naive.db", isolation_level=None, timeout=30)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS events (w, n)")
        offsets = json.loads(offsets_file.read_text()) if offsets_file.exists() else {}
        while True:
            for path in glob.glob(str(folder / "logs" / "*.jsonl")):
                with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
                    if os.path.getsize(path) < offsets.get(path, 0):
                        offsets[path] = 0
                    file.seek(offsets.get(path, 0))
                    data = file.read()
                    data = data[: data.rfind(b"\n") + 1]
                    for line in data.splitlines():
                        with contextlib.suppress(ValueError, KeyError):
                            event = json.loads(line)
                            connection.execute("INSERT INTO events VALUES (?, ?)", (event["w"], event["n"]))
                    offsets[path] = offsets.get(path, 0) + len(data)
            temporary = offsets_file.with_suffix(".new")
            temporary.write_text(json.dumps(offsets))
            temporary.rename(offsets_file)
            time.sleep(0.1)


def events_of(database: Path) -> Counter[tuple[int, int]]:
    with closing(sqlite3.connect(database)) as connection:
        return Counter(connection.execute("SELECT w, n FROM events"))


def on_disk(folder: Path) -> set[tuple[int, int]]:
    """Every event that stands in some file at the end."""
    found = set()
    for path in (folder / "logs").iterdir():
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for line in data.splitlines():
            with contextlib.suppress(ValueError, KeyError):
                event = json.loads(line)
                found.add((event["w"], event["n"]))
    return found


def compared(stored: Counter[tuple[int, int]], wanted: set[tuple[int, int]]) -> dict[str, int]:
    return {
        "lost": len(wanted - stored.keys()),
        "twice": sum(count - 1 for count in stored.values()),
        "invented": len(stored.keys() - wanted),
    }


def run(folder: Path, rotations: int, kills: int, seed: int, *, careful: bool) -> dict[str, object]:
    """Let it all run; gives what was lost, stored twice, or invented, by the follower and by the control."""
    (folder / "logs").mkdir(parents=True)
    chance = random.Random(seed)
    cells = Acknowledged(WRITERS + 2)
    children = [start(write_for_ever, folder, writer, cells, seed + writer) for writer in range(WRITERS)]
    rotation = Rotation(folder, cells, careful=careful)
    log = (folder / "follow.log").open("w")
    following = subprocess.Popen(follower(folder), cwd=ROOT, stdout=log, stderr=log)
    control = start(naive, folder)
    ends = time.monotonic() + rotations * PACE
    deaths = sorted(time.monotonic() + 1 + chance.random() * (rotations * PACE - 1) for _ in range(kills))
    killed = died = turn = 0
    while time.monotonic() < ends or turn < rotations:
        rotation.turn(("a.jsonl", "b.jsonl", "c.jsonl")[turn % 3], KINDS[(turn // 3) % 3])
        turn += 1
        time.sleep(PACE * chance.random() * 2)
        while deaths and deaths[0] < time.monotonic():
            deaths.pop(0)
            killed += 1
            died += following.poll() is not None
            following.kill()
            following.wait()
            os.kill(control, signal.SIGKILL)
            os.waitpid(control, 0)
            following = subprocess.Popen(follower(folder), cwd=ROOT, stdout=log, stderr=log)
            control = start(naive, folder)
    cells[STOP] = 1
    for child in children:
        os.waitpid(child, 0)
    time.sleep(0.3)
    following.send_signal(signal.SIGTERM)
    ended = following.wait(120)
    os.kill(control, signal.SIGKILL)
    os.waitpid(control, 0)
    for path in (folder / "logs").iterdir():  # a minute later: a last line that a copy has without its newline counts
        os.utime(path, (time.time() - 61,) * 2)
    last = subprocess.run(follower(folder, "--once"), cwd=ROOT, capture_output=True, text=True, check=False)
    verified = subprocess.run([sys.executable, "-m", "telemetry_store.cli", "verify", "--db", str(folder / "a.db"), "--json"],
                              cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
    acknowledged = {(writer, number) for writer in range(WRITERS) for number in range(cells[writer])}
    disk = on_disk(folder)
    wanted = acknowledged if careful else disk
    found = compared(events_of(folder / "a.db"), wanted)
    if not careful:  # a follower may have read what the rotation then threw away
        found["invented"] = len(events_of(folder / "a.db").keys() - acknowledged)
    return {
        "follower": found,
        "control": compared(events_of(folder / "naive.db"), wanted),
        "acknowledged": len(acknowledged),
        "thrown_away": len(acknowledged - disk),
        "rotations": dict(rotation.turns),
        "kills": killed,
        "died": died,
        "ended": [ended, last.returncode, verified.returncode],
        "left": sum(each["bytes"] for each in json.loads(last.stdout)["files"]),
        "statuses": Counter(each["status"].partition(" ")[0] for each in json.loads(verified.stdout)),
        "errors": (folder / "follow.log").read_text().count("Traceback"),
    }


def start(function: object, *arguments: object) -> int:
    child = os.fork()
    if child == 0:
        try:
            function(*arguments)  # type: ignore[operator]
        finally:
            os._exit(0)
    return child


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rotations", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--careless", action="store_true")
    given = parser.parse_args()
    print(json.dumps(run(given.folder, given.rotations, given.kills, given.seed, careful=not given.careless)))

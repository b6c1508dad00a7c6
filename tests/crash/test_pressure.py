"""Others hold the database, and the disk fills up."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from telemetry_store import DatabaseError, Settings, SpoolFull, TelemetryStore

pytestmark = pytest.mark.crash
HOLDER = """
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30); c.execute("BEGIN IMMEDIATE"); print("held", flush=True)
time.sleep(float(sys.argv[2])); c.execute("COMMIT")
"""
NEIGHBOUR = """
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1]); c.execute("CREATE TABLE IF NOT EXISTS theirs (n INTEGER)"); c.commit()
end, n = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    c.execute("INSERT INTO theirs VALUES (?)", (n,)); c.commit(); n += 1
print(n)
"""


def mean_cost(store: TelemetryStore, count: int) -> float:
    start = time.perf_counter()
    for number in range(count):
        store.record("t", n=number)
    return (time.perf_counter() - start) / count


def test_another_program_holds_the_write_lock(tmp_path: Path) -> None:
    """For 20 s nobody can write: recording goes on at its own cost, and all is stored within 5 s afterwards."""
    database = tmp_path / "a.db"
    with TelemetryStore(database) as store:
        mean_cost(store, 2000)
        assert store.flush(10)
        free = mean_cost(store, 20_000)
        command = [sys.executable, "-c", HOLDER, str(database), "20"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout.readline() == "held\n"
            costs = []
            while holder.poll() is None:
                costs.append(mean_cost(store, 1000))
                time.sleep(0.2)
            assert holder.returncode == 0
        start = time.monotonic()
        assert store.flush(30)
        seconds = time.monotonic() - start
        total = 22_000 + 1000 * len(costs)
        assert store.query("SELECT count(*) AS n FROM t") == [{"n": total}]
    print(
        f"record {free * 1e6:.1f} us free, {sorted(costs)[len(costs) // 2] * 1e6:.1f} us held; caught up in {seconds:.2f} s"
    )
    assert len(costs) > 50  # no call of record() waited for the lock
    assert seconds < 5


def test_a_neighbour_that_writes_all_the_time(tmp_path: Path) -> None:
    """A program that writes its own tables with plain sqlite3 gets no error, and our events are all stored."""
    database = tmp_path / "a.db"
    with TelemetryStore(database) as store:
        store.record("t", n=-1)
        store.flush()
        command = [sys.executable, "-c", NEIGHBOUR, str(database), "5"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as neighbour:
            count = 0
            while neighbour.poll() is None:
                store.record("t", n=count)
                count += 1
                time.sleep(0.0005)
            written, errors = neighbour.stdout.read(), neighbour.stderr.read()
        assert (neighbour.returncode, errors) == (0, "")
        start = time.monotonic()
        assert store.flush(5)
        print(f"caught up in {time.monotonic() - start:.2f} s, neighbour wrote {written.strip()} rows, we {count}")
        assert store.query("SELECT count(*) AS n FROM t") == [{"n": count + 1}]
        assert store.query("SELECT count(*) AS n FROM theirs") == [{"n": int(written)}]


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 2 MB; what is freed later must hold the events in the spool, the log and the database."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(store: TelemetryStore, count: int) -> int:
    """Record until there is no place; how many were acknowledged."""
    for number in range(count):
        try:
            store.record("t", n=number, pad="x" * 500)
        except SpoolFull:
            return number
    return count


@pytest.mark.parametrize("policy", ["raise", "block"])
def test_a_full_disk(small_disk: Path, policy: str) -> None:
    """A full disk is a clean error; what was acknowledged is stored, and recording goes on when space returns."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_650_000))
    store = TelemetryStore(
        settings=Settings(str(small_disk / "a.db"), backlog_policy=policy, patience=0.5, drain_interval=0.05)
    )
    stored = fill(store, 20_000)
    assert stored < 20_000
    ballast.unlink()
    deadline = time.monotonic() + 20
    more = 0
    while not more and time.monotonic() < deadline:
        try:
            store.record("t", n=-1)
            more = 1
        except SpoolFull:
            time.sleep(0.1)
    assert more == 1
    rows = _rows_of(store)
    store.close()
    assert sorted(rows) == [-1, *range(stored)]


def test_a_full_disk_with_drops(small_disk: Path) -> None:
    """With the policy to drop, nothing is raised, drops are counted, and all others are stored."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_650_000))
    store = TelemetryStore(settings=Settings(str(small_disk / "a.db"), backlog_policy="drop", drain_interval=0.05))
    assert fill(store, 8000) == 8000
    dropped = sum(store.stats().dropped.values())
    assert dropped > 0
    ballast.unlink()
    rows = _rows_of(store)
    assert len(rows) == len(set(rows)) == 8000 - dropped
    store.close()


def _rows_of(store: TelemetryStore) -> list[int]:
    """The numbers that are stored, once the database has found space again."""
    deadline = time.monotonic() + 30
    while True:
        try:
            store.tidy()
            with closing(sqlite3.connect(store.settings.database)) as connection:
                return [number for (number,) in connection.execute("SELECT n FROM t")]
        except (DatabaseError, sqlite3.Error):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_many_processes(tmp_path: Path) -> None:
    """16 processes that record 10 000 events each: 160 000 rows, each process's order kept, no caller sees a lock."""
    code = ("import sys; from telemetry_store import *; s = TelemetryStore(sys.argv[1])\n"
            "for n in range(10_000): s.record('t', w=int(sys.argv[2]), n=n)\ns.flush(); s.close()")  # fmt: skip
    start = time.monotonic()
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.db"), str(writer)], stderr=subprocess.PIPE)
                 for writer in range(16)]  # fmt: skip
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, b"")
    with TelemetryStore(tmp_path / "a.db") as store:
        rows = [(row["w"], row["n"]) for row in store.query("SELECT w, n FROM t ORDER BY id")]
    print(f"{time.monotonic() - start:.1f} s")
    for writer in range(16):
        assert [number for each, number in rows if each == writer] == list(range(10_000))


def test_queries_beside_recording_threads(tmp_path: Path) -> None:
    """Readers in threads beside writers see whole events, in growing number, and no error."""
    with TelemetryStore(tmp_path / "a.db") as store:
        store.record("t", n=-1)
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                store.record("t", n=number)
                number += 1
                time.sleep(0.0005)

        threads = [threading.Thread(target=write) for _ in range(2)]
        for thread in threads:
            thread.start()
        seen = []
        while len(seen) < 20:
            seen.append(store.query("SELECT count(*) AS n FROM t")[0]["n"])
        stop.set()
        for thread in threads:
            thread.join()
    assert seen == sorted(seen)

"""Merging old databases, beside ATTACH and INSERT … SELECT of the same tables; all in one run, best of several.

Run: python benchmarks/bench_merge.py [rows] [times]
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from importers.merge import databases_in, draft, merge
from telemetry_store import TelemetryStore

sys.path.insert(0, str(Path(__file__).parent))
from machine import facts

SCHEMA = """
CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, agent INTEGER REFERENCES agents (id), at TEXT NOT NULL,
    kind TEXT, score REAL, ok BOOLEAN, body TEXT);
CREATE INDEX {0}_at ON events (at);
CREATE INDEX {0}_kind ON events (kind, at);
"""


def make(folder: Path, count: int) -> list[Path]:
    """Three files with this many rows together."""
    paths = []
    for number in range(3):
        chance = random.Random(number)
        paths.append(folder / f"old{number}.db")
        with closing(sqlite3.connect(paths[-1])) as connection, connection:
            connection.executescript(SCHEMA.format(f"i{number}"))
            connection.executemany("INSERT INTO agents VALUES (?, ?)", [(n, f"agent {n}") for n in range(1, 101)])
            rows = (
                (chance.randrange(1, 101), f"2026-01-{chance.randrange(1, 29):02}T10:00:{n % 60:02}", f"k{n % 7}",
                 chance.random(), n % 2, "x" * chance.randrange(20, 120))
                for n in range(count // 3)
            )  # fmt: skip
            connection.executemany(
                "INSERT INTO events (agent, at, kind, score, ok, body) VALUES (?, ?, ?, ?, ?, ?)", rows
            )
    return paths


def target(folder: Path, name: str) -> Path:
    """A database with a few events, as the merge finds it."""
    path = folder / f"{name}.db"
    with TelemetryStore(path) as store:
        store.record("chat", text="x")
    return path


def attached(path: Path, sources: list[Path], *, by_name: bool) -> float:
    """The same tables and indexes by hand: seconds until they are committed and out of the log."""
    start = time.perf_counter()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        for number, source in enumerate(sources):
            connection.execute(f"ATTACH ? AS s{number}", (str(source),))
        connection.execute("BEGIN IMMEDIATE")
        for number, source in enumerate(sources):
            names = {"agents": f"{source.stem}_agents", "events": f"{source.stem}_events"}
            for statement in filter(str.strip, SCHEMA.format(f"i{number}").split(";")):
                for old, new in names.items():
                    statement = statement.replace(f" {old} ", f" {new} ")  # noqa: PLW2901
                connection.execute(statement)
            for old, new in names.items():
                columns = "*"
                if by_name:
                    columns = ", ".join(each[1] for each in connection.execute(f"PRAGMA s{number}.table_info({old})"))
                into = f"{new} ({columns})" if by_name else new
                connection.execute(f"INSERT INTO {into} SELECT {columns} FROM s{number}.{old}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.perf_counter() - start


def merged(path: Path, sources: list[Path]) -> tuple[float, dict[str, float]]:
    """The whole merge: seconds, and those of its steps."""
    start = time.perf_counter()
    done = merge(str(path), replace(draft(databases_in(sources, target=str(path))), views="none"))
    assert done.status == "merged", done.conflicts
    return time.perf_counter() - start, done.seconds


def main(count: int = 1_000_000, times: int = 3) -> None:
    """Print the ratios."""
    print(facts())
    best: dict[str, float] = {}
    steps: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = make(folder, count)
        for turn in range(times):
            for label, by_name in (("INSERT … SELECT *", False), ("INSERT … SELECT by name", True)):
                path = target(folder, f"by-hand-{turn}-{by_name}")
                best[label] = min(best.get(label, 1e9), attached(path, sources, by_name=by_name))
                path.unlink()
            seconds, found = merged(target(folder, f"merged-{turn}"), sources)
            if seconds < best.get("telemetry merge", 1e9):
                best["telemetry merge"], steps = seconds, found
        print(f"{count} rows in {len(sources)} files, {sum(path.stat().st_size for path in sources) >> 20} MiB")
    floor = best["INSERT … SELECT *"]
    for label, seconds in best.items():
        print(f"{label:28}{seconds:8.2f} s {seconds / floor:6.2f} ×")
    for label, seconds in steps.items():
        print(f"  of it {label:20}{seconds:8.2f} s {seconds / floor:6.2f} ×")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

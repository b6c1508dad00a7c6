"""An import that is killed, again and again, ends with the same content as one that was left alone."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]
#: In full: TELEMETRY_TEST_KILLS=50.
KILLS = int(os.environ.get("TELEMETRY_TEST_KILLS", "15"))
#: Imports the folder in small batches, so that there are many places to die at.
CODE = """
import sys
from pathlib import Path
import importers.imports
from importers import import_paths, load
from telemetry_store import Settings, TelemetryStore
importers.imports._BATCH = 200_000
with TelemetryStore(settings=Settings(database=sys.argv[1], drain_interval=0)) as store:
    import_paths(store, [sys.argv[2]], plan=load(Path(sys.argv[2]) / "telemetry.toml"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of several kinds: with bad lines, duplicates by key, new columns on the way, compressed, in UTF-16."""
    folder = tmp_path_factory.mktemp("files")
    chance = random.Random(5)

    def line(number: int) -> str:
        event: dict[str, object] = {"n": number, "agent_id": f"agent_{number % 7}", "pad": "x" * chance.randrange(300)}
        if number % 3000 > 1500:
            event[f"late_{number // 3000}"] = number / 3
        if number % 11 == 0:
            event["deep"] = {"list": [number, None, 1.5]}
        return "no json" if number % 97 == 0 else "" if number % 89 == 0 else json.dumps(event)

    text = "".join(line(number) + "\n" for number in range(12_000))
    (folder / "plain.jsonl").write_text(text)
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(text[: len(text) // 3].replace("n", "m").encode()))
    (folder / "wide.jsonl").write_text(
        "\ufeff" + text[: len(text) // 4].replace("agent", "client"), encoding="utf-16-le"
    )
    keyed = "".join(json.dumps({"k": chance.randrange(4000), "number": number}) + "\n" for number in range(8_000))
    (folder / "keyed.jsonl").write_text(keyed)
    (folder / "telemetry.toml").write_text(
        '[tables.keyed]\nsources = ["keyed.jsonl"]\ncolumns = {k = "INTEGER"}\ndedupe_key = ["k"]\n'
    )
    for path in folder.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


def content(database: Path) -> dict[str, str]:
    """A hash of every table: rows with their order and ids, rejects, the ledger's counts, columns and indexes."""
    with closing(sqlite3.connect(database)) as connection:
        names = [name for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_*' AND name NOT GLOB 'sqlite_*'")]  # fmt: skip
        queries = {name: f"SELECT * FROM {name} ORDER BY id" for name in names} | {
            "rejects": 'SELECT source, offset, "table", reason, raw FROM _rejects ORDER BY source, offset',
            "sources": 'SELECT path, "table", size, prefix_hash, offset, read, imported, duplicate, rejected, blank, '
            "time_origin, duplicate_of, generation, place FROM _sources ORDER BY path",
            "schema": "SELECT type, name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*' ORDER BY type, name",
        }
        return {
            name: hashlib.sha256("".join(map(repr, connection.execute(sql))).encode()).hexdigest()
            for name, sql in queries.items()
        }


def start(database: Path, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CODE, str(database), str(folder)], cwd=ROOT)


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], float]:
    """What an import that was left alone has stored, and its seconds."""
    database = tmp_path_factory.mktemp("whole") / "a.db"
    begun = time.monotonic()
    assert start(database, folder).wait(100) == 0
    return content(database), time.monotonic() - begun


def test_killed_at_random(folder: Path, undisturbed: tuple[dict[str, str], float], tmp_path: Path) -> None:
    """Killed at random and started again until it is done: content, rejects, counts and schema are the same."""
    wanted, seconds = undisturbed
    assert {"plain", "packed", "wide", "keyed", "rejects"} <= wanted.keys()
    chance = random.Random(KILLS)
    killed = whole = 0
    while killed < KILLS or not whole:
        database = tmp_path / f"{whole}.db"
        while True:
            process = start(database, folder)
            try:
                assert process.wait(chance.uniform(0.25, 0.8) * seconds if killed < KILLS else 100) == 0
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
        whole += 1
        assert content(database) == wanted, f"after {killed} kills"
    print(f"{killed} kills in {whole} imports of {seconds:.1f} s")


def test_the_comparison_can_fail(folder: Path, undisturbed: tuple[dict[str, str], float], tmp_path: Path) -> None:
    """The control: a row that is missing, doubled or altered gives another content."""
    database = tmp_path / "a.db"
    assert start(database, folder).wait(100) == 0
    for damage in (
        "DELETE FROM plain WHERE id = 77",
        "INSERT INTO packed (timestamp, m) SELECT timestamp, m FROM packed WHERE id = 5",
        "UPDATE keyed SET number = 1 WHERE id = 9",
        "DELETE FROM _rejects WHERE id = 3",
    ):
        before = content(database)
        with closing(sqlite3.connect(database)) as connection, connection:
            assert connection.execute(damage).rowcount == 1
        assert content(database) != before, damage

"""A large file is parsed by a process of its own, with the same result."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from importers import import_paths, parser, verify
from importers.jsonl import Tail
from importers.route import route_of
from importers.source_file import SourceFile
from telemetry_store import TelemetryStore
from tests.importers import dying


@pytest.fixture(autouse=True)
def _all_are_worth_it(monkeypatch) -> None:
    monkeypatch.setattr(parser, "_WORTH", 0)


def write(path: Path, count: int) -> Path:
    """Lines of all kinds, in blocks of one kind and mixed, more than a few hundred KB."""
    chance = random.Random(1)
    odd = [
        '{"n": NaN}',
        "",
        "no json",
        '{"n": 123456789012345678901}',
        '{"n":1}{"n":2}',
        '{"n":"\\u0000"}',
        '{"ts":"x"}',
    ]
    with path.open("w") as file:
        for number in range(count):
            event = {"timestamp": f"2026-01-01T00:00:00.{number:06d}+00:00", "agent_id": f"a{number % 7}", "n": number,
                     "share": number / 3, "deep": {"list": [number, None], "text": "ä" * (number % 50)}}  # fmt: skip
            if number // 2000 % 3 == 1:
                event["timestamp"] = f"2026-01-01T00:00:00.{number:06d}Z"
            file.write(json.dumps(event) + "\n")
            if number // 3000 % 2 and chance.random() < 0.01:
                file.write(chance.choice(odd) + "\n")
        file.write('{"n": 1, "last line without its end')
    return path


def contents(database: Path) -> tuple[str, list[dict]]:
    """A hash of all rows and rejects, and what the ledger counts."""
    with TelemetryStore(database) as store:
        rows = store.query("SELECT * FROM t ORDER BY id")
        rejects = store.query("SELECT source, offset, reason, raw FROM _rejects ORDER BY offset")
        ledger = store.query("SELECT prefix_hash, offset, read, imported, rejected, blank FROM _sources")
        assert {each.status for each in verify(store)} == {"verified"}
    return hashlib.sha256(repr((rows, rejects)).encode()).hexdigest(), ledger


def imported(database: Path, path: Path) -> tuple[str, list[dict]]:
    with TelemetryStore(database) as store:
        (found,) = import_paths(store, [path])
        assert found.pending
    return contents(database)


def test_the_result_is_the_same(tmp_path: Path, monkeypatch) -> None:
    """Rows, rejects with their bytes, counts, hash and the incomplete last line: as if it were parsed here."""
    path = write(tmp_path / "t.jsonl", 7_000)
    elsewhere = imported(tmp_path / "elsewhere.db", path)
    monkeypatch.setattr(parser, "_WORTH", 1 << 60)
    assert imported(tmp_path / "here.db", path) == elsewhere


def test_a_process_parses(tmp_path: Path) -> None:
    """The process reads the whole file: it has not been done without."""
    path = write(tmp_path / "t.jsonl", 3_000)
    with SourceFile(path) as file:
        status, pending = path.stat(), []
        job = parser.Job(path, route_of(path, None), "t", 0, Tail.OBJECT, "", (status.st_dev, status.st_ino), 0)
        read = sum(block.extent.prefix.offset > 0 for block in parser.parsed(job, file, pending.append))
    assert read > 1
    assert pending == [len('{"n": 1, "last line without its end')]


@pytest.mark.parametrize("parse", [dying.at_once, dying.half_way])
def test_a_parser_that_dies_is_done_without(tmp_path: Path, monkeypatch, parse) -> None:
    """When the process dies at the start or half-way, the rest is parsed here, and every line is stored once."""
    path = write(tmp_path / "t.jsonl", 7_000)
    whole = imported(tmp_path / "whole.db", path)
    monkeypatch.setattr(parser, "parse", parse)
    assert imported(tmp_path / "dying.db", path) == whole


def test_refused_rows_are_found_again(tmp_path: Path) -> None:
    """A row that the table refuses becomes a reject with its own bytes."""
    path = write(tmp_path / "t.jsonl", 3000)
    with TelemetryStore(tmp_path / "a.db") as store:
        store.record("t", n=-1)
        store.flush()
        with store.transaction() as transaction:
            transaction.connection.execute("CREATE UNIQUE INDEX theirs ON t (n)")
        path.write_text(path.read_text().rpartition("\n")[0] + '\n{"n": 7, "mine": true}\n')
        import_paths(store, [path])
        (reject,) = store.query("SELECT raw FROM _rejects WHERE reason LIKE 'UNIQUE%'")
        assert reject["raw"] == b'{"n": 7, "mine": true}'


@pytest.mark.crash
def test_killed_while_a_parser_is_at_work(tmp_path: Path) -> None:
    """Killed at 12 random points and resumed, table, rejects, counts and indexes equal those of an undisturbed import."""
    path = write(tmp_path / "t.jsonl", 20_000)
    whole = imported(tmp_path / "whole.db", path)
    code = (
        "import sys, importers.parser as p, importers.loads as l, importers.imports as i\n"
        "p._WORTH = l._LARGE = 0; i._BATCH = 200_000\n"
        "from telemetry_store import TelemetryStore\n"
        "with TelemetryStore(sys.argv[1]) as store: i.import_paths(store, [sys.argv[2]])\n"
    )
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", code, tmp_path / "undisturbed.db", path], check=True)
    took = time.monotonic() - start
    command, chance = [sys.executable, "-c", code, tmp_path / "killed.db", path], random.Random(5)
    kills = 0
    for _ in range(12):
        with subprocess.Popen(command) as process:
            time.sleep(took * chance.uniform(0.3, 0.95))
            kills += process.poll() is None
            process.kill()
    subprocess.run(command, check=True)
    assert kills
    assert contents(tmp_path / "killed.db") == whole
    with TelemetryStore(tmp_path / "killed.db") as store:
        assert store.query("SELECT * FROM _loads") == []
        assert len(store.query("SELECT 1 FROM sqlite_master WHERE tbl_name = 't' AND type = 'index'")) == 2

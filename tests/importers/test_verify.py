"""`verify` finds every difference between a file and the rows that were made of it, and nothing else."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from importers import import_paths, verify
from telemetry_store import EventTable, TelemetryStore

EVENTS = (
    {"timestamp": "2025-01-01T00:00:00Z", "n": 1, "deep": {"a": [1.0, None]}, "none": None},
    {"ts": 1760000000, "n": 2.5, "long": 2**70, "text": "Grüße \ud800"},
    {"n": 1, "deep": {"a": [1.0, None]}, "nan": float("nan"), "flag": True},
    {"n": 1.0},
    {"n": 1.0},
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TelemetryStore]:
    with TelemetryStore(tmp_path / "db" / "a.db") as opened:
        yield opened


def write(path: Path, events: tuple[object, ...] = EVENTS, extra: str = "") -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events) + extra)
    os.utime(path, (1, 1))
    return path


def test_equal(store: TelemetryStore, tmp_path: Path) -> None:
    """Events with all kinds of values come back equal, each from a row of its own."""
    path = write(tmp_path / "t.jsonl", extra="no json\n\n")
    import_paths(store, [path])
    (found,) = verify(store)
    assert (found.status, found.events, found.equal, found.missing, found.rejected) == ("verified", 5, 5, 0, 1)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM t WHERE id = 4",
        "UPDATE t SET n = 7 WHERE id = 1",
        "UPDATE t SET metadata_json = replace(metadata_json, '1.0', '2.0') WHERE id = 1",
    ],
)
def test_different(store: TelemetryStore, tmp_path: Path, damage: str) -> None:
    """A row that is gone or altered is found, with the event that is missing."""
    import_paths(store, [write(tmp_path / "t.jsonl")])
    with closing(sqlite3.connect(store.settings.database)) as connection, connection:
        connection.execute(damage)
    (found,) = verify(store)
    assert (found.status, found.missing) == ("different", 1)
    assert json.loads(found.example)["n"] == 1


def test_files_that_changed_or_went(store: TelemetryStore, tmp_path: Path) -> None:
    """What was appended is not missed, a rewritten file is said to be another one, one that is gone has its counts."""
    grown, rewritten, gone = (write(tmp_path / f"{name}.jsonl", ({name: 1},)) for name in ("a", "b", "c"))
    import_paths(store, [grown, rewritten, gone])
    with grown.open("a") as file:
        file.write('{"a": 2}\n')
    write(rewritten, ({"b": 9},))
    gone.unlink()
    assert [(each.status, each.events) for each in verify(store)] == [("verified", 1), ("changed", 0), ("gone", 1)]
    assert [each.path for each in verify(store, [grown])] == [str(grown)]


def test_dedupe_key_and_refused_rows(store: TelemetryStore, tmp_path: Path) -> None:
    """What a dedupe key dropped and what a table refused is accounted for, not missing."""
    store.declare(EventTable("t", {"k": "TEXT"}, dedupe_key="k", new_keys="freeze"))
    store.flush()
    import_paths(store, [write(tmp_path / "t.jsonl", ({"k": "a"}, {"k": "a"}, {"k": "b", "other": 1}))])
    (found,) = verify(store)
    assert (found.status, found.equal, found.dropped, found.rejected) == ("verified", 1, 1, 1)

"""What could not be stored is listed, mended and tried again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importers import Replayed, export, import_paths, mended, replay
from telemetry_store import EventTable, TelemetryStore, UsageError

if TYPE_CHECKING:
    from telemetry_store.schema import NewKeys


def declare(database: Path, new_keys: NewKeys) -> None:
    """Another version of the application says what the table takes."""
    with TelemetryStore(database) as store:
        store.declare(EventTable("t", {"a": "INTEGER"}, new_keys=new_keys))


def counts(store: TelemetryStore) -> dict[str, int]:
    (row,) = store.query("SELECT read, imported, duplicate, rejected, blank FROM _sources")
    assert row["read"] == row["imported"] + row["duplicate"] + row["rejected"] + row["blank"]
    return row


def test_rejects_whose_cause_is_gone(tmp_path: Path) -> None:
    """Events that a frozen table refused are stored once the table takes them, and the ledger's counts follow."""
    file = tmp_path / "t.jsonl"
    file.write_text('{"a":1}\n{"a":2,"b":3}\n{"b":4}\n')
    declare(tmp_path / "a.db", "freeze")
    with TelemetryStore(tmp_path / "a.db") as store:
        import_paths(store, [file])
        assert counts(store)["rejected"] == 2
        assert replay(store) == Replayed(tried=2, stored=0, duplicate=0, rejected=2)
        assert counts(store)["rejected"] == 2
        declare(tmp_path / "a.db", "evolve")
        assert replay(store) == Replayed(tried=2, stored=2, duplicate=0, rejected=0)
        assert counts(store) == {"read": 3, "imported": 3, "duplicate": 0, "rejected": 0, "blank": 0}
        assert [tuple(row.values()) for row in store.query("SELECT a, b FROM t ORDER BY id")] == [
            (1, None), (2, 3), (None, 4)]  # fmt: skip
        assert replay(store).tried == 0


def test_rejects_that_somebody_mended(tmp_path: Path) -> None:
    """Only the mended lines are tried; two events in one line count as two; bytes that are no text survive."""
    file = tmp_path / "t.jsonl"
    file.write_bytes(b'{"a":1\n{"a":"\xff"\n{"a":3}\nnonsense\n')
    out = tmp_path / "r.jsonl"
    with TelemetryStore(tmp_path / "a.db") as store:
        import_paths(store, [file])
        assert export(store, out) == 3
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        assert rows[1]["latin1"]
        assert mended(out)[rows[1]["id"]] == b'{"a":"\xff"'
        rows[0]["raw"] = '{"a":1} {"a":2}'
        out.write_text(json.dumps(rows[0]) + "\n")
        assert replay(store, mended(out)) == Replayed(tried=1, stored=2, duplicate=0, rejected=0)
        assert counts(store) == {"read": 5, "imported": 3, "duplicate": 0, "rejected": 2, "blank": 0}
        assert sorted(row["a"] for row in store.query("SELECT a FROM t")) == [1, 2, 3]


def test_rejects_of_a_spool(tmp_path: Path) -> None:
    """An event that was recorded, not imported, is tried again just the same."""
    declare(tmp_path / "a.db", "freeze")
    with TelemetryStore(tmp_path / "a.db") as store:
        store.record("t", b=1)
        store.flush()
        declare(tmp_path / "a.db", "evolve")
        assert replay(store).stored == 1
        assert store.query("SELECT b FROM t") == [{"b": 1}]


def test_a_replay_that_is_killed(tmp_path: Path) -> None:
    """A process that dies before the commit has changed nothing."""
    file = tmp_path / "t.jsonl"
    file.write_text('{"a":1}\n{"b":4}\n')
    declare(tmp_path / "a.db", "freeze")
    with TelemetryStore(tmp_path / "a.db") as store:
        import_paths(store, [file])
    declare(tmp_path / "a.db", "evolve")
    code = (
        "import os, sys; from importers import replay; from telemetry_store import TelemetryStore\n"
        "from telemetry_store.engines.sqlite.ledger import SqliteLedger\n"
        "SqliteLedger.save_source = lambda *_: os.kill(os.getpid(), 9)\n"
        "replay(TelemetryStore(sys.argv[1]))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.db"], check=False, cwd=root, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    with TelemetryStore(tmp_path / "a.db") as store:
        assert counts(store)["rejected"] == 1
        assert store.query("SELECT count(*) AS n FROM t") == [{"n": 1}]
        assert replay(store).stored == 1


def test_a_file_that_is_no_export(tmp_path: Path) -> None:
    """The error says what to edit."""
    file = tmp_path / "r.jsonl"
    file.write_text('{"a": 1}\n')
    with pytest.raises(UsageError, match="does not hold exported rejects"):
        mended(file)

"""Exports: what was recorded comes out again."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from importers import import_paths
from importers.verify import digest
from telemetry_store import TelemetryStore, UsageError
from telemetry_store.cli import app
from tests.strategies import EVENTS as ANY

EVENTS = [
    {
        "timestamp": "2026-01-01T00:00:00.000000+00:00",
        "agent_id": "x",
        "ok": True,
        "n": 1,
        "deep": {"b": [1, None], "a": {}},
    },
    {"ts": 1_767_225_600.5, "agent_id": "y", "n": 1.5, "text": "é\n\u2028"},
    {"time": "2026-01-01T02:00:00+02:00", "n": "seven", "ok": "maybe", "big": 2**80},
    {"created_at": "2026-01-01 03:00:00", "key with blank": 1, "n": 2},
    {"no": "time"},
]


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def lines_of(text: str) -> list[str]:
    """Lines as line-based tools see them; str.splitlines() would split at U+2028 too."""
    return text.split("\n")[:-1]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    with TelemetryStore(path) as store:
        for event in EVENTS:
            store.record("mixed", event)
    return path


def test_events_come_out_as_they_were_recorded(database: Path) -> None:
    """JSON lines hold the recorded events: original times under their own keys, types, nested and odd values."""
    assert [json.loads(line) for line in lines_of(run("export", "mixed", "--db", database))] == EVENTS


def test_a_time_for_those_without(database: Path) -> None:
    """--stamped gives an event without a time the one that the store noted, and changes no other."""
    lines = [json.loads(line) for line in lines_of(run("export", "mixed", "--stamped", "--db", database))]
    assert lines[:4] == EVENTS[:4]
    assert lines[4].keys() == {"timestamp", "no"}


def test_export_import_export(database: Path, tmp_path: Path) -> None:
    """An export imported into an empty database and exported again is the same file, byte for byte."""
    first, second = tmp_path / "1" / "mixed.jsonl", tmp_path / "2" / "mixed.jsonl"
    first.parent.mkdir()
    second.parent.mkdir()
    run("export", "mixed", "--db", database, "--to", first)
    run("import", first, "--db", tmp_path / "b.db")
    run("export", "mixed", "--db", tmp_path / "b.db", "--to", second)
    assert first.read_bytes() == second.read_bytes()
    assert len(first.read_bytes().splitlines()) == len(EVENTS)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(recorded=st.lists(ANY, max_size=6))
def test_any_events_survive(recorded: list[dict], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever was recorded: its export has the same JSON values, and so has the export of the imported export."""
    folder = tmp_path_factory.mktemp("any")
    with TelemetryStore(folder / "a.db") as store:
        for event in recorded:
            store.record("t", event)
    if not recorded:
        return
    run("export", "t", "--db", folder / "a.db", "--to", folder / "t.jsonl")
    lines = (folder / "t.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    assert [digest(json.loads(line)) for line in lines] == [digest(json.loads(json.dumps(each))) for each in recorded]
    with TelemetryStore(folder / "b.db") as store:
        import_paths(store, [folder / "t.jsonl"])
    again = run("export", "t", "--db", folder / "b.db").split("\n")[:-1]
    assert [digest(json.loads(line)) for line in again] == [digest(json.loads(line)) for line in lines]


def test_windows_and_conditions(database: Path) -> None:
    """--since, --until and --where choose events."""
    found = run("export", "mixed", "--since", "2026-01-01T00:00:00.2", "--until", "2026-01-01T04:00", "--db", database)
    assert [json.loads(line) for line in lines_of(found)] == [EVENTS[1], EVENTS[3]]
    assert json.loads(run("export", "mixed", "--where", "agent_id=x", "--db", database)) == EVENTS[0]


def test_other_forms(database: Path, tmp_path: Path) -> None:
    """CSV and Parquet have the table's columns; the ending packs a file."""
    import pyarrow.parquet as pq
    import zstandard

    for name in ("m.csv", "m.parquet", "m.jsonl.gz", "m.jsonl.zst", "m.csv.gz", "q.jsonl"):
        source = ("--sql", "SELECT agent_id, n FROM mixed WHERE id <= 2") if name.startswith("q") else ("mixed",)
        assert f"in {tmp_path / name}" in run("export", *source, "--to", tmp_path / name, "--db", database)
    with (tmp_path / "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["agent_id"] for row in rows] == ["x", "y", "", "", ""]
    table = pq.read_table(tmp_path / "m.parquet")
    assert table.column("n").to_pylist() == [1, 1.5, None, 2, None]
    assert table.column("id").to_pylist() == [1, 2, 3, 4, 5]
    plain = run("export", "mixed", "--db", database)
    assert gzip.decompress((tmp_path / "m.jsonl.gz").read_bytes()).decode() == plain
    assert zstandard.ZstdDecompressor().stream_reader((tmp_path / "m.jsonl.zst").read_bytes()).read().decode() == plain
    assert (tmp_path / "q.jsonl").read_text() == '{"agent_id":"x","n":1}\n{"agent_id":"y","n":1.5}\n'


def test_all_tables(database: Path, tmp_path: Path) -> None:
    """--all writes a file for each table; the folder, imported, gives the same database again."""
    with TelemetryStore(database) as store:
        store.record("other", {"timestamp": "2026-01-01T00:00:00Z", "a": 1})
    for folder, source in ((tmp_path / "1", database), (tmp_path / "2", tmp_path / "b.db")):
        run("export", "--all", "--to", folder, "--db", source)
        if source == database:
            run("import", folder, "--db", tmp_path / "b.db")
    for name in ("mixed.jsonl", "other.jsonl"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() != b""


def test_wrong_usage_leaves_no_file(database: Path, tmp_path: Path) -> None:
    """A name that does not say how, a table that is not there, a statement that fails: an error and no file."""
    for arguments in (("mixed", "--to", tmp_path / "m.xml"), ("nowhere", "--to", tmp_path / "n.jsonl"),
                      ("--sql", "SELECT * FROM nowhere", "--to", tmp_path / "n.csv"), (),
                      ("mixed", "--follow", "--to", tmp_path / "m.csv"), ("--all",)):  # fmt: skip
        assert CliRunner().invoke(app, ["export", *map(str, arguments), "--db", str(database)]).exit_code != 0
    assert not [*tmp_path.glob("*.xml*"), *tmp_path.glob("*.csv*"), *tmp_path.glob("n.*")]


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """Ten times the events take no more memory to export."""
    import sqlite3

    path = tmp_path / "a.db"
    with TelemetryStore(path) as store:
        store.record("t", agent_id="x", text="x" * 200)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000) "
            "INSERT INTO t (timestamp, agent_id, text) SELECT timestamp, i, text FROM n, t"
        )
    code = ("import sys; from typer.testing import CliRunner; from telemetry_store.cli import app\n"
            "CliRunner().invoke(app, sys.argv[1:])\n"
            "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])")  # fmt: skip
    used = {}
    for until in ("agent_id<10", "agent_id!=x"):
        command = [
            sys.executable,
            "-c",
            code,
            "export",
            "t",
            "--where",
            until,
            "--to",
            str(tmp_path / "t.jsonl"),
            "--db",
            str(path),
        ]
        used[until] = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])
    assert len((tmp_path / "t.jsonl").read_bytes().splitlines()) == 30_000
    assert used["agent_id!=x"] < used["agent_id<10"] + 4_000


def written(file: Path, count: int) -> list[str]:
    """The lines of a file once there are so many."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = lines_of(file.read_text(encoding="utf-8")) if file.exists() else []
        if len(lines) >= count:
            return lines
        time.sleep(0.1)
    raise AssertionError(f"{len(lines)} of {count} lines")


def test_following_writes_what_comes(database: Path, tmp_path: Path) -> None:
    """With --follow, lines that tools such as grep and tail read are appended as events are recorded."""
    file = tmp_path / "mixed.jsonl"
    command = [
        sys.executable,
        "-m",
        "telemetry_store.cli",
        "export",
        "mixed",
        "--follow",
        "--to",
        str(file),
        "--db",
        str(database),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process, TelemetryStore(database) as store:
        try:
            lines = written(file, len(EVENTS))
            for number in range(3):
                store.record("mixed", fresh=number)
            lines = written(file, len(EVENTS) + 3)
        finally:
            process.terminate()
    assert [json.loads(line) for line in lines] == [*EVENTS, {"fresh": 0}, {"fresh": 1}, {"fresh": 2}]


def test_an_unknown_ending_is_wrong_usage(database: Path) -> None:
    """The error names the endings that are known."""
    done = CliRunner().invoke(app, ["export", "mixed", "--to", "x.parquet.gz", "--db", str(database)])
    assert isinstance(done.exception, UsageError)
    assert ".jsonl" in str(done.exception)

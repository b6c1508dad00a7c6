"""Old files become rows, each line exactly once."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from importers import Outcome, Verdict, import_paths, verify
from importers.discover import files_in, table_for
from telemetry_store import TelemetryStore, UsageError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path):
    with TelemetryStore(tmp_path / "db" / "a.db") as opened:
        yield opened


def write(path: Path, *lines: object, end: str = "\n") -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_bytes((text + end).encode("utf-8", "surrogatepass"))
    return path


def adds_up(found) -> bool:
    return all(each.read == each.imported + each.duplicate + each.rejected + each.blank for each in found)


def test_lines_become_rows(store: TelemetryStore, tmp_path: Path) -> None:
    """Objects become rows, blank lines are counted, the rest is kept with offset, reason and bytes."""
    path = write(tmp_path / "chat_messages.jsonl", {"a": 1}, "", "not json", "[1]", {"a": 2})
    (found,) = import_paths(store, [path])
    assert (found.table, found.read, found.imported, found.rejected, found.blank) == ("chat_messages", 5, 2, 2, 1)
    assert [row["a"] for row in store.query("SELECT a FROM chat_messages ORDER BY id")] == [1, 2]
    rejects = store.query("SELECT offset, reason, raw FROM _rejects ORDER BY id")
    assert [(row["offset"], row["raw"]) for row in rejects] == [(10, b"not json"), (19, b"[1]")]
    assert "array" in rejects[1]["reason"]


def test_again_adds_nothing(store: TelemetryStore, tmp_path: Path) -> None:
    """A second import of the same file adds no row."""
    path = write(tmp_path / "t.jsonl", {"a": 1})
    import_paths(store, [path])
    (again,) = import_paths(store, [path])
    assert (again.status, again.read, again.imported) == ("already imported", 0, 0)


def test_a_growing_file_is_continued(store: TelemetryStore, tmp_path: Path) -> None:
    """What was appended since is imported, an incomplete last line only once it is whole."""
    path = write(tmp_path / "t.jsonl", {"a": 1}, '{"a": 2', end="")
    (first,) = import_paths(store, [path])
    with path.open("a") as file:
        file.write('2}\n{"a": 3}\n')
    (second,) = import_paths(store, [path])
    assert (first.imported, first.pending, second.status, second.imported) == (1, 7, "continued", 2)
    assert [row["a"] for row in store.query("SELECT a FROM t ORDER BY id")] == [1, 22, 3]


def test_a_whole_last_line_needs_no_newline(store: TelemetryStore, tmp_path: Path) -> None:
    """A last line that is a complete object is imported; the newline that comes later is no further event."""
    path = write(tmp_path / "t.jsonl", {"a": 1}, end="")
    import_paths(store, [path])
    with path.open("a") as file:
        file.write('\n{"a": 2}\n')
    import_paths(store, [path])
    assert store.query("SELECT count(*) AS n FROM t") == [{"n": 2}]


def test_copies_moves_and_rewrites(store: TelemetryStore, tmp_path: Path) -> None:
    """A copy is linked, a renamed file is continued, a rewritten one is new and says so."""
    path = write(tmp_path / "t.jsonl", {"a": 1}, {"a": 2})
    import_paths(store, [path])
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(path.read_bytes())
    (linked,) = import_paths(store, [copy])
    assert (linked.status, linked.imported) == (f"duplicate of {path}", 0)
    copy.unlink()
    moved = path.rename(tmp_path / "t.1.jsonl")
    (followed,) = import_paths(store, [moved])
    assert (followed.status, followed.imported, followed.table) == ("moved", 0, "t")
    other = write(tmp_path / "u.jsonl", {"a": 7})
    import_paths(store, [other], table="t")
    write(other, {"a": 9})
    (rewritten,) = import_paths(store, [other], table="t")
    assert (rewritten.status, rewritten.imported) == ("rewritten, imported as new", 1)
    assert store.query("SELECT count(*) AS n FROM t") == [{"n": 4}]


def test_what_became_of_a_file_is_typed(store: TelemetryStore, tmp_path: Path) -> None:
    """An outcome and its data say what became of a file; people and JSON get both in words."""
    path, copy, packed = (tmp_path / name for name in ("{t}.jsonl", "copy.jsonl", "p.jsonl.gz"))
    for name in (path, copy):
        write(name, {"a": 1})
    packed.write_bytes(gzip.compress(b'{"a": 2}\n' * 999)[:-9])
    os.utime(packed, (1, 1))
    summaries = import_paths(store, [path, copy, packed], table="t")
    assert [summary.outcome for summary in summaries] == [Outcome.IMPORTED, Outcome.DUPLICATE, Outcome.IMPORTED]
    assert [summary.status for summary in summaries] == [
        "imported", f"duplicate of {path}", f"imported; {summaries[2].reason}"]  # fmt: skip
    assert summaries[2].reason.startswith("damaged after ")
    assert list(summaries[1].as_dict()) == [
        "path", "table", "status", "read", "imported", "duplicate", "rejected", "blank", "pending", "bytes",
        "time_origin"]  # fmt: skip
    verified = verify(store, [copy])[0]
    assert (verified.verdict, verified.status) == (Verdict.DUPLICATE, f"duplicate of {path}")
    assert list(verified.as_dict()) == [
        "path", "table", "status", "events", "equal", "dropped", "missing", "rejected", "example"]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"a": NaN, "b": [Infinity]}', {"a": "NaN", "b": ["Infinity"]}),
        ('{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        ('{"a": {"b": 18446744073709551616}}', {"a": {"b": 18446744073709551616}}),
        ('{"a": "\\ud800"}', {"a": "\ud800"}),
        ('{"a": "\\u0000x"}', {"a": "\0x"}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('{"a": 1}\r', {"a": 1}),
        (
            '{"id": 5, "metadata_json": "x", "": 1, "A": 1, "a": 2}',
            {"id": 5, "metadata_json": "x", "": 1, "A": 1, "a": 2},
        ),
    ],
)
def test_odd_values_come_back(store: TelemetryStore, tmp_path: Path, line: str, expected: dict) -> None:
    """Values at the edges of JSON are stored and come back as they were."""
    from telemetry_store.engines.sqlite.catalogue import load_tables
    from telemetry_store.schema import event_of

    (found,) = import_paths(store, [write(tmp_path / "t.jsonl", line)])
    assert found.imported == 1
    with store.transaction() as transaction:
        tables, _ = load_tables(transaction.connection)
    (row,) = store.query("SELECT * FROM t")
    assert event_of(tables["t"], row) == expected


def test_times(store: TelemetryStore, tmp_path: Path) -> None:
    """Without a time field the date in the path counts, else the file's mtime, and the summary says which."""
    dated = write(tmp_path / "log_2024-03-05.jsonl", {"a": 1})
    plain = write(tmp_path / "plain.jsonl", {"a": 2})
    os.utime(plain, (1_700_000_000, 1_700_000_000))
    first, second = import_paths(store, [dated, plain])
    assert (first.table, first.time_origin, second.time_origin) == ("log", "path", "mtime")
    assert store.query("SELECT timestamp FROM log")[0]["timestamp"] == "2024-03-05T00:00:00.000000+00:00"
    assert store.query("SELECT timestamp FROM plain")[0]["timestamp"] == "2023-11-14T22:13:20.000000+00:00"


def test_folders(tmp_path: Path) -> None:
    """Below a folder JSONL files count, other suffixes when they hold JSON lines; spools and hidden folders do not."""
    write(tmp_path / "a.jsonl", {"a": 1})
    write(tmp_path / "b.txt", {"a": 1}, {"a": 2})
    write(tmp_path / "c.txt", "plain text")
    for folder in ("x.db-spool", ".hidden"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "d.jsonl", {"a": 1})
    assert [path.name for path in files_in([tmp_path])] == ["a.jsonl", "b.txt"]
    with pytest.raises(UsageError, match="does not exist"):
        files_in([tmp_path / "nothing"])


@pytest.mark.parametrize(
    ("name", "table"),
    [("permission_events.jsonl", "permission_events"), ("holo-20251002-133052.jsonl", "holo"), ("Chat Log.jsonl", "chat_log"),
     ("interventions_20250926.jsonl", "interventions"), ("session_42.jsonl", "session"), ("2025-01-01.jsonl", "folder"),
     ("1st.jsonl", "t_1st")],
)  # fmt: skip
def test_table_names(name: str, table: str) -> None:
    """A table is named by the words of the file's name."""
    assert table_for(Path("folder") / name) == table


def test_mutated_lines_always_add_up(tmp_path: Path) -> None:
    """Whatever is done to the bytes, every line is imported, rejected or blank, and nothing crashes."""
    chance = random.Random(3)
    lines = [
        json.dumps({"n": number, "text": "x" * chance.randrange(30), "deep": {"k": [number]}}) for number in range(300)
    ]
    for turn in range(12):
        data = bytearray("\n".join(lines).encode() + b"\n")
        for _ in range(200):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = bytes(chance.choices(range(256), k=chance.randrange(3)))
        path = tmp_path / f"t{turn}.jsonl"
        path.write_bytes(data)
        os.utime(path, (1, 1))  # long quiet, so the last line counts too
        with TelemetryStore(tmp_path / f"{turn}.db") as store:
            found = import_paths(store, [path], table="t")
            stored = store.query("SELECT count(*) AS n FROM t")[0]["n"]
            kept = store.query("SELECT count(*) AS n FROM _rejects")[0]["n"]
        assert adds_up(found)
        lines_read = data.split(b"\n")[: data.count(b"\n") + (not data.endswith(b"\n"))]
        assert (found[0].read, found[0].imported, found[0].rejected) == (sum(map(count, lines_read)), stored, kept)


def count(line: bytes) -> int:
    """How many events stand on a line: more than one where a newline was lost between them."""
    pieces = line.replace(b"}{", b"}\n{").split(b"\n")
    try:
        return len(pieces) if all(isinstance(json.loads(piece), dict) for piece in pieces) else 1
    except ValueError:
        return 1


def test_two_imports_at_once(tmp_path: Path) -> None:
    """Two processes that import the same file at the same time store each line once."""
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({"n": number, "pad": "x" * 300}) + "\n" for number in range(30_000)))
    code = "import sys; from importers import *; from telemetry_store import *; import_paths(TelemetryStore(sys.argv[1]), [sys.argv[2]])"
    command = [sys.executable, "-c", code, str(tmp_path / "a.db"), str(path)]
    for process in [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]:
        assert process.wait(60) == 0
    with TelemetryStore(tmp_path / "a.db") as store:
        assert store.query("SELECT count(*) AS n, count(DISTINCT n) AS d FROM t") == [{"n": 30_000, "d": 30_000}]

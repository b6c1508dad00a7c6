"""What the audit says of files on disk."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from audit import audit
from audit.pattern import fields

LINES = b'{"ts": 1760000000, "n": 1}\n{"ts": 1760000001, "n": null}\n\nbad\n'
PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("end", [*PACKERS, ".zst"])
def test_compressed(tmp_path: Path, end: str) -> None:
    """A compressed file is profiled like a plain one, and is a duplicate of one with the same content."""
    pack = PACKERS.get(end) or pytest.importorskip("zstandard").compress
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / f"b.jsonl{end}").write_bytes(pack(LINES))
    plain, packed = audit(tmp_path).files
    assert (packed.lines, packed.bad, packed.events, packed.profiled) == (3, 1, 2, True)
    assert (packed.time_field, packed.time_kind, packed.duplicate_of) == ("ts", "epoch-s", "a.jsonl")
    assert packed.keys == plain.keys
    assert [(key.name, key.count, key.fill) for key in packed.keys] == [("ts", 2, 1.0), ("n", 2, 1.0)]


@pytest.mark.parametrize("end", [".gz", ".bz2", ".xz", ".zst"])
def test_damaged(tmp_path: Path, end: str) -> None:
    """A file that cannot be unpacked is listed, and not profiled."""
    (tmp_path / f"b.jsonl{end}").write_bytes(b"no archive")
    (fact,) = audit(tmp_path).files
    assert (fact.profiled, fact.bytes, fact.duplicate_of) == (False, 10, "")


def test_fields_in_the_path(tmp_path: Path) -> None:
    """What varies in a pattern is a field of the files that match it, with its value."""
    (tmp_path / "app.py").write_text(
        "import json\n"
        "def keep(agent, day, row):\n"
        "    with open(f'logs/{agent}/{day}.jsonl', 'a') as f:\n"
        "        f.write(json.dumps(row) + '\\n')\n"
    )
    (tmp_path / "logs" / "ann").mkdir(parents=True)
    (tmp_path / "logs" / "ann" / "2025-01-01.jsonl").write_bytes(LINES)
    report = audit(tmp_path)
    (fact,) = report.files
    assert fact.fields == {"agent": "ann", "day": "2025-01-01"}
    assert fact.writers == (report.writers[0].id,)


@pytest.mark.parametrize(
    ("target", "path", "found"),
    [
        ("logs/{a}_{b}.jsonl", "logs/x_y.jsonl", {"a": "x", "b": "y"}),
        ("{root}/logs/{a}.jsonl", "deep/logs/x.jsonl", {"a": "x"}),
        ("{a}/{a}.jsonl", "x/x.jsonl", {"a": "x"}),
        ("{a}-{a}.jsonl", "x-y.jsonl", {}),
        ("{$HOME}/{a}.jsonl", "x.jsonl", {"a": "x"}),
        ("logs/*.jsonl", "logs/x.jsonl", {}),
        ("logs/{a}.jsonl", "else.jsonl", {}),
    ],
)
def test_fields(target: str, path: str, found: dict[str, str]) -> None:
    """Fields are read from the end of the path; a beginning that varies is none."""
    assert fields(target, path) == found


def test_orphans(tmp_path: Path) -> None:
    """A file that no code touches, and a target without a file, are both in the report."""
    (tmp_path / "old.jsonl").write_bytes(LINES)
    (tmp_path / "app.py").write_text("import json\nprint(json.dumps({}), file=open('new.jsonl', 'a'))\n")
    report = audit(tmp_path)
    assert [(each.path, each.writers) for each in report.files] == [("old.jsonl", ())]
    assert {each.target: each.files for each in report.targets} == {"new.jsonl": (), "old.jsonl": ("old.jsonl",)}
    assert report.summary()["orphan_files"] == 1
    assert "old.jsonl" in report.as_text()

"""Whatever a file is compressed with or encoded in, its events come in as they are."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from importers import import_paths
from telemetry_store import Settings, TelemetryStore, UsageError

EVENTS = [{"n": number, "text": "Grüße 🙂"} for number in range(3000)]
LINES = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in EVENTS)

PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
    "two gz members": lambda data: gzip.compress(data[:5000]) + gzip.compress(data[5000:]),
    "two zst frames": lambda data: zstandard.compress(data[:5000]) + zstandard.compress(data[5000:]),
    "utf-8 with a mark": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16 little": lambda data: b"\xff\xfe" + data.decode().encode("utf-16-le"),
    "utf-16 big": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
    "utf-16 in gz": lambda data: gzip.compress(b"\xff\xfe" + data.decode().encode("utf-16-le")),
    "crlf": lambda data: data.replace(b"\n", b"\r\n"),
    "no newlines": lambda data: data.replace(b"\n", b""),
    "an array": lambda data: b"[" + data.replace(b"\n", b",\n")[:-2] + b"]",
    "a printed array": lambda data: json.dumps(EVENTS, indent=2).encode(),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TelemetryStore]:
    with TelemetryStore(tmp_path / "db" / "a.db") as opened:
        yield opened


def stored(store: TelemetryStore, table: str = "t") -> list[dict]:
    return store.query(f"SELECT n, text FROM {table} ORDER BY id")


@pytest.mark.parametrize("form", PACKED)
def test_forms(store: TelemetryStore, tmp_path: Path, form: str) -> None:
    """All events come in, once, whatever the name says."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(PACKED[form](LINES.encode()))
    os.utime(path, (1, 1))
    (found,) = import_paths(store, [path])
    assert (found.imported, found.rejected, found.read) == (3000, 0, 3000)
    assert stored(store) == EVENTS
    assert import_paths(store, [path])[0].status == "already imported"


def test_latin_1_when_told(store: TelemetryStore, tmp_path: Path) -> None:
    """Another encoding is read where it is named, and an unknown one is refused."""
    path = tmp_path / "t.jsonl"
    path.write_bytes('{"n": 1, "text": "Grüße"}\n'.encode("latin-1"))
    import_paths(store, [path], encoding="latin-1")
    assert stored(store) == [{"n": 1, "text": "Grüße"}]
    with pytest.raises(UsageError, match="no encoding"):
        import_paths(store, [path], encoding="klingon")


def test_the_packed_file_of_a_rotation(store: TelemetryStore, tmp_path: Path) -> None:
    """A log that was rotated and packed is recognised by what is in it, and what came before the rotation is added."""
    path = tmp_path / "t.jsonl"
    path.write_text('{"n": 1}\n')
    os.utime(path, (1, 1))
    import_paths(store, [path])
    with path.open("a") as file:
        file.write('{"n": 2}\n')
    packed = tmp_path / "t.jsonl.1.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    (found,) = import_paths(store, [packed])
    assert (found.status, found.imported) == ("moved", 1)
    assert [row["n"] for row in store.query("SELECT n FROM t ORDER BY id")] == [1, 2]


def test_a_damaged_archive(store: TelemetryStore, tmp_path: Path) -> None:
    """What can be unpacked before the damage is imported, the damage is said, and the next file is imported too."""
    path, other = tmp_path / "t.jsonl.gz", tmp_path / "u.jsonl"
    whole = gzip.compress(LINES.encode())
    path.write_bytes(whole[: len(whole) // 2])
    os.utime(path, (1, 1))
    other.write_text('{"n": 1}\n')
    first, second = import_paths(store, [path, other])
    assert "damaged" in first.status
    assert 0 < first.imported < 3000
    assert second.imported == 1


def test_a_segment_of_a_dead_machine(store: TelemetryStore, tmp_path: Path) -> None:
    """A spool segment goes into the tables that its lines name, the NULs at its end are no events."""
    settings = Settings(database=str(tmp_path / "far" / "a.db"), drain_interval=0)
    far = TelemetryStore(settings=settings)
    far.record("chat", n=1, text="x")
    far.record("heartbeat", n=2)
    (segment,) = Path(settings.spool).glob("*.jsonl")
    saved = tmp_path / "saved.jsonl"
    saved.write_bytes(segment.read_bytes())
    os.utime(saved, (1, 1))
    (found,) = import_paths(store, [saved])
    assert (found.imported, found.rejected) == (2, 0)
    assert stored(store, "chat") == [{"n": 1, "text": "x"}]
    assert store.query("SELECT n FROM heartbeat") == [{"n": 2}]
    far.close()

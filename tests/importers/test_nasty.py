"""Whatever stands in a file, each line is imported, counted as blank, or kept in `_rejects`."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from importers import import_paths, verify
from telemetry_store import TelemetryStore, UsageError
from tests.importers.nasty import CASES


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TelemetryStore]:
    with TelemetryStore(tmp_path / "db" / "a.db") as opened:
        yield opened


@pytest.mark.parametrize("name", CASES)
def test_counts(store: TelemetryStore, tmp_path: Path, name: str) -> None:
    """The counts are exact, what is stored comes back equal, and importing again adds nothing."""
    case = CASES[name]
    path = tmp_path / case.name
    path.write_bytes(case.data)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (found,) = import_paths(store, [path], table="t", encoding=case.encoding)
    counts = (found.read, found.imported, found.duplicate, found.rejected, found.blank)
    assert counts == (case.read, case.imported, case.duplicate, case.rejected, case.blank), store.query(
        "SELECT offset, reason, substr(raw, 1, 50) AS raw FROM _rejects LIMIT 5"
    )
    assert found.pending == 0
    assert store.query("SELECT count(*) AS n FROM _rejects")[0]["n"] == case.rejected
    if case.imported:
        assert store.query("SELECT count(*) AS n FROM t")[0]["n"] == case.imported
    for each in verify(store, encoding=case.encoding):
        assert (each.status, each.equal, each.rejected) == ("verified", case.imported, case.rejected), each
    (again,) = import_paths(store, [path], table="t", encoding=case.encoding)
    assert again.read == 0


@pytest.mark.crash  # it takes 300 MB of memory
def test_a_line_of_64_mb(store: TelemetryStore, tmp_path: Path) -> None:
    """A line of 64 MB is one event, and one that is no JSON one reject with all its bytes."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"n": 1}\n{"x": "' + b"x" * (64 << 20) + b'"}\n' + b"y" * (64 << 20) + b'\n{"n": 2}\n')
    (found,) = import_paths(store, [path])
    assert (found.read, found.imported, found.rejected) == (4, 3, 1)
    with closing(sqlite3.connect(store.settings.database)) as connection:
        lengths = connection.execute("SELECT max(length(x)), (SELECT length(raw) FROM _rejects) FROM t").fetchone()
    assert lengths == (64 << 20, 64 << 20)
    assert [(each.status, each.equal) for each in verify(store)] == [("verified", 3)]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_damaged_archives(store: TelemetryStore, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """Archives with bytes altered anywhere: the counts add up, and what was read comes back."""
    chance = random.Random(1)
    whole = pack(b"".join(b'{"n": %d, "x": %d}\n' % (n, n * 7919 % 10007) for n in range(3000)))
    for turn in range(6):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path = tmp_path / f"t{turn}.jsonl"
        path.write_bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
        os.utime(path, (1_700_000_000, 1_700_000_000))
        (found,) = import_paths(store, [path], table=f"t{turn}")
        assert found.read == found.imported + found.rejected + found.blank
    assert {each.status for each in verify(store)} <= {"verified"} | {
        f"duplicate of {tmp_path}/t{n}.jsonl" for n in range(6)
    }


def test_what_is_no_file(store: TelemetryStore, tmp_path: Path) -> None:
    """Folders of pipes, sockets, loops and dead links give nothing and stop nothing; named, each is refused at once."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "folder.jsonl").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    os.mkfifo(folder / "pipe.log")
    (folder / "loop.jsonl").symlink_to("loop.jsonl")
    (folder / "loop.log").symlink_to("loop.log")
    (folder / "dead.jsonl").symlink_to("nowhere")
    (folder / "around").symlink_to(folder)
    (folder / "t.jsonl").write_text('{"n": 1}\n')
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(folder / "socket.jsonl"))
        found = import_paths(store, [folder])
        assert [(each.path, each.imported) for each in found] == [(str(folder / "t.jsonl"), 1)]
        for name in ("pipe.jsonl", "socket.jsonl"):
            with pytest.raises(UsageError, match="is no file"):
                import_paths(store, [folder / name])
    for name in ("loop.jsonl", "dead.jsonl"):
        with pytest.raises(UsageError, match="does not exist"):
            import_paths(store, [folder / name])


def test_what_cannot_be_read(store: TelemetryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read says so in its status, and those after it are imported."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.jsonl").write_text('{"n": 1}\n' if name < "c" else '{"n": 2}\n')
    opened = Path.open

    def refusing(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "b.jsonl":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refusing)
    found = import_paths(store, [tmp_path])
    assert [each.status for each in found if each.path.endswith(".jsonl")] == [
        "imported", "cannot be read: Permission denied", "imported"]  # fmt: skip


def test_there_are_enough() -> None:
    """The bar is 60 files."""
    assert len(CASES) >= 60

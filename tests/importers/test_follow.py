"""A follower stores each line once, whatever becomes of the files, and knows how far behind it is."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from importers import Follower, import_paths, load, verify
from telemetry_store import DatabaseBusy, TelemetryStore

ROOT = Path(__file__).parents[2]


class Scene:
    """A folder of logs, a store, and a follower that can be started afresh."""

    def __init__(self, folder: Path, store: TelemetryStore) -> None:
        self.folder, self.store = folder, store
        self.now = time.time()
        self.start()

    def start(self, *paths: object, **options: object) -> None:
        self.follower = Follower(
            self.store,
            [str(path) for path in paths or [self.folder / "t.jsonl"]],
            clock=lambda: self.now,
            **{"table": "t"} | options,
        )

    def round(self) -> None:
        self.lags = self.follower.round()

    def append(self, name: str, *numbers: int, end: str = "\n") -> Path:
        path = self.folder / name
        with path.open("a") as file:
            file.write("\n".join(json.dumps({"n": number}) for number in numbers) + end)
        return path

    def stored(self) -> list[int]:
        return [row["n"] for row in self.store.query("SELECT n FROM t ORDER BY n")]

    def healthy(self) -> bool:
        return {each.status.partition(" ")[0] for each in verify(self.store)} <= {"verified", "gone", "duplicate"}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    folder = tmp_path / "logs"
    folder.mkdir()
    with TelemetryStore(tmp_path / "db" / "a.db") as store:
        yield Scene(folder, store)


@pytest.fixture(params=["goes on", "starts afresh"])
def again(request: pytest.FixtureRequest, scene: Scene):
    """What happens between two rounds: nothing, or another follower takes over as after a kill."""

    def between() -> None:
        if request.param == "starts afresh":
            scene.start()
        scene.round()
        scene.round()

    return between


def test_appended_lines(scene: Scene) -> None:
    """What is appended is stored, a half-written line when it is whole, and the lag counts what is left."""
    scene.round()
    assert scene.lags == []
    path = scene.append("t.jsonl", 1, 2, end='\n{"n": ')
    scene.round()
    assert [(each.bytes, each.imported) for each in scene.lags] == [(6, 2)]
    scene.now += 5
    scene.round()
    assert [(each.bytes, each.seconds) for each in scene.lags] == [(6, 5.0)]
    with path.open("a") as file:
        file.write("3}")
    scene.round()
    assert scene.stored() == [1, 2]  # more may follow on that line
    with path.open("a") as file:
        file.write("\n")
    scene.round()
    assert scene.stored() == [1, 2, 3]
    assert [(each.bytes, each.seconds) for each in scene.lags] == [(0, 0.0)]


def test_renamed_while_it_is_written(scene: Scene, again) -> None:
    """A renamed file is read to its end, also what its writer adds after the new one has begun."""
    path = scene.append("t.jsonl", 1, 2)
    scene.round()
    with path.open("a", buffering=1) as writer:
        writer.write('{"n": 3}\n')
        path.rename(scene.folder / "t.jsonl.1")
        writer.write('{"n": 4}\n')
        scene.append("t.jsonl", 10)
        again()
        writer.write('{"n": 5}\n')
        again()
    (scene.folder / "t.jsonl.1").rename(scene.folder / "t.jsonl.2")
    scene.append("t.jsonl", 11).rename(scene.folder / "t.jsonl.1")
    scene.append("t.jsonl", 20)
    again()
    assert scene.stored() == [1, 2, 3, 4, 5, 10, 11, 20]
    assert scene.healthy()


@pytest.mark.parametrize("longer", [False, True])
def test_copied_and_cut(scene: Scene, again, longer: bool) -> None:
    """What was written before the cut is found in the copy, however far the file has grown since."""
    for turn in range(4):
        path = scene.append("t.jsonl", 100 * turn + 1, 100 * turn + 2)
        again()
        scene.append("t.jsonl", 100 * turn + 3)
        shutil.copy(path, scene.folder / f"t.jsonl.{turn}")
        if turn % 2:
            again()
        os.truncate(path, 0)
        scene.append("t.jsonl", *range(100 * turn + 4, 100 * turn + (60 if longer else 5)))
        again()
    ends = 60 if longer else 5
    assert scene.stored() == [100 * turn + number for turn in range(4) for number in range(1, ends)]
    assert scene.healthy()


def test_a_copy_that_was_cut_short(scene: Scene, again) -> None:
    """Lines that were stored between copy and cut are not stored again from a later copy of the copy."""
    path = scene.append("t.jsonl", 1, 2)
    scene.round()
    shutil.copy(path, scene.folder / "t.jsonl.1")
    scene.append("t.jsonl", 3)
    again()
    os.truncate(path, 0)
    scene.append("t.jsonl", 4)
    again()
    (scene.folder / "t.jsonl.1").rename(scene.folder / "t.jsonl.2")
    again()
    assert scene.stored() == [1, 2, 3, 4]
    assert scene.healthy()


def test_packed(scene: Scene, again) -> None:
    """A rotated file that is packed is continued inside the archive, once the archive is whole."""
    path = scene.append("t.jsonl", *range(1000))
    scene.round()
    scene.append("t.jsonl", *range(1000, 2000))
    whole = gzip.compress(path.read_bytes())
    archive = scene.folder / "t.jsonl.1.gz"
    archive.write_bytes(whole[: len(whole) // 2])
    path.unlink()
    scene.append("t.jsonl", 2000)
    again()
    archive.write_bytes(whole)
    again()
    assert scene.stored() == list(range(2001))
    assert scene.healthy()


def test_a_torn_archive(scene: Scene) -> None:
    """An archive that is never completed is read as far as it goes when nobody has written to it for a minute."""
    whole = gzip.compress(
        "".join(json.dumps({"n": n, "x": str(n * 7919 % 10007)}) + "\n" for n in range(3000)).encode()
    )
    archive = scene.folder / "t.jsonl"
    archive.write_bytes(whole[: len(whole) // 2])
    scene.round()
    assert scene.lags[0].bytes == len(whole) // 2
    scene.now += 61
    os.utime(archive, (scene.now - 61, scene.now - 61))
    scene.round()
    assert 0 < len(scene.stored()) < 3000


def test_removed_while_it_is_written(scene: Scene) -> None:
    """A file that was removed is read to its end as long as the follower lives, and then forgotten."""
    path = scene.append("t.jsonl", 1)
    scene.round()
    with path.open("a", buffering=1) as writer:
        path.unlink()
        writer.write('{"n": 2}\n')
    scene.round()
    assert scene.stored() == [1, 2]
    scene.now += 61
    scene.round()
    assert scene.lags == []
    scene.append("t.jsonl", 3)
    scene.round()
    assert scene.stored() == [1, 2, 3]


def test_globs_folders_and_links(scene: Scene) -> None:
    """Files appear below folders and globs, a file under several names is one, and strangers are left alone."""
    scene.start(scene.folder / "*" / "*.jsonl", scene.folder / "sub", scene.folder / "current.jsonl")
    for name in ("sub", "other"):
        (scene.folder / name).mkdir()
        scene.append(f"{name}/t.jsonl", 1 if name == "sub" else 2)
    (scene.folder / "current.jsonl").symlink_to("sub/t.jsonl")
    scene.append("stranger.jsonl", 99)
    scene.append("sub/current.txt.1", 98)
    os.mkfifo(scene.folder / "sub" / "pipe.jsonl")
    for turn in range(3):
        scene.round()
        scene.append("current.jsonl", 10 + turn)
    scene.append("sub/new.jsonl", 20)
    (scene.folder / "current.jsonl").unlink()
    (scene.folder / "current.jsonl").symlink_to("sub/new.jsonl")
    scene.append("current.jsonl", 21)
    scene.round()
    assert scene.stored() == [1, 2, 10, 11, 12, 20, 21]
    assert {Path(each.path).name for each in scene.lags} == {"t.jsonl", "new.jsonl"}


def test_two_followers_and_an_import(scene: Scene) -> None:
    """Others that import the same files at the same time take nothing away and add nothing twice."""
    first = scene.follower
    scene.start()
    for turn in range(20):
        path = scene.append("t.jsonl", turn)
        (first.round if turn % 3 == 0 else scene.follower.round)()
        if turn % 5 == 0:
            import_paths(scene.store, [path], table="t")
    first.round()
    first.round()
    assert scene.stored() == list(range(20))


def test_plan(scene: Scene, tmp_path: Path) -> None:
    """The plan says which files, which tables, and what becomes of the fields; also after a rotation."""
    (tmp_path / "telemetry.toml").write_text(
        '[tables.chat]\nsources = ["logs/{agent}/c.jsonl"]\nrename = {n = "number"}\ndedupe_key = ["number"]\ncolumns = {number = "INTEGER"}\n'
    )
    scene.follower = Follower(scene.store, plan=load(tmp_path / "telemetry.toml"))
    scene.round()
    (scene.folder / "x").mkdir()
    path = scene.append("x/c.jsonl", 1, 1, 2)
    scene.round()
    scene.append("x/c.jsonl", 3)
    path.rename(scene.folder / "x" / "c.jsonl.1")
    scene.follower = Follower(scene.store, plan=load(tmp_path / "telemetry.toml"))
    scene.append("x/c.jsonl", 4)
    scene.round()
    assert scene.store.query("SELECT agent, number FROM chat ORDER BY number") == [
        {"agent": "x", "number": number} for number in (1, 2, 3, 4)
    ]
    assert {each.status for each in verify(scene.store, plan=load(tmp_path / "telemetry.toml"))} == {"verified"}


def test_other_encodings(scene: Scene) -> None:
    """A file in UTF-16 that grows is followed too, to the last whole line."""
    path = scene.folder / "t.jsonl"
    path.write_bytes('\ufeff{"n": 1}\n{"n"'.encode("utf-16-le"))
    scene.round()
    with path.open("ab") as file:
        file.write(': 2}\n{"n": 3}\n'.encode("utf-16-le"))
    scene.round()
    assert scene.stored() == [1, 2, 3]


def test_what_cannot_be_read(scene: Scene) -> None:
    """A file that cannot be opened is reported, and the others go on."""
    scene.start(scene.folder)
    (scene.folder / "a.jsonl").symlink_to("a.jsonl")
    (scene.folder / "b.jsonl").symlink_to("nowhere")
    scene.append("t.jsonl", 1)
    scene.round()
    assert scene.stored() == [1]


def test_many_files(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many files are kept open; those that are closed are followed all the same."""
    monkeypatch.setattr("importers.follow._OPEN", 3)
    scene.start(scene.folder)
    for turn in range(3):
        for number in range(10):
            scene.append(f"f{number}.jsonl", 100 * number + turn)
        scene.now += 1
        scene.round()
        assert sum(each.opened for each in scene.follower._files.values()) <= 3
    assert scene.stored() == sorted(100 * number + turn for number in range(10) for turn in range(3))


def test_a_database_that_is_busy(scene: Scene) -> None:
    """What a round could not do because of others is done by the next one, though the file is as it was."""
    path = scene.append("t.jsonl", 1)
    for number in (2, 3):
        with scene.store.transaction(), pytest.raises(DatabaseBusy):
            scene.round()
        scene.round()
        assert scene.stored() == list(range(1, number))
        scene.append("t.jsonl", number)
    scene.round()
    path.rename(scene.folder / "t.jsonl.1")
    scene.append("t.jsonl", 4)
    with scene.store.transaction(), pytest.raises(DatabaseBusy):
        scene.round()
    scene.round()
    assert scene.stored() == [1, 2, 3, 4]
    assert [row["place"] for row in scene.store.query("SELECT place FROM _sources ORDER BY generation")] == [
        f"{path}.1", ""]  # fmt: skip


def test_a_round_that_was_stopped(scene: Scene) -> None:
    """What a round left because it was to stop is done by the next one, though the file is as it was."""
    path = scene.folder / "t.jsonl"
    path.write_text("".join(json.dumps({"n": number, "x": "y" * 1000}) + "\n" for number in range(20_000)))
    asked = iter((False, True))
    scene.follower.round(lambda: next(asked, True))
    assert 0 < len(scene.stored()) < 20_000
    scene.round()
    assert scene.stored() == list(range(20_000))


def test_renamed_while_it_is_empty(scene: Scene) -> None:
    """A file that was cut, and is renamed before it has a line again, has its entry under its new name."""
    path = scene.append("t.jsonl", 1)
    scene.round()
    os.truncate(path, 0)
    scene.round()
    scene.round()
    path.rename(scene.folder / "t.jsonl.1")
    scene.append("t.jsonl", 2)
    scene.round()
    scene.append("t.jsonl.1", 3)
    scene.round()
    assert scene.stored() == [1, 2, 3]
    assert scene.healthy()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stops_cleanly(tmp_path: Path, number: int) -> None:
    """A signal ends the command with everything committed and exit status 0; it reports in lines of JSON."""
    log = tmp_path / "t.jsonl"
    log.write_text('{"n": 1}\n{"n": 2')
    command = [
        sys.executable,
        "-m",
        "telemetry_store.cli",
        "follow",
        str(log),
        "--db",
        str(tmp_path / "a.db"),
        "--json",
    ]
    with subprocess.Popen([*command, "--interval", "0.05"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        line = json.loads(process.stdout.readline())
        process.send_signal(number)
        assert process.wait(20) == 0
    (found,) = line["files"]
    assert (found["path"], found["bytes"], found["imported"]) == (str(log), 7, 1)
    with TelemetryStore(tmp_path / "a.db") as store:
        assert store.query("SELECT n FROM t") == [{"n": 1}]

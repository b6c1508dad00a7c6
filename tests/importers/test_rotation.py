"""Files that are rotated, cut, copied and replaced between imports: each line is stored once, and all of them are."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from importers import import_paths, replay, verify
from importers.imports import Run
from importers.route import route_of
from telemetry_store import Progress, TelemetryStore
from telemetry_store.engines.base import Source
from telemetry_store.engines.sqlite.migrations import migrate
from telemetry_store.engines.sqlite.statements import sql


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TelemetryStore]:
    with TelemetryStore(tmp_path / "db" / "a.db") as opened:
        yield opened


def append(path: Path, *numbers: int, end: str = "\n") -> Path:
    with path.open("a") as file:
        file.write("\n".join(json.dumps({"n": number}) for number in numbers) + end)
    return path


def stored(store: TelemetryStore) -> list[int]:
    return [row["n"] for row in store.query("SELECT n FROM t ORDER BY n")]


def statuses(store: TelemetryStore, *paths: Path) -> list[str]:
    return [each.status.replace(str(paths[0].parent) + "/", "") for each in import_paths(store, paths, table="t")]


@pytest.mark.parametrize("reverse", [False, True])
def test_renamed(store: TelemetryStore, tmp_path: Path, reverse: bool) -> None:
    """A file that was renamed is read to its end, the new one under its name from its start, whichever comes first."""
    path, old = tmp_path / "t.jsonl", tmp_path / "t.jsonl.1"
    import_paths(store, [append(path, 1, 2)])
    append(path, 3).rename(old)
    append(path, 1, 4)
    paths = [old, path] if reverse else [path, old]
    assert sorted(statuses(store, *paths)) == ["imported", "moved"]
    assert statuses(store, path, old) == ["already imported"] * 2
    assert stored(store) == [1, 1, 2, 3, 4]
    assert {each.status for each in verify(store)} == {"verified"}


def test_renamed_again_and_again(store: TelemetryStore, tmp_path: Path) -> None:
    """Each file keeps its own entry in the ledger, though all of them once had the same name."""
    path = tmp_path / "t.jsonl"
    for turn in range(4):
        for number in range(turn - 1, 0, -1):
            (tmp_path / f"t.jsonl.{number}").rename(tmp_path / f"t.jsonl.{number + 1}")
        if turn:
            path.rename(tmp_path / "t.jsonl.1")
        append(path, 10 * turn, 10 * turn + 1)
        import_paths(store, sorted(tmp_path.glob("t.jsonl*")), table="t")
    assert stored(store) == [0, 1, 10, 11, 20, 21, 30, 31]
    rows = store.query("SELECT generation, place FROM _sources ORDER BY generation")
    assert [(row["generation"], Path(row["place"]).name) for row in rows] == [
        (0, "t.jsonl.3"), (1, "t.jsonl.2"), (2, "t.jsonl.1"), (3, "")]  # fmt: skip
    assert [each.status for each in verify(store)] == ["verified"] * 4


def test_copied_and_cut(store: TelemetryStore, tmp_path: Path) -> None:
    """What a copy has beyond what was read is read from it, and the file goes on as a new one."""
    path, copy = tmp_path / "t.jsonl", tmp_path / "t.jsonl.1"
    import_paths(store, [append(path, 1, 2)])
    shutil.copy(append(path, 3), copy)
    os.truncate(path, 0)
    append(path, 4, 5, 6, 7, 8)  # longer than before
    assert statuses(store, path, copy) == ["rewritten, imported as new", "moved"]
    assert stored(store) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [each.status for each in verify(store)] == ["verified"] * 2


def test_a_copy_before_the_cut(store: TelemetryStore, tmp_path: Path) -> None:
    """While a file is still there its copy is no other file, whether it has more than was read, as much, or less."""
    path, copy = tmp_path / "t.jsonl", tmp_path / "t.jsonl.1"
    import_paths(store, [append(path, 1, 2)])
    shutil.copy(append(path, 3), copy)
    assert statuses(store, copy) == ["continued"]
    assert statuses(store, copy) == ["duplicate of t.jsonl"]
    import_paths(store, [append(path, 4)])
    assert statuses(store, copy) == ["duplicate of t.jsonl"]
    assert stored(store) == [1, 2, 3, 4]
    assert statuses(store, append(copy, 9)) == ["imported"]  # no copy any more
    assert stored(store) == [1, 1, 2, 2, 3, 3, 4, 9]


def test_files_that_begin_alike(store: TelemetryStore, tmp_path: Path) -> None:
    """Files of different names or folders that begin with the same lines are files of their own, in whatever order."""
    paths = []
    for name, numbers in (("a", (1, 2)), ("b", (1, 2, 3)), ("c", (1,)), ("d", (1, 2, 4)), ("e", (1, 2))):
        (tmp_path / name).mkdir()
        paths.append(append(tmp_path / name / "t.jsonl", *numbers))
    found = [each.status.partition(" ")[0] for each in import_paths(store, paths, table="t")]
    assert found == ["imported", "imported", "imported", "imported", "duplicate"]
    assert stored(store) == [1, 1, 1, 1, 2, 2, 2, 3, 4]
    assert [each.status.partition(" ")[0] for each in verify(store)] == ["verified"] * 4 + ["duplicate"]


def test_the_longer_of_two_copies(store: TelemetryStore, tmp_path: Path) -> None:
    """Where a rotation's copy was read first, the file goes on behind it."""
    path, copy = append(tmp_path / "t.jsonl", 1, 2), tmp_path / "t.jsonl.1"
    shutil.copy(path, copy)
    import_paths(store, [copy], table="t")
    append(path, 3)
    assert statuses(store, path, copy) == ["moved", "duplicate of t.jsonl.1"]
    assert stored(store) == [1, 2, 3]


def test_a_copy_that_was_cut_short(store: TelemetryStore, tmp_path: Path) -> None:
    """Lines written between a rotation's copy and its cut, and read by then, are not read again from the copy."""
    path, copy = tmp_path / "t.jsonl", tmp_path / "t.jsonl.1"
    follow = Run(store, lambda each: route_of(each, None, "t"), following=True)
    follow.file(follow.route_of(append(path, 1, 2, 3)))
    copy.write_bytes(path.read_bytes() + b'{"n"')
    follow.file(follow.route_of(append(path, 4, 5)))
    os.truncate(path, 0)
    append(path, 6)
    assert statuses(store, path, copy) == ["rewritten, imported as new", "duplicate of t.jsonl"]
    assert stored(store) == [1, 2, 3, 4, 5, 6]


def test_a_copy_that_was_cut_short_in_an_earlier_block(store: TelemetryStore, tmp_path: Path) -> None:
    """The last lines are known also where one transaction has read them in several pieces."""
    path, copy = tmp_path / "t.jsonl", tmp_path / "t.jsonl.1"
    follow = Run(store, lambda each: route_of(each, None, "t"), following=True)
    lines = [json.dumps({"n": number, "x": "y" * 2000}) + "\n" for number in range(600)]
    path.write_text("".join(lines))
    copy.write_text("".join(lines[:100]))
    follow.file(follow.route_of(path))
    os.truncate(path, 0)
    append(path, 600)
    assert statuses(store, path, copy) == ["rewritten, imported as new", "duplicate of t.jsonl"]
    assert stored(store) == list(range(601))


def test_packed(store: TelemetryStore, tmp_path: Path) -> None:
    """A rotated file that was packed goes on where it was left, also when its inode belongs to the next one."""
    path = tmp_path / "t.jsonl"
    for turn in range(5):
        import_paths(store, [append(path, 3 * turn, 3 * turn + 1)], table="t")
        append(path, 3 * turn + 2)
        (tmp_path / f"t.jsonl.{turn}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()  # the next file gets its inode
    import_paths(store, [tmp_path])
    assert stored(store) == list(range(15))
    assert [each.status for each in verify(store)] == ["verified"] * 5


def test_an_archive_that_is_being_written(store: TelemetryStore, tmp_path: Path) -> None:
    """An archive that is not whole yet is left alone."""
    whole = gzip.compress(
        "".join(json.dumps({"n": number, "x": str(hash(str(number)))}) + "\n" for number in range(5000)).encode()
    )
    path = tmp_path / "t.jsonl.gz"
    for part in (len(whole) // 3, len(whole) // 2, len(whole)):
        path.write_bytes(whole[:part])
        (found,) = import_paths(store, [path], table="t")
        assert (found.imported > 0) == (part == len(whole))
    assert stored(store) == list(range(5000))
    assert store.query("SELECT * FROM _rejects") == []


def test_rejects_of_several_files(store: TelemetryStore, tmp_path: Path) -> None:
    """Rejects of files that had the same name one after the other are tried again, and the counts of all follow."""
    path = tmp_path / "t.jsonl"
    for turn in range(3):
        path.write_text('{"n": 1}\n{"n": \n' * (turn + 1))
        os.utime(path, (1, 1))
        import_paths(store, [path], table="t")
        path.rename(tmp_path / f"t.jsonl.{turn}")
    assert [each.rejected for each in verify(store)] == [1, 2, 3]
    ids = [row["id"] for row in store.query("SELECT id FROM _rejects ORDER BY id")]
    assert replay(store, dict.fromkeys(ids, b'{"n": 7}')).stored == 6
    rows = store.query("SELECT read, imported, rejected FROM _sources ORDER BY generation")
    assert [sum(row[name] for row in rows) for name in ("read", "imported", "rejected")] == [12, 12, 0]


def test_linked_files_are_one(store: TelemetryStore, tmp_path: Path) -> None:
    """A file under two names is read once, also when it grows between the two."""
    path, link, hard = append(tmp_path / "t.jsonl", 1), tmp_path / "link.jsonl", tmp_path / "hard.jsonl"
    link.symlink_to(path)
    hard.hardlink_to(path)
    import_paths(store, [path], table="t")
    import_paths(store, [append(path, 2), link], table="t")
    append(path, 3)
    import_paths(store, [hard, link], table="t")
    assert stored(store) == [1, 2, 3]


def test_cut_while_it_is_read(store: TelemetryStore, tmp_path: Path) -> None:
    """A file that is rewritten between reading and storing is read again; nothing is stored that stood across both."""
    path = append(tmp_path / "t.jsonl", *range(50))
    importing = Run(store, lambda each: route_of(each, None, "t"))
    done: list[int] = []

    def rewrite(now: Progress) -> None:
        if not done:
            done.append(now.total)
            path.write_text("".join(json.dumps({"n": number}) + "\n" for number in range(100, 200)))

    importing = Run(store, importing.route_of, sample=100, progress=rewrite)
    importing.file(importing.route_of(path))
    import_paths(store, [path], table="t")
    got = stored(store)
    assert got[-100:] == list(range(100, 200))
    assert got[:-100] == list(range(len(got) - 100))
    assert store.query("SELECT * FROM _rejects") == []


def test_the_ledger_of_the_version_before(tmp_path: Path) -> None:
    """Entries of one path that the version before told apart by inode get numbers in their order."""
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        for statement in sql("system.sql").split(";\n"):
            connection.execute(statement)
        connection.execute(
            "CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT)"
        )
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('telemetry_store', 'system', 'x')"
        )
        for inode in (1, 2):
            connection.execute(
                "INSERT INTO _sources VALUES (NULL, '/x/a', 't', 1, ?, 5, 'ff', 5, 1, 1, 0, 0, 0, '', '', '')", (inode,)
            )
        migrate(connection)
    with TelemetryStore(tmp_path / "a.db") as store, store.transaction() as transaction:
        assert transaction.ledger.sources() == [
            Source("/x/a", "t", 1, number + 1, 5, "ff", 5, 1, 1, generation=number) for number in (0, 1)
        ]

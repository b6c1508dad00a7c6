"""Import by a plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from importers import import_paths, load, verify
from telemetry_store import TelemetryStore, UsageError


def write(path: Path, *events: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def planned(folder: Path, text: str) -> Path:
    path = folder / "telemetry.toml"
    path.write_text(text)
    return path


def test_every_source_goes_into_its_table(tmp_path: Path) -> None:
    """Without paths, all files that the globs name are imported, fields of the path included; others are not."""
    write(tmp_path / "logs/a1/chat.jsonl", {"n": 1})
    write(tmp_path / "logs/a2/chat.jsonl", {"n": 2}, {"n": 3, "agent_id": "own"})
    write(tmp_path / "logs/other.jsonl", {"n": 4})
    plan = load(planned(tmp_path, '[tables.chat_messages]\nsources = ["logs/{agent_id}/chat.jsonl"]\n'))
    with TelemetryStore(tmp_path / "a.db") as store:
        found = import_paths(store, plan=plan)
        rows = store.query("SELECT agent_id, n FROM chat_messages ORDER BY n")
        assert [(row["agent_id"], row["n"]) for row in rows] == [("a1", 1), ("a2", 2), ("own", 3)]
        assert [each.status for each in found] == ["imported", "imported"]
        assert [each.status for each in verify(store, plan=plan)] == ["verified", "verified"]
        assert [each.status for each in verify(store)] == ["different", "different"]  # without the plan: no agent_id


def test_the_named_time_field_counts_and_times_are_of_the_named_zone(tmp_path: Path) -> None:
    """A time without a zone is read in the plan's zone, summer time included, and its own text comes back."""
    write(tmp_path / "x.jsonl", {"when": "2026-01-01T10:00:00", "ts": 1}, {"when": "2026-07-01 10:00:00.5"})
    text = '[tables.t]\nsources = ["*.jsonl"]\ntimestamp = "when"\ntimezone = "Europe/Berlin"\n'
    plan = load(planned(tmp_path, text))
    with TelemetryStore(tmp_path / "a.db") as store:
        import_paths(store, plan=plan)
        rows = store.query("SELECT timestamp, json_extract(metadata_json, '$.when') AS given FROM t ORDER BY id")
        assert [tuple(row.values()) for row in rows] == [
            ("2026-01-01T09:00:00.000000+00:00", "2026-01-01T10:00:00"),
            ("2026-07-01T08:00:00.500000+00:00", "2026-07-01 10:00:00.5"),
        ]
        assert verify(store, plan=plan)[0].equal == 2


def test_renamed_fields_lose_nothing(tmp_path: Path) -> None:
    """A field gets its new name, unless the event has one of that name; then both stay."""
    write(tmp_path / "x.jsonl", {"who": "a", "n": 1}, {"who": "b", "author": "c"}, {"who": "d", "writer": "e"})
    text = '[tables.t]\nsources = ["x.jsonl"]\nrename = { who = "author", writer = "author" }\n'
    with TelemetryStore(tmp_path / "a.db") as store:
        import_paths(store, plan=load(planned(tmp_path, text)))
        rows = store.query("SELECT author, who, writer FROM t ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("a", None, None), ("c", "b", None), ("d", None, "e")]


def test_declared_columns_keys_and_documentation(tmp_path: Path) -> None:
    """Columns, indexes, the dedupe key and the sentence of the plan are the table's."""
    write(tmp_path / "x.jsonl", {"id_": "1", "n": 1}, {"id_": "1", "n": 2}, {"id_": "2", "n": "three"})
    text = """[tables.t]
sources = ["x.jsonl"]
columns = { id_ = "TEXT", n = "REAL" }
indexes = [["n"]]
dedupe_key = ["id_"]
doc = "What it means."
"""
    plan = load(planned(tmp_path, text))
    with TelemetryStore(tmp_path / "a.db") as store:
        (found,) = import_paths(store, plan=plan)
        assert (found.read, found.imported, found.duplicate) == (3, 2, 1)
        assert store.query("SELECT typeof(n) AS k FROM t ORDER BY id") == [{"k": "real"}, {"k": "null"}]
        assert store.query("SELECT doc FROM _tables WHERE \"table\" = 't' AND doc <> ''")[0]["doc"] == "What it means."
        assert verify(store, plan=plan)[0].dropped == 1


def test_a_rotated_file_keeps_the_form_of_its_plan(tmp_path: Path) -> None:
    """What a renamed file got after its last import has the fields of the path that it was imported from."""
    file = write(tmp_path / "logs/a1/chat.jsonl", {"n": 1})
    plan = load(planned(tmp_path, '[tables.chat]\nsources = ["logs/{agent_id}/chat.jsonl"]\n'))
    with TelemetryStore(tmp_path / "a.db") as store:
        import_paths(store, plan=plan)
        with file.open("a") as handle:
            handle.write('{"n": 2}\n')
        old = file.rename(tmp_path / "logs/old.jsonl")
        (found,) = import_paths(store, [old], plan=plan)
        assert (found.status, found.table, found.imported) == ("moved", "chat", 1)
        assert [row["agent_id"] for row in store.query("SELECT agent_id FROM chat")] == ["a1", "a1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no \\[tables.NAME\\]"),
        ("[tables.t", "telemetry.toml"),
        ('[tables.t]\nsource = ["x"]', "unknown source"),
        ('[tables.t]\nsources = "x"', "sources is a list of globs"),
        ('[tables.t]\ntimezone = "Mars/Base"', "no time zone is called 'Mars/Base'"),
        ("[tables.t]\nrename = { a = 1 }", "rename gives a field its name"),
        ('[tables."t t"]\nsources = []', "cannot be a table name"),
        ('[tables.t]\ncolumns = { a = "BLOB" }', "no such type 'BLOB'"),
    ],
)
def test_a_plan_that_makes_no_sense(tmp_path: Path, text: str, said: str) -> None:
    """A mistake in the plan is an error that says what and where, before anything is stored."""
    with pytest.raises(Exception, match=said) as raised:
        load(planned(tmp_path, text))
    assert type(raised.value).__module__ == "telemetry_store.errors"


def test_a_plan_that_is_not_there(tmp_path: Path) -> None:
    """The error says how a plan is made."""
    with pytest.raises(UsageError, match="telemetry plan"):
        load(tmp_path / "no.toml")


def test_the_glob_that_says_most_has_the_file(tmp_path: Path) -> None:
    """Order in the plan does not count; character classes and folders above the plan work."""
    for name in ("logs/chat.jsonl", "logs/other.jsonl", "logs/[x]1.jsonl"):
        write(tmp_path / name, {"n": 1})
    (tmp_path / "plans").mkdir()
    text = """root = ".."
[tables.rest]
sources = ["**/*.jsonl"]
[tables.chat]
sources = ["**/chat.jsonl"]
[tables.odd]
sources = ["logs/[[]x][0-9].jsonl"]
"""
    plan = load(planned(tmp_path / "plans", text))
    assert {path.name: table.name for path, table, _ in plan.files()} == {
        "other.jsonl": "rest", "chat.jsonl": "chat", "[x]1.jsonl": "odd"}  # fmt: skip
    assert all(plan.of(path) == (table, taken) for path, table, taken in plan.files())

"""The dry run tells what the import then does."""

from __future__ import annotations

from pathlib import Path

from importers import import_paths, rehearse
from telemetry_store import EventTable, TelemetryStore
from telemetry_store.engines.names import quoted


def everything(store: TelemetryStore) -> dict[str, list[dict[str, object]]]:
    names = store.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
    return {row["name"]: store.query(f"SELECT * FROM {quoted(row['name'])}") for row in names}


def test_a_dry_run_says_what_the_import_does(tmp_path: Path) -> None:
    """Files, rows, new columns and rejects are those of the import that follows, and the database stays as it was."""
    known, new = tmp_path / "known.jsonl", tmp_path / "fresh.jsonl"
    known.write_text('{"a":1}\n')
    new.write_text('{"x":"y"}\n\nno\n')
    path = tmp_path / "a.db"
    with TelemetryStore(path) as store:
        store.declare(EventTable("known", {"a": "INTEGER"}))
        import_paths(store, [known])
        known.write_text('{"a":1}\n{"a":2,"b":true}\n')
        before = everything(store)
        said = rehearse(str(path), [known, new])
        assert everything(store) == before
        assert [each.as_dict() for each in import_paths(store, [known, new])] == [each.as_dict() for each in said.files]
        assert [row["n"] for row in store.query("SELECT count(*) AS n FROM known")] == [2]
    assert {each.table: (each.status, each.rows, each.columns) for each in said.tables} == {
        "known": ("there already", 1, {"b": "BOOLEAN"}),
        "fresh": ("new", 1, {"timestamp": "TEXT", "x": "TEXT", "metadata_json": "TEXT"}),
    }
    assert said.rejects == {"not JSON: Expecting value": (1, f"{new}:11")}


def test_a_dry_run_without_a_database(tmp_path: Path) -> None:
    """It needs no database and makes none."""
    file = tmp_path / "x.jsonl"
    file.write_text('{"a":1}\n')
    assert rehearse(str(tmp_path / "a.db"), [file]).tables[0].rows == 1
    assert [each.name for each in tmp_path.iterdir()] == ["x.jsonl"]


def test_a_sample_is_whole_lines_of_the_beginning(tmp_path: Path) -> None:
    """A sample reads about as much as was asked for, and rejects nothing that is only cut."""
    file = tmp_path / "x.jsonl"
    file.write_text("".join(f'{{"a":{number}}}\n' for number in range(200_000)))
    said = rehearse(str(tmp_path / "a.db"), [file], sample=1)
    assert 10_000 < said.files[0].read == said.files[0].imported < 100_000
    assert not said.rejects

"""Real JSONL files of a public multi-agent repository."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from importers import import_paths, verify
from telemetry_store import TelemetryStore
from telemetry_store.cli import app
from telemetry_store.engines.sqlite.catalogue import load_tables
from telemetry_store.schema import event_of

pytestmark = pytest.mark.corpora
DATA = Path(__file__).parents[3] / "shared" / "data" / "foundups"
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"needs the real files in {DATA}, which are not in the repository"
)


@needs_data
def test_every_file(tmp_path: Path) -> None:
    """All 81 files are imported without a crash, the counts of each add up, and a second import adds nothing."""
    paths = sorted(path for path in DATA.rglob("*") if path.is_file())
    with TelemetryStore(tmp_path / "a.db") as store:
        found = import_paths(store, paths)
        again = import_paths(store, paths)
        totals = store.query("SELECT sum(imported) AS imported, sum(rejected) AS rejected FROM _sources")[0]
        tables = [
            row["name"] for row in store.query('SELECT DISTINCT "table" AS name FROM _sources WHERE imported > 0')
        ]
        rows = sum(store.query(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in tables)
    assert len(found) == len(paths) >= 81
    for each in found:
        assert each.read == each.imported + each.duplicate + each.rejected + each.blank, each
        assert each.pending == 0, each
    assert sum(each.imported for each in found) == totals["imported"] == rows > 90_000
    assert sum(each.read for each in again) == 0


@needs_data
def test_every_event_comes_back(tmp_path: Path) -> None:
    """All rows of a real telemetry file, rebuilt from the table, equal its lines as JSON values."""
    path = DATA / "modules" / "platform_integration" / "antifafm_broadcaster" / "telemetry.jsonl"
    with TelemetryStore(tmp_path / "a.db") as store:
        import_paths(store, [path])
        rows = store.query("SELECT * FROM telemetry ORDER BY id")
        views = store.query("SELECT event FROM all_events ORDER BY id")
        with store.transaction() as transaction:
            tables, _ = load_tables(transaction.connection)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    wanted = [{key: value for key, value in line.items() if value is not None} for line in lines]
    assert [event_of(tables["telemetry"], row) for row in rows] == wanted
    assert len(views) == len(wanted)
    for row, event in zip(views, wanted, strict=True):  # SQLite writes fractions into JSON with 15 digits
        shown = json.loads(row["event"])
        assert shown.keys() == event.keys()
        assert all(
            value == event[key] or (isinstance(value, float) and math.isclose(value, event[key], rel_tol=1e-14))
            for key, value in shown.items()
        )


def objects_on(line: bytes) -> int:
    """How many JSON objects stand on a line, by the standard library alone; 0 for what is to be rejected."""
    count = place = 0
    text = line.decode("utf-8", "replace").strip()
    while place < len(text):
        try:
            value, place = json.JSONDecoder().raw_decode(text, place)
        except ValueError:
            return 0
        if not isinstance(value, dict):
            return 0
        count += 1
    return count


@needs_data
def test_verify_everything(tmp_path: Path) -> None:
    """Every JSON line of every file comes back equal, the two text logs are all rejects, duplicates are linked."""
    files = {path: path.read_bytes() for path in sorted(DATA.rglob("*")) if path.is_file() and path.stat().st_size}
    lines = {path: [line for line in data.splitlines() if line.strip()] for path, data in files.items()}
    objects = {path: [objects_on(line) for line in found] for path, found in lines.items()}
    assert {path.name for path in files if 0 in objects[path]} == {"wsp39_zen_coding.jsonl"}
    with TelemetryStore(tmp_path / "a.db") as store:
        import_paths(store, files)
        found = {Path(each.path): each for each in verify(store)}
    assert len(found) == len(files)
    first: dict[bytes, Path] = {}
    for path, data in files.items():
        each = found[path.absolute()]
        original = first.setdefault(data, path)
        if original is not path:
            assert each.status == f"duplicate of {original.absolute()}"
            continue
        assert each.status == "verified"
        assert (each.equal, each.missing, each.rejected) == (sum(objects[path]), 0, objects[path].count(0)), path
    texts = [path for path in files if not any(objects[path])]
    assert [(path.name, found[path.absolute()].rejected) for path in texts] == [
        ("wsp39_zen_coding.jsonl", len(lines[path])) for path in texts
    ]
    assert len(texts) == 2
    assert sum(each.equal for each in found.values()) > 90_000
    assert len(files) - len(first) >= 15  # copies


@needs_data
def test_exports_are_the_same_again(tmp_path: Path) -> None:
    """All tables of the smaller files, exported, imported into an empty database and exported again are the same files, byte for byte."""
    paths = sorted(path for path in DATA.rglob("*") if path.is_file() and path.stat().st_size < 1_000_000)
    with TelemetryStore(tmp_path / "1.db") as store:
        import_paths(store, paths)
    for place in ("1", "2"):
        database, folder = tmp_path / f"{place}.db", tmp_path / place
        done = CliRunner().invoke(app, ["export", "--all", "--to", str(folder), "--db", str(database)])
        assert done.exit_code == 0, done.output
        if place == "1":
            with TelemetryStore(tmp_path / "2.db") as store:
                import_paths(store, [folder])
    files = {path.name: path.read_bytes() for path in (tmp_path / "1").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "2").iterdir()}
    assert sum(content.count(b"\n") for content in files.values()) > 5_000

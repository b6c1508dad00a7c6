"""From a report to a plan."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing
from typing import TYPE_CHECKING

from audit import audit, write_plan
from importers import load

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "import json\n\n\ndef f(e, day):\n"
SOURCE += "    with open(f'logs/{day}_run.jsonl', 'a') as h:\n        h.write(json.dumps(e) + '\\n')\n"


def tree(root: Path) -> Path:
    (root / "logs").mkdir()
    (root / "a.py").write_text(SOURCE)
    (root / "logs" / "mon_run.jsonl").write_text('{"ts": 1760000000, "agent_id": "a", "n": 1, "x-y": 2}\n')
    return root


def test_schema_runs(tmp_path: Path) -> None:
    """The schema runs twice on one database and makes the table with the columns of the file."""
    write_plan(audit(tree(tmp_path)), tmp_path / "plan")
    with closing(sqlite3.connect(":memory:")) as database:
        for _ in range(2):
            database.executescript((tmp_path / "plan" / "schema.sql").read_text())
        columns = [row[1] for row in database.execute("PRAGMA table_info(run)")]
    assert columns == ["id", "timestamp", "agent_id", "n", "metadata_json"]


def test_toml_names_sources(tmp_path: Path) -> None:
    """The plan takes the field from the path and names the time field."""
    write_plan(audit(tree(tmp_path)), tmp_path / "plan")
    table = tomllib.loads((tmp_path / "plan" / "telemetry.toml").read_text())["tables"]["run"]
    assert (table["sources"], table["timestamp"]) == (["logs/{day}_run.jsonl"], "ts")


def test_edits_stay(tmp_path: Path) -> None:
    """A second run keeps edited tables, states and texts, and adds what is new."""
    plan = tmp_path / "plan"
    write_plan(audit(tree(tmp_path)), plan)
    toml = (plan / "telemetry.toml").read_text().replace("doc = ", "timezone = 'CET'\ndoc = ")
    (plan / "telemetry.toml").write_text(toml)
    entries = json.loads((plan / "checklist.json").read_text())
    entries[0]["state"] = "imported"
    (plan / "checklist.json").write_text(json.dumps(entries))
    (plan / "strategy.md").write_text("ours\n")
    (tmp_path / "b.py").write_text(SOURCE.replace("{day}_run", "other"))
    result = write_plan(audit(tmp_path), plan)
    tables = tomllib.loads((plan / "telemetry.toml").read_text())["tables"]
    assert tables["run"]["timezone"] == "CET"
    assert result.added == ("other",)
    assert [each["state"] for each in json.loads((plan / "checklist.json").read_text())] == ["imported", "pending"]
    assert (plan / "strategy.md").read_text() == "ours\n"
    assert "other.jsonl" in (plan / "strategy.md.new").read_text()


def test_each_file_goes_into_one_table(tmp_path: Path) -> None:
    """A reader of every file in a folder takes none of them away from its own target; files nobody writes join in."""
    tree(tmp_path)
    (tmp_path / "all.py").write_text(
        "import json, sys\nfrom pathlib import Path\n\n\ndef every(folder):\n    for path in Path(folder).glob('*.jsonl'):\n"
        "        with open(path) as h:\n            for line in h:\n                print(json.loads(line))\n"
    )
    for run in range(5):
        for place in ("old/a", "old/b"):
            folder = tmp_path / place / f"run_{run}"
            folder.mkdir(parents=True)
            (folder / "steps.jsonl").write_text('{"n": 1}\n')
    write_plan(audit(tmp_path), tmp_path / "plan")
    plan = load(tmp_path / "plan" / "telemetry.toml")
    where = {path.relative_to(tmp_path).as_posix(): (table.name, taken) for path, table, taken in plan.files()}
    assert where == {"logs/mon_run.jsonl": ("run", {"day": "mon"})} | {
        f"old/{place}/run_{run}/steps.jsonl": ("steps", {"folder_3": str(run)}) for run in range(5) for place in "ab"
    }


def test_globs_start_at_the_root(tmp_path: Path) -> None:
    """A plan in another folder says where its globs start, and one in the root itself need not."""
    write_plan(audit(tree(tmp_path)), tmp_path / "deep" / "plan")
    assert tomllib.loads((tmp_path / "deep" / "plan" / "telemetry.toml").read_text())["root"] == "../.."
    write_plan(audit(tmp_path), tmp_path)
    assert "root" not in tomllib.loads((tmp_path / "telemetry.toml").read_text())


def test_a_writer_whose_file_is_not_known(tmp_path: Path) -> None:
    """It makes no table: it is an open question of the strategy and an entry of the checklist."""
    (tmp_path / "a.py").write_text(
        "import json\n\n\ndef f(path, e):\n    with open(path, 'a') as h:\n        h.write(json.dumps(e) + '\\n')\n"
    )
    done = write_plan(audit(tmp_path), tmp_path / "plan")
    assert done.added == ()
    assert "## File not known (1)" in (tmp_path / "plan" / "strategy.md").read_text()
    (entry,) = json.loads((tmp_path / "plan" / "checklist.json").read_text())
    assert (entry["target"], entry["table"]) == ("a.py:5 {path}", "")

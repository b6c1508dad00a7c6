"""From a report to a plan."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing
from typing import TYPE_CHECKING

from audit import audit, write_plan

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

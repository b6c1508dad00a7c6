"""Other forms of a report, and the ratchet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import audit
from audit import as_audit_report, as_markdown, as_sarif, compare, write_baseline

SOURCE = (
    "import json\n\n\ndef f(e):\n    with open('logs/e.jsonl', 'a') as h:\n        h.write(json.dumps(e) + '\\n')\n"
)


def tree(root: Path, *names: str) -> audit.Report:
    for name in names:
        (root / name).write_text(SOURCE)
    return audit.audit(root)


def test_markdown(tmp_path: Path) -> None:
    """The Markdown form has a row per target and the places of a target of high risk."""
    text = as_markdown(tree(tmp_path, "a.py", "b.py"))
    assert "| `logs/e.jsonl` | high |" in text
    assert "- writer `b.py:5`" in text


def test_sarif(tmp_path: Path) -> None:
    """The SARIF form names a rule that it describes, and the place, for every finding."""
    form = json.loads(json.dumps(as_sarif(tree(tmp_path, "a.py"))))
    run = form["runs"][0]
    (result,) = run["results"]
    assert result["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 5


def test_audit_report(tmp_path: Path) -> None:
    """The decision's form counts files, and names risks, candidates and tables."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "e.jsonl").write_text("{}\n")
    form = as_audit_report(tree(tmp_path, "a.py", "b.py"))
    assert form["total_jsonl_files"] == 1
    assert [each["target"] for each in form["concurrency_risks"]] == ["logs/e.jsonl"]
    assert form["proposed_db_tables"] == ["e"]


def test_baseline_fails_on_new_writers_only(tmp_path: Path) -> None:
    """A known writer is not new, wherever in its file it moves; one in another file is."""
    baseline = tmp_path / "baseline.json"
    assert write_baseline(tree(tmp_path, "a.py"), baseline) == 1
    (tmp_path / "a.py").write_text("\n\n\n" + SOURCE)
    assert compare(audit.audit(tmp_path), baseline).new == ()
    assert [each.path for each in compare(tree(tmp_path, "b.py"), baseline).new] == ["b.py"]


def test_baseline_shrinks(tmp_path: Path) -> None:
    """A writer that went is taken out of the baseline, and is new when it comes back."""
    baseline = tmp_path / "baseline.json"
    write_baseline(tree(tmp_path, "a.py"), baseline)
    (tmp_path / "a.py").write_text("pass\n")
    assert len(compare(audit.audit(tmp_path), baseline).gone) == 1
    assert len(compare(tree(tmp_path, "a.py"), baseline).new) == 1


def test_waiver_needs_a_reason(tmp_path: Path) -> None:
    """A waiver with a reason allows a writer; one without is listed and allows nothing."""
    for name, comment in (("a.py", "# audit: allow read by another tool"), ("b.py", "# audit: allow")):
        (tmp_path / name).write_text(SOURCE.replace("as h:", f"as h:  {comment}"))
    result = compare(audit.audit(tmp_path), tmp_path / "none.json")
    assert [(each.path, why) for each, why in result.waived] == [("a.py", "read by another tool")]
    assert [each.path for each in result.new] == [each.path for each in result.bare] == ["b.py"]


def test_not_a_baseline(tmp_path: Path) -> None:
    """A file that is no baseline is an error that names it."""
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(ValueError, match=r"x\.json is not an audit baseline"):
        compare(tree(tmp_path, "a.py"), tmp_path / "x.json")


def test_exports() -> None:
    """Every exported name exists, and importing the package loads no part of it."""
    assert all(getattr(audit, name) is not None for name in audit.__all__)
    code = "import sys, audit; print([m for m in sys.modules if m.startswith('audit.') or m in ('ast', 'orjson')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.corpora
def test_labels() -> None:
    """On the labelled repository every figure stays above its bar."""
    shared = Path(__file__).parents[3] / "shared" / "audit-truth"
    checkout = Path(__file__).parents[3] / "foundups"
    if not shared.is_dir() or not checkout.is_dir():
        pytest.skip("needs ../shared/audit-truth and ../foundups beside the repository")
    sys.path.insert(0, str(shared))
    try:
        import score
    finally:
        sys.path.remove(str(shared))
    report = audit.audit(checkout, profile=False).as_dict()
    labels = score.load(f"{shared}/foundups.writers.jsonl")
    for kind, recall, precision in (("writer", 0.97, 0.98), ("call-site", 0.9, 0.85)):
        rows = [row if row["kind"] == kind else {**row, "unsure": True} for row in labels]
        found = [each for each in report["writers"] if each["kind"] == kind]
        result = score.score(kind, found, rows, include_tests=False, show=False)
        assert result[0] >= recall
        assert result[1] >= precision

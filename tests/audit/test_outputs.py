"""Other forms of a report, and the ratchet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import audit
from audit import as_audit_report, as_markdown, as_sarif, compare, write_baseline
from tests.audit import label_targets

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


def test_text_is_sorted_for_people(tmp_path: Path) -> None:
    """The terminal form keeps apart risks with their reasons, unknown files, those of tests, files without code."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "lost.jsonl").write_text('{"ts": 1700000000, "a": 1}\n')
    tree(tmp_path, "a.py", "b.py")
    (tmp_path / "c.py").write_text(SOURCE.replace("f(e)", "f(e, path)").replace("'logs/e.jsonl'", "path"))
    (tmp_path / "bad.py").write_text("x = = 1\n")
    (tmp_path / "tests" / "test_a.py").write_text(SOURCE.replace("logs/e", "made"))
    text = audit.audit(tmp_path).as_text()
    titles = [line.partition(" (")[0] for line in text.splitlines() if line[:1].isupper() and "(" in line]
    assert titles == [
        "HIGH RISK",
        "FILE NOT KNOWN FROM THE SOURCES",
        "ONLY TESTS TOUCH",
        "FILES THAT NO CODE FOUND HERE TOUCHES",
        "DOES NOT PARSE",
    ]
    assert "why    2 places write it (A301)" in text
    assert "writes b.py:5 in f (open-append, append)" in text
    assert "{path}: its caller chooses" in text
    assert "lost.jsonl  27 B; 1 line; keys ts, a; time ts (epoch-s)" in text


def test_sarif_structure(tmp_path: Path) -> None:
    """Every result has what the schema of SARIF 2.1.0 requires, and paths are references."""
    (tmp_path / "a b#").mkdir()
    (tmp_path / "bad.py").write_text("x = = 1\n")
    run = as_sarif(tree(tmp_path, "a b#/a.py"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({rule["id"] for rule in rules})
    assert all(rule["shortDescription"]["text"] and rule["fullDescription"]["text"] for rule in rules)
    assert {each["level"] for each in run["results"]} <= {"none", "note", "warning", "error"}
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert [each["artifactLocation"]["uri"] for each in places] == ["a%20b%23/a.py", "bad.py"]
    assert all(each["region"]["startLine"] >= 1 for each in places)
    assert all(each["message"]["text"] for each in run["results"])


def test_audit_report(tmp_path: Path) -> None:
    """The decision's form counts files, and names risks, candidates and tables."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "e.jsonl").write_text('{"a": 1}\n')
    form = as_audit_report(tree(tmp_path, "a.py", "b.py"))
    assert form["total_jsonl_files"] == 1
    assert [each["target"] for each in form["concurrency_risks"]] == ["logs/e.jsonl"]
    assert form["consolidation_candidates"][0]["writers"] == ["a.py:5", "b.py:5"]
    assert form["proposed_db_tables"] == [
        {"name": "e", "domain": "telemetry", "targets": ["logs/e.jsonl"], "columns": ["a"]}
    ]
    (one,) = form["files_by_domain"].values()
    assert (one["count"], one["concurrency_risk"], one["files"][0]["path"]) == (1, "high", "logs/e.jsonl")


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


def test_waiver_of_a_helper(tmp_path: Path) -> None:
    """The waiver of a helper allows its call-sites; in JavaScript it stands behind two slashes."""
    (tmp_path / "a.py").write_text(
        "import json\ndef put(file, e):\n    with open(file, 'a') as h:  # audit: allow the user names the file\n"
        "        h.write(json.dumps(e) + '\\n')\nput('x.jsonl', 1)\n"
    )
    (tmp_path / "b.js").write_text(
        "// audit: allow read by another tool\nfs.appendFileSync('y.jsonl', JSON.stringify(e) + '\\n');\n"
    )
    result = compare(audit.audit(tmp_path), tmp_path / "none.json")
    assert result.new == ()
    assert [(each.path, each.kind) for each, _ in result.waived] == [
        ("a.py", "writer"), ("a.py", "call-site"), ("b.js", "writer")
    ]  # fmt: skip


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
    rows = label_targets.compare(report["writers"], labels)
    wrong = [row for row in rows if row[3] == "differs"]
    print(*wrong, sep="\n")
    assert len(wrong) <= 0.15 * len(rows)

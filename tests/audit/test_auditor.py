"""What the audit finds in small trees."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from audit import audit, explain
from audit.rules import RULES
from audit.shard import FEW
from telemetry_store.worker import Worker

CASES = Path(__file__).parent.parent / "corpora" / "audit"


def place(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize("case", sorted(p.name for p in CASES.iterdir() if p.is_dir()))
def test_case(case: str) -> None:
    """Every case of the corpus gives exactly the findings that stand beside it, and the alternatives it names."""
    report = audit(CASES / case / "input")
    wanted = sorted(json.loads((CASES / case / "expected.json").read_text()))
    found = sorted(report.findings, key=lambda each: (each.path, each.line, each.kind, each.target))
    assert [[each.path, each.line, each.kind, each.target] for each in found] == [row[:4] for row in wanted]
    for each, row in zip(found, wanted, strict=True):
        if len(row) > 4:
            assert set(row[4]) <= set(each.alternatives)


def test_unparsed(tmp_path: Path) -> None:
    """A source that does not parse is reported, and the appender in it is still found."""
    source = (
        "import json\nx = = 1\ndef f(e):\n    with open('e.jsonl', 'a') as h:\n        h.write(json.dumps(e) + '\\n')\n"
    )
    report = audit(place(tmp_path, a_py=source))
    assert [(each.path, each.line, each.code) for each in report.unparsed] == [("a.py", 2, "A401")]
    assert [(each.line, each.target, each.confidence) for each in report.findings] == [(4, "e.jsonl", "low")]


def test_several_writers(tmp_path: Path) -> None:
    """A file that two places append to is one target of high risk, with both writers and the file on disk."""
    source = (
        "import json\ndef f(e):\n    with open('logs/e.jsonl', 'a') as h:\n        h.write(json.dumps(e) + '\\n')\n"
    )
    root = place(tmp_path, a_py=source, b_py=source)
    place(tmp_path, **{"logs__e.jsonl": '{"ts": "2025-01-01T00:00:00Z", "n": 1}\n{"n": "x"}\nbad\n'})
    report = audit(root)
    (target,) = report.targets
    assert (target.risk, len(target.writers), target.files) == ("high", 2, ("logs/e.jsonl",))
    (file,) = report.files
    assert (file.lines, file.bad, file.events, file.time_field, file.time_kind) == (3, 1, 2, "ts", "iso")
    assert {key.name: key.types for key in file.keys}["n"] == {"integer": 1, "string": 1}
    assert file.writers == target.writers


def test_json_form(tmp_path: Path) -> None:
    """The JSON form has the field names of version 1 of the format."""
    source = "import json\ndef f(e):\n    print(json.dumps(e), file=open('e.jsonl', 'a'))\n"
    form = audit(place(tmp_path, a_py=source)).as_dict()
    assert list(form) == ["version", "root", "summary", "writers", "readers", "files", "targets", "unparsed"]
    wanted = {
        "id",
        "path",
        "line",
        "kind",
        "function",
        "language",
        "mechanism",
        "mode",
        "target",
        "target_kind",
        "lock",
    }
    wanted |= {"context", "test", "confidence", "domain", "risk", "evidence"}
    assert wanted <= set(form["writers"][0])


def test_text_names_the_place(tmp_path: Path) -> None:
    """The terminal form names target, place and reason."""
    source = (
        "import json\ndef f(e):\n    with open('e.jsonl', 'a') as h:\n        json.dump(e, h)\n        h.write('\\n')\n"
    )
    text = audit(place(tmp_path, a_py=source)).as_text()
    assert "e.jsonl" in text
    assert "a.py:3 in f" in text
    assert "A304" in text


def test_every_rule_is_explained() -> None:
    """Every rule has a code of its own and a text; an unknown code is an error that names the known ones."""
    assert len({rule.CODE for rule in RULES}) == len(RULES)
    assert all(len(explain(rule.CODE)) > 40 for rule in RULES)
    with pytest.raises(KeyError, match="A101"):
        explain("Z9")


def test_not_a_directory(tmp_path: Path) -> None:
    """A root that is no directory is an error that names it."""
    with pytest.raises(NotADirectoryError, match="nowhere"):
        audit(tmp_path / "nowhere")


def test_unknown_says_why(tmp_path: Path) -> None:
    """A file that is not known comes with its reason, and a parameter with its name."""
    source = (
        "import json, sys\n"
        "def keep(path, row):\n    with open(path, 'a') as f:\n        f.write(json.dumps(row) + '\\n')\n"
        "keep(sys.argv[1], {})\n"
    )
    writer, site = audit(place(tmp_path, a_py=source)).writers
    assert (writer.target_kind, site.target_kind) == ("parameter", "unknown")
    assert writer.evidence[-1].message == "decided by the parameter path of keep"
    assert "sys.argv[1]" in site.evidence[-1].message


class Kept(Worker):
    """A worker whose frames are kept."""

    def __iter__(self):
        self.kept = []
        for frame in super().__iter__():
            self.kept.append(frame)
            yield frame


@pytest.mark.parametrize("ends", [False, True])
def test_two_processes_find_what_one_finds(tmp_path: Path, ends: bool) -> None:
    """Many sources are scanned by two processes with the same report, also where the second is killed."""
    for number in range(FEW + 40):
        code = (
            f"from m{number - 1} import NAME as BEFORE\nNAME = 'n{number}.jsonl'\nopen(BEFORE, 'a').write('{{}}\\n')\n"
        )
        (tmp_path / f"m{number}.py").write_text(code)
    workers: list[Kept] = []

    def start(*arguments) -> Worker:
        workers.append(Kept(*arguments))
        return workers[0]

    def step(count: int, total: int) -> None:
        if ends:
            workers[0]._process.kill()

    alone, beside = audit(tmp_path), audit(tmp_path, start=start, progress=step)
    assert len(alone.findings) == FEW + 40
    if workers:
        assert len(workers[0].kept) == (0 if ends else 1)
    assert len(workers) == ((os.cpu_count() or 1) > 1)
    assert replace(beside, seconds=0.0) == replace(alone, seconds=0.0)

"""Sources in other languages: nothing in them stops the audit, and it says what failed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from audit import audit, languages
from audit.languages import javascript

APPEND = "const fs = require('fs');\nfs.appendFileSync('e.jsonl', JSON.stringify(e) + '\\n');\n"
CASES = Path(__file__).parents[2] / "corpora" / "audit"


def test_a_rule_that_fails_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scanner that raises leaves an entry that names the source, and the others are judged."""
    scan = javascript.scan

    def fragile(path: str, text: str, modules: javascript.Modules):
        if path == "a.js":
            raise RecursionError("too deep")
        return scan(path, text, modules)

    monkeypatch.setattr(javascript, "scan", fragile)
    for name in ("a.js", "b.js"):
        (tmp_path / name).write_text(APPEND)
    report = audit(tmp_path)
    assert [(each.path, each.code, each.reason) for each in report.unparsed] == [
        ("a.js", "A402", "RecursionError: too deep")
    ]
    assert [(each.path, each.line) for each in report.findings] == [("b.js", 2)]


def test_cached(tmp_path: Path) -> None:
    """What was found in another language is found again from the cache, and not when the source has lost it."""
    source, cache = tmp_path / "a.js", tmp_path / ".telemetry_cache"
    source.write_text(APPEND)
    first = audit(tmp_path, cache=cache).findings
    assert [each.target for each in first] == ["e.jsonl"]
    assert audit(tmp_path, cache=cache).findings == first
    source.write_text("")
    assert audit(tmp_path, cache=cache).findings == ()


def test_imports_are_followed_through_the_cache(tmp_path: Path) -> None:
    """A name imported from another source is looked at again when that source changes, comes or goes."""
    cache, paths = tmp_path / ".telemetry_cache", tmp_path / "paths.ts"
    source = "import { FILE } from './paths';\nfs.appendFileSync(FILE, JSON.stringify(e) + '\\n');\n"
    (tmp_path / "a.ts").write_text(source)
    for text, target in ((None, "{FILE}"), ("one", "one.jsonl"), ("two", "two.jsonl"), (None, "{FILE}")):
        paths.unlink(missing_ok=True)
        if text:
            paths.write_text(f"export const FILE = '{text}.jsonl';\n")
        for _ in range(2):
            assert [each.target for each in audit(tmp_path, cache=cache).findings] == [target]


@pytest.mark.parametrize("seed", range(4))
def test_damaged_sources(seed: int) -> None:
    """Sources that are cut, glued and shuffled make no scanner fail."""
    chance = random.Random(seed)
    inputs = [path for case in CASES.glob("[a-z]*_*") for path in (case / "input").rglob("*.*")]
    sources = [path.read_text() for path in sorted(inputs) if path.is_file() and path.suffix != ".py"]
    for _ in range(150):
        one, other = chance.choice(sources), chance.choice(sources)
        cut = chance.randrange(len(one) + 1)
        text = chance.choice((one[:cut], one[cut:], one[:cut] + other, one[:cut] + one[cut + 1 :]))
        for name, language in (("a.js", "javascript"), ("a.sh", "shell"), ("a.ps1", "powershell"), ("a.yml", "yaml")):
            assert languages.scan(name, language, text)[1] == []


@pytest.mark.parametrize(
    ("name", "text", "codes"),
    [
        (
            "a.js",
            "const s = fs.createWriteStream('e.jsonl', {flags: 'a'});\ns.write(JSON.stringify(e));\ns.write('\\n');\n",
            ["A304"],
        ),
        ("a.js", "fs.appendFileSync('e.jsonl', JSON.stringify(e));\n", ["A305"]),
        ("a.js", "cluster.fork();\n" + APPEND, ["A303"]),
        ("a.sh", "for i in 1 2; do\n  echo '{\"a\":1}' >> e.jsonl\ndone &\n", ["A303"]),
        ("a.sh", "printf '%s' '{\"a\":1}' >> e.jsonl\n", ["A305"]),
        ("a.ps1", "1..9 | ForEach-Object -Parallel { '{\"a\":1}' | Add-Content e.jsonl }\n", ["A303"]),
        ("a.js", APPEND, []),
    ],
)
def test_risks(tmp_path: Path, name: str, text: str, codes: list[str]) -> None:
    """A record in two writes, no newline at all, and several processes or threads are evidence in every language."""
    (tmp_path / name).write_text(text)
    (target,) = audit(tmp_path).targets
    assert [each.code for each in target.evidence] == codes


def test_locks(tmp_path: Path) -> None:
    """A lock that the function takes is seen."""
    (tmp_path / "a.ts").write_text(f"async function put(e) {{\n  await lock('e.jsonl');\n  {APPEND}}}\n")
    (tmp_path / "b.sh").write_text("exec 9>l\nflock 9\necho '{\"a\":1}' >> e.jsonl\n")
    assert [each.lock for each in audit(tmp_path).writers] == [True, True]


@pytest.mark.parametrize(
    "mark", ["(", "$(", "${", "{", "[", "`", '"', "<<EOF\n", "if (", "`${", "a<", "foreach (", "- - "]
)
def test_nested_without_end(mark: str) -> None:
    """Brackets and quotes that are opened thousands of times and never closed make no scanner fail."""
    text = f"jq -c . a.json >> b.jsonl\n{APPEND}{mark * 3000}\n{APPEND}"
    for name, language in (("a.js", "javascript"), ("a.sh", "shell"), ("a.ps1", "powershell"), ("a.yml", "yaml")):
        assert languages.scan(name, language, text)[1] == []
        languages.python_in(name, language, "python json\n" + text)

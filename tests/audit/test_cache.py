"""The cache of the audit changes how long it takes, never what it says."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit import audit

if TYPE_CHECKING:
    from audit.report import Report

HELPER = "import json\ndef put(path, e):\n    with open(path, 'a') as h:\n        h.write(json.dumps(e) + '\\n')\n"
PIECES = (
    HELPER,
    "from helper import put\nput('one.jsonl', {})\n",
    "from pkg.helper import put\nput('two.jsonl', {})\n",
    "from names import PLACE\nfrom helper import put\nput(PLACE, {})\n",
    "PLACE = 'three.jsonl'\n",
    "PLACE = 'four.jsonl'\n",
    "import json, names\nopen(names.PLACE, 'a').write(json.dumps({}) + '\\n')\n",
    "x = = 1\n",
    "x = 1\n",
    "",
)
NAMES = ("helper.py", "pkg/helper.py", "names.py", "a.py", "b.py", "pkg/c.py")


def told(report: Report) -> Report:
    return replace(report, seconds=0.0)


@pytest.mark.parametrize("seed", range(5))
def test_same_as_without(tmp_path: Path, seed: int) -> None:
    """Whatever is changed, added or deleted between audits, the cached report equals the fresh one."""
    chance = random.Random(seed)
    root = tmp_path / "tree"
    root.mkdir()
    for _ in range(40):
        path = root / chance.choice(NAMES)
        path.parent.mkdir(exist_ok=True)
        if path.exists() and chance.random() < 0.3:
            path.unlink()
        else:
            path.write_text(chance.choice(PIECES))
        assert told(audit(root, cache=tmp_path / "cache")) == told(audit(root))


def test_unusable_cache(tmp_path: Path) -> None:
    """A cache that is damaged, or whose place cannot be written, is as good as none."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text(HELPER)
    fresh = told(audit(tmp_path / "tree"))
    (tmp_path / "cache").mkdir()
    for damage in (b"", b"{", b'{"version": 1}', b"\xff\x00"):
        (tmp_path / "cache" / "audit.json").write_bytes(damage)
        assert told(audit(tmp_path / "tree", cache=tmp_path / "cache")) == fresh
    (tmp_path / "file").write_text("")
    assert told(audit(tmp_path / "tree", cache=tmp_path / "file" / "cache")) == fresh


def test_in_the_tree(tmp_path: Path) -> None:
    """A cache inside the tree is not audited itself, and git leaves it alone."""
    (tmp_path / "a.py").write_text(HELPER)
    first = told(audit(tmp_path, cache=tmp_path / ".telemetry_cache"))
    assert told(audit(tmp_path, cache=tmp_path / ".telemetry_cache")) == first
    assert (tmp_path / ".telemetry_cache" / ".gitignore").read_text() == "*\n"

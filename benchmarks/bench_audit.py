"""How long an audit takes at one, two and four times the same code: ``pytest benchmarks/bench_audit.py``."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from audit import audit

CASES = Path(__file__).parent.parent / "tests" / "corpora" / "audit"


def grown(root: Path, times: int) -> Path:
    """A tree with the corpus of the audit, 20 times ``times`` over."""
    sources = [path.read_text() for path in sorted(CASES.glob("*/input/*.py"))]
    for copy in range(20 * times):
        folder = root / f"part{copy}"
        folder.mkdir()
        for number, text in enumerate(sources):
            (folder / f"m{number}.py").write_text(text)
    return root


@pytest.mark.parametrize("times", [1, 2, 4])
def test_growth(benchmark: Any, tmp_path: Path, times: int) -> None:
    """Time grows with the code; the lines per second stand in the extra figures."""
    root = grown(tmp_path, times)
    report = benchmark.pedantic(lambda: audit(root, profile=False), rounds=3)
    lines = sum(len(path.read_text().splitlines()) for path in root.rglob("*.py"))
    benchmark.extra_info.update(times=times, lines=lines, findings=len(report.findings))


def test_floor(benchmark: Any, tmp_path: Path) -> None:
    """What parsing alone costs on the code of ``test_growth[1]``."""
    root = grown(tmp_path, 1)
    benchmark.pedantic(lambda: [ast.parse(path.read_text()) for path in root.rglob("*.py")], rounds=3)

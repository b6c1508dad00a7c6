"""How long an audit takes: cold and with its cache, beside semgrep and ripgrep, and at 1, 2 and 4 times the code.

Usage: python benchmarks/bench_audit.py TREE [--turns N]; semgrep and rg take part where they are installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))
from machine import facts

from audit import audit
from telemetry_store.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = Path(__file__).parent / "semgrep_jsonl.yml"
CASES = Path(__file__).parent.parent / "tests" / "corpora" / "audit"
APPENDS = r"""open.*\.jsonl.*['"][aw]"""


def python_only(tree: Path, target: Path) -> Path:
    """A copy with nothing but the Python sources."""
    for path in tree.rglob("*.py"):
        if path.is_file() and ".git" not in path.parts:
            copy = target / path.relative_to(tree)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return target


def seconds(work: Callable[[], Any]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _command(tree: Path, *options: str) -> list[str]:
    fixed = [sys.executable, "-m", "telemetry_store.cli", "audit", str(tree), "--json", "--output", os.devnull]
    return [*fixed, *options]


def in_a_process(tree: Path, *options: str) -> Callable[[], Any]:
    """A whole command, interpreter included."""
    return lambda: subprocess.run(_command(tree, *options), check=True, cwd=Path(__file__).parent.parent)


def sides(tree: Path) -> dict[str, Callable[[], Any]]:
    """What is measured: the audit, and the peers that are installed."""
    cache = tree / ".telemetry_cache"

    def cold() -> None:
        shutil.rmtree(cache, ignore_errors=True)
        in_a_process(tree, "--no-profile")()

    found = {"audit, first run": cold, "audit, second run": in_a_process(tree, "--no-profile")}
    if semgrep := shutil.which("semgrep"):
        command = [semgrep, "scan", "--config", str(RULES), "--metrics=off", "--quiet", "--json", "--no-git-ignore",
                   "--disable-version-check", str(tree)]  # fmt: skip
        found["semgrep, three patterns"] = lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    if rg := shutil.which("rg"):
        found["ripgrep, the text"] = lambda: subprocess.run(
            [rg, "-n", APPENDS, str(tree)], check=False, stdout=subprocess.DEVNULL
        )
    return found


def measure(tree: Path, turns: int) -> None:
    """Print the best of some turns for each side, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        code = python_only(tree, Path(folder))
        lines = sum(path.read_bytes().count(b"\n") for path in code.rglob("*.py"))
        best: dict[str, float] = {}
        for _ in range(turns):
            for name, work in sides(code).items():
                best[name] = min(seconds(work), best.get(name, 1e9))
        print(f"{lines} lines of Python")
        for name, took in best.items():
            print(f"{name:26} {took:7.2f} s")
    start = time.perf_counter()
    child = subprocess.Popen(_command(tree, "--no-cache"), cwd=Path(__file__).parent.parent)
    peak = os.wait4(child.pid, 0)[2].ru_maxrss / 1024  # before this process grows: a child's peak begins with it
    print(f"with its files on disk     {time.perf_counter() - start:7.2f} s, {peak:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, 2, 4):
            for copy in range(times // 2, times):
                python_only(tree, Path(folder) / f"copy{copy}")
            took = min(seconds(lambda: audit(Path(folder), profile=False, start=Worker)) for _ in range(2))
            print(f"{times} x the code {took:18.2f} s, {took / times:.2f} s for each")


def main() -> None:
    """Measure the tree that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    print(facts())
    measure(arguments.tree, arguments.turns)


def test_smoke(benchmark: Any) -> None:
    """The audit of its own corpus finds what is there."""
    report = benchmark.pedantic(lambda: audit(CASES, profile=False), rounds=1)
    assert len(report.findings) > 30


if __name__ == "__main__":
    main()

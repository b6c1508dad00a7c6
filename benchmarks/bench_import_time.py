"""What importing `TelemetryStore` costs over bare Python: python benchmarks/bench_import_time.py [--turns N]."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from machine import facts


def milliseconds(code: str) -> float:
    """Wall time of a new interpreter that runs the code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - start) * 1e3


def run(turns: int) -> tuple[float, float]:
    """Medians of bare Python and of Python with the import, in turns."""
    pairs = [(milliseconds("pass"), milliseconds("from telemetry_store import TelemetryStore")) for _ in range(turns)]
    return statistics.median(bare for bare, _ in pairs), statistics.median(with_it for _, with_it in pairs)


def main() -> None:
    """Print the difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=21)
    bare, with_it = run(parser.parse_args().turns)
    print(facts())
    print(f"bare {bare:.1f} ms, with telemetry_store {with_it:.1f} ms, difference {with_it - bare:.1f} ms")


def test_smoke(benchmark) -> None:
    """The import works in a new interpreter."""
    bare, with_it = benchmark.pedantic(run, args=(1,), rounds=1)
    assert bare > 0 < with_it


if __name__ == "__main__":
    main()

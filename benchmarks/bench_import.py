"""`telemetry import` as a whole, beside a C program that inserts the same rows parsed already, and sqlite-utils.

Usage: python benchmarks/bench_import.py [--rows N] [--turns N] [--without SIDE …] [--parts]

The rows and the C program are those of `../shared/lab` (make_rows.py, c_loader.c); without them, or without gcc, the
rows are made here and that side is left out. `--parts` measures ways to parse and to insert, pyarrow and ADBC among
them where they are installed.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
import orjson
from machine import facts, permission_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
LAB = ROOT.parent / "shared" / "lab"
TABLE = "permission_events"
#: Seconds, and the peak of the memory in MB where it was looked at.
Result = tuple[float, float]
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "cache_size = -16000")


def make_rows(folder: Path, count: int) -> None:
    """Write rows.jsonl, and rows.tsv for the C program."""
    if (LAB / "make_rows.py").exists():
        subprocess.run([sys.executable, LAB / "make_rows.py", str(count)], cwd=folder, check=True)
        return
    with open(folder / "rows.jsonl", "wb") as file:
        file.writelines(orjson.dumps(event) + b"\n" for event in permission_events(count))


def run(command: list[str], folder: Path) -> tuple[Result, str]:
    """Wall time and peak memory of a command, start of the process included, and what it printed."""
    start = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return (seconds, usage.ru_maxrss / 1024), printed


def telemetry(folder: Path) -> Result:
    """Ours, with the three indexes that it makes for these rows."""
    command = [sys.executable, "-m", "telemetry_store.cli", "import", "rows.jsonl", "--table", TABLE, "--db", "ours.db"]
    result, _ = run(command, folder)
    with sqlite3.connect(folder / "ours.db") as connection:
        indexes = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE tbl_name = ? AND type = 'index'", [TABLE]
        )
        rows = connection.execute(f"SELECT count(*) FROM {TABLE}")
        assert (indexes.fetchone()[0], rows.fetchone()[0]) == (3, _lines(folder / "rows.jsonl"))
    connection.close()
    return result


def _lines(path: Path) -> int:
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def c_loader(folder: Path, *, defer: bool) -> Result | None:
    """The C program, indexes kept while it inserts or made at its end; by its own clock, without reading the file."""
    if not (LAB / "c_loader.c").exists() or not shutil.which("gcc") or not (folder / "rows.tsv").exists():
        return None
    program = folder / "c_loader"
    if not program.exists():
        build = ["gcc", "-O2", "-w", LAB / "c_loader.c", "-o", program, "-lsqlite3"]
        if subprocess.run(build, check=False, stderr=subprocess.DEVNULL).returncode:
            return None
    (_, memory), printed = run([str(program), "1", "10000", str(int(defer))], folder)
    found = re.search(r"wall ([0-9.]+)s", printed)
    assert found is not None
    return float(found[1]), memory


def sqlite_utils(folder: Path) -> Result:
    """sqlite-utils, without any index."""
    return run([sys.executable, "-m", "sqlite_utils", "insert", "utils.db", TABLE, "rows.jsonl", "--nl"], folder)[0]


SIDES: dict[str, Callable[[Path], Result | None]] = {
    "telemetry": telemetry,
    "c": lambda folder: c_loader(folder, defer=False),
    "c-deferred": lambda folder: c_loader(folder, defer=True),
    "sqlite-utils": sqlite_utils,
}


def measure(count: int, turns: int, without: frozenset[str] = frozenset()) -> Iterator[dict[str, Result]]:
    """Yield the results of all sides, turn by turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_rows(folder, count)
        for _ in range(turns):
            results = {}
            for side, work in SIDES.items():
                result = work(folder) if side not in without else None
                if result is not None:
                    results[side] = result
                for path in folder.glob("*.db*"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield results


def parts(count: int) -> Iterator[tuple[str, float]]:
    """Yield ways to parse and to insert, and their microseconds a row, one thread each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_rows(folder, count)
        data = (folder / "rows.jsonl").read_bytes()
        lines = data.splitlines()
        gc.disable()
        yield (
            "parse: orjson, 700 lines at once",
            _timed(lambda: [_parsed(lines[i : i + 700]) for i in _steps(lines, 700)]),
        )
        arrow = importlib.util.find_spec("pyarrow") and importlib.util.find_spec("adbc_driver_sqlite")
        if arrow:
            yield "parse: pyarrow.json, one thread", _timed(lambda: _arrow_parsed(data))
        rows = [(*list(event.values())[:-1], orjson.dumps(event["metadata"]).decode()) for event in _parsed(lines)]
        yield "insert: executemany", _inserted(folder, rows, 1)
        yield "insert: 1024 rows a statement", _inserted(folder, rows, 1024)
        if arrow:
            yield from _arrow_inserted(folder, rows)
        else:
            yield "pyarrow and adbc-driver-sqlite are not installed", 0.0


def _parsed(lines: list[bytes]) -> list[dict]:
    return orjson.loads(b"[" + b",".join(lines) + b"]")


def _steps(items: list, size: int) -> range:
    return range(0, len(items), size)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _table(folder: Path) -> tuple[sqlite3.Connection, str]:
    path = folder / "parts.db"
    for each in folder.glob("parts.db*"):
        each.unlink()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    columns = [f"{name} {'REAL' if name == 'confidence' else 'TEXT'}" for name in permission_events(1)[0]]
    connection.execute(f"CREATE TABLE {TABLE} (id INTEGER PRIMARY KEY AUTOINCREMENT, {', '.join(columns)})")
    return connection, f"INSERT INTO {TABLE} ({', '.join(permission_events(1)[0])}) VALUES "


def _inserted(folder: Path, rows: list[tuple], size: int) -> float:
    connection, statement = _table(folder)
    row = f"({', '.join('?' * len(rows[0]))})"
    connection.execute("BEGIN")
    start = time.perf_counter()
    if size == 1:
        connection.executemany(statement + row, rows)
    else:
        many = statement + ", ".join([row] * size)
        for i in range(0, len(rows) - size + 1, size):
            connection.execute(many, list(chain.from_iterable(rows[i : i + size])))
    connection.execute("COMMIT")
    seconds = time.perf_counter() - start
    connection.close()
    return seconds


def _arrow_parsed(data: bytes) -> object:
    import pyarrow as pa
    import pyarrow.json as reader

    fields = [(name, pa.float64() if name == "confidence" else pa.string()) for name in permission_events(1)[0]]
    nested = pa.struct([("run", pa.int64()), ("tags", pa.list_(pa.string())), ("path", pa.string())])
    schema = pa.schema([*fields[:-1], ("metadata", nested)])
    options = reader.ParseOptions(explicit_schema=schema)
    return reader.read_json(io.BytesIO(data), reader.ReadOptions(use_threads=False), options)


def _arrow_inserted(folder: Path, rows: list[tuple]) -> Iterator[tuple[str, float]]:
    import adbc_driver_sqlite.dbapi
    import pyarrow as pa

    names = list(permission_events(1)[0])
    batches: list = []

    def convert() -> None:
        for i in _steps(rows, 8192):
            columns = zip(*rows[i : i + 8192], strict=True)
            arrays = [
                pa.array(column, pa.float64() if isinstance(column[0], float) else pa.string()) for column in columns
            ]
            batches.append(pa.RecordBatch.from_arrays(arrays, names=names))

    yield "convert: Python's values to Arrow batches", _timed(convert)
    _table(folder)[0].close()  # so that ADBC's SQLite is the only one that has it open
    with adbc_driver_sqlite.dbapi.connect(str(folder / "parts.db")) as connection, connection.cursor() as cursor:
        reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
        start = time.perf_counter()
        cursor.adbc_ingest(TABLE, reader, mode="append")
        connection.commit()
        yield "insert: ADBC, Arrow batches that are ready", time.perf_counter() - start


def main() -> None:
    """Print the table, or the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--without", nargs="*", choices=SIDES, default=[])
    parser.add_argument("--parts", action="store_true")
    arguments = parser.parse_args()
    print(facts())
    if arguments.parts:
        for name, seconds in parts(arguments.rows):
            print(f"{name:45} {seconds / arguments.rows * 1e6:6.2f} µs a row")
        return
    print(f"{'':14} {'seconds':>8} {'µs a row':>9} {'ours / it':>10} {'memory MB':>10}")
    for results in measure(arguments.rows, arguments.turns, frozenset(arguments.without)):
        ours = results["telemetry"][0]
        for side, (seconds, memory) in results.items():
            each = seconds / arguments.rows * 1e6
            print(f"{side:14} {seconds:8.2f} {each:9.2f} {ours / seconds:10.2f} {memory:10.0f}", flush=True)
        for side in SIDES.keys() - results.keys() - set(arguments.without):
            print(f"{side:14} not measured: ../shared/lab or gcc is missing")


def test_smoke(benchmark) -> None:
    """All sides run and store everything; TELEMETRY_BENCH_ROWS gives the number of rows."""
    count = int(os.environ.get("TELEMETRY_BENCH_ROWS", "2000"))
    (results,) = benchmark.pedantic(lambda: list(measure(count, 1)), rounds=1)
    assert {"telemetry", "sqlite-utils"} <= set(results)


def test_parts_smoke(benchmark) -> None:
    """Every way to parse and to insert works."""
    assert benchmark.pedantic(lambda: list(parts(2000)), rounds=1)


if __name__ == "__main__":
    main()

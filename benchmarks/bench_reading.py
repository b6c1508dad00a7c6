"""Questions to a database of five tables, small and large, beside DuckDB and jq over the same events as JSONL.

Usage: python benchmarks/bench_reading.py [--rows N] [--folder DIR]

N is the rows of the larger database; the smaller has a tenth. READING_ROWS in the environment does the same. The
databases stay in DIR, if one is given, and are used again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
from machine import facts

from telemetry_store import EventTable, TelemetryStore
from telemetry_store.engines.sqlite.reader import reading
from telemetry_store.reading.questions import find, tables_of
from telemetry_store.selection import Condition, Window

# Q
# T

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLES = ("permission_events", "chat_messages", "error_events", "daemon_heartbeat", "metrics_events")
FIELDS = ("timestamp", "agent_id", "event_type", "session_id", "module", "level", "value", "message")
AGENTS, MODULES, DAYS, START = 200, 40, 90, 1_760_000_000
AGENT, DAY = "agent_7", "2025-11-20"
#: Row number → a row; multiplied by odd numbers, so that neighbours differ.
FILL = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rows)
INSERT INTO {table} (timestamp, agent_id, event_type, session_id, module, level, value, message, metadata_json)
SELECT strftime('%Y-%m-%dT%H:%M:%S', :start + i * :span / :rows, 'unixepoch')
       || printf('.%06d+00:00', i * 7919 % 1000000),
       'agent_' || (i * 7919 % :agents),
       CASE i * 2654435761 / 65536 % 4 WHEN 0 THEN 'granted' WHEN 1 THEN 'error' ELSE 'beat' END,
       's' || (i / 500), 'module_' || (i * 613 % :modules),
       CASE i * 2654435761 / 65536 % 4 WHEN 1 THEN 'ERROR' ELSE 'INFO' END,
       i * 17 % 1000 / 10.0, 'what happened in step ' || i, '{{"path":"modules/x/y.py","tags":["a","b"]}}'
FROM n
"""


def make(path: Path, rows: int) -> None:
    """A database with so many rows in five tables, unless it is there."""
    if path.exists():
        return
    with TelemetryStore(path) as store:
        for table in TABLES:
            indexes = (("module", "timestamp"),) if table == "error_events" else ()
            columns = dict.fromkeys(("agent_id", "event_type", "session_id", "module", "level", "message"), "TEXT")
            store.declare(EventTable(table, columns=columns | {"value": "REAL"}, indexes=indexes))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        for table in TABLES:
            values = {"rows": rows // 5, "start": START, "span": DAYS * 86_400, "agents": AGENTS, "modules": MODULES}
            connection.execute(FILL.format(table=table), values)
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def lines_of(path: Path) -> list[Path]:
    """The same events as JSON lines, a file for each table, unless they are there."""
    folder = path.with_suffix(".lines")
    folder.mkdir(exist_ok=True)
    pairs = ", ".join(f"'{field}', {field}" for field in FIELDS)
    for table in TABLES:
        file = folder / f"{table}.jsonl"
        if not file.exists():
            # audit: allow the floor that reading is compared with
            with closing(sqlite3.connect(path)) as connection, file.open("w", encoding="utf-8") as out:
                found = connection.execute(f"SELECT json_object({pairs}) FROM {table}")
                out.writelines(f"{line}\n" for (line,) in found)
    return sorted(folder.glob("*.jsonl"))


def last_of_agent(path: Path) -> int:
    """The last 100 events of one agent across all tables."""
    with reading(str(path)) as reader:
        window = Window(where=[Condition("agent_id", "=", AGENT)])
        return len(list(reader.by_time(reader.catalogue.tables.values(), window, 100)))


def last_of_agent_in_sql(path: Path) -> int:
    """The same as one statement of a user."""
    sql = "SELECT * FROM all_events WHERE agent_id = ? ORDER BY timestamp DESC LIMIT 100"
    with reading(str(path)) as reader:
        return len(reader.trusted(sql, (AGENT,), 60.0))


def per_hour(path: Path) -> int:
    """Events of all tables in each hour of a day."""
    return _asked(path, "events_per_hour", {"day": DAY})


def last_errors(path: Path) -> int:
    """The last error of each module."""
    return _asked(path, "last_error_per_module", {})


def _asked(path: Path, name: str, given: dict[str, str]) -> int:
    with reading(str(path)) as reader:
        sql, values = find(name).statement(tables_of(reader), given)
        return len(reader.trusted(sql, values, 60.0))


QUESTIONS = (last_of_agent, last_of_agent_in_sql, per_hour, last_errors)
DUCK = {
    last_of_agent: f"SELECT * FROM {{all}} WHERE agent_id = '{AGENT}' ORDER BY timestamp DESC LIMIT 100",
    per_hour: "SELECT substr(timestamp, 1, 13) AS hour, count(*) FROM {all} "
    f"WHERE timestamp LIKE '{DAY}%' GROUP BY 1",
    last_errors: "SELECT module, max(timestamp), arg_max(message, timestamp) FROM {errors} "
    "WHERE level = 'ERROR' GROUP BY 1",
}
JQ = {
    last_of_agent: f"""grep -h '"agent_id":"{AGENT}"' {{all}} | jq -sc 'sort_by(.timestamp) | reverse | .[:100][]'""",
    per_hour: f"""jq -r 'select(.timestamp | startswith("{DAY}")) | .timestamp[:13]' {{all}} | sort | uniq -c""",
    last_errors: """jq -nc 'reduce (inputs | select(.level == "ERROR")) as $e ({{}}; .[$e.module] = $e)' {errors}""",
}


def duckdb(question: Callable[[Path], int], files: list[Path]) -> float | None:
    """Milliseconds that DuckDB takes over the JSON lines."""
    try:
        import duckdb as library
    except ImportError:
        return None
    form = f"format = 'newline_delimited', columns = {dict.fromkeys(FIELDS, 'VARCHAR')}"
    every = f"read_json({[str(file) for file in files]}, {form})"
    errors = f"read_json('{files[0].parent / 'error_events.jsonl'}', {form})"
    with library.connect() as connection:
        return best(lambda: connection.execute(DUCK[question].format(all=every, errors=errors)).fetchall(), 1)


def jq(question: Callable[[Path], int], files: list[Path]) -> float | None:
    """Milliseconds that jq, and what one puts beside it, take over the JSON lines."""
    if shutil.which("jq") is None:
        return None
    every = " ".join(map(str, files))
    command = JQ[question].format(all=every, errors=files[0].parent / "error_events.jsonl")
    return best(lambda: subprocess.run(["bash", "-c", command], stdout=subprocess.DEVNULL, check=True), 1)


def best(call: Callable[[], object], times: int = 7) -> float:
    """The best time of some, in milliseconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) * 1e3)
    return min(found)


def run(rows: int, folder: Path) -> Iterator[tuple[str, list[float | None]]]:
    """Each question: milliseconds at a tenth of the rows, at all of them, with DuckDB and with jq over all of them."""
    small, large = folder / "small.db", folder / "large.db"
    make(small, rows // 10)
    make(large, rows)
    files = lines_of(large)  # audit: allow as above
    for question in QUESTIONS:
        times: list[float | None] = [best(partial(question, path)) for path in (small, large)]
        times += [duckdb(question, files), jq(question, files)] if question in DUCK else [None, None]
        yield str(question.__doc__), times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=int(os.environ.get("READING_ROWS", "1000000")))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="reading-"))
    print(facts())
    print(f"{'milliseconds':58} {arguments.rows // 10:>10} {arguments.rows:>10} {'DuckDB':>10} {'jq':>10}")
    try:
        for name, times in run(arguments.rows, folder):
            print(
                f"{name:58} " + " ".join(f"{'' if each is None else f'{each:.1f}':>10}" for each in times), flush=True
            )
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder)


def test_smoke(benchmark, tmp_path: Path) -> None:
    """Every question is answered."""
    rows = benchmark.pedantic(lambda: list(run(5000, tmp_path)), rounds=1)
    assert len(rows) == len(QUESTIONS)


if __name__ == "__main__":
    main()

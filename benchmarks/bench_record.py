"""What recording one event costs, beside what it replaces and beside its peers, while other threads are idle or busy.

Usage: python benchmarks/bench_record.py [--events N] [--seconds S]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
from machine import facts, permission_events

from telemetry_store import TelemetryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Case = tuple[str, "Callable[[dict], None]"]


def store_case(folder: str) -> Case:
    store = TelemetryStore(os.path.join(folder, "store.db"))
    return "store.record", lambda event: store.record("permission_events", event)


def jsonl_case(folder: str) -> Case:
    path = os.path.join(folder, "events.jsonl")

    def append(event: dict) -> None:
        # audit: allow the way that record is compared with
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    return "open/append/close of JSONL", append


def structlog_case(folder: str) -> Case:
    import orjson
    import structlog

    # audit: allow a peer that record is compared with
    file = open(os.path.join(folder, "structlog.jsonl"), "ab")  # noqa: SIM115 - open as long as the process
    logger = structlog.wrap_logger(
        structlog.BytesLogger(file), processors=[structlog.processors.JSONRenderer(serializer=orjson.dumps)]
    )
    return "structlog + orjson to a file", lambda event: logger.info("permission", **event)


def opentelemetry_case(_folder: str) -> Case:
    logs = importlib.import_module("opentelemetry.sdk._logs")
    export = importlib.import_module("opentelemetry.sdk._logs.export")

    class Nowhere(export.LogRecordExporter):
        def export(self, _batch: object) -> object:
            return export.LogRecordExportResult.SUCCESS

        def shutdown(self) -> None:
            """Nothing is open."""

        def force_flush(self, _timeout_millis: int = 0) -> bool:
            return True

    provider = logs.LoggerProvider()
    provider.add_log_record_processor(export.BatchLogRecordProcessor(Nowhere()))
    logger = provider.get_logger("bench")
    record = importlib.import_module("opentelemetry._logs").LogRecord
    return "OpenTelemetry batch emit", lambda event: logger.emit(record(attributes=event, timestamp=time.time_ns()))


def sqlite_utils_case(folder: str) -> Case:
    import sqlite_utils

    database = sqlite_utils.Database(os.path.join(folder, "utils.db"))
    return "sqlite-utils insert", database["permission_events"].insert


def connect_case(folder: str) -> Case:
    path = os.path.join(folder, "connect.db")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE permission_events (event TEXT)")

    def insert(event: dict) -> None:
        connection = sqlite3.connect(path)
        connection.execute("INSERT INTO permission_events VALUES (?)", (json.dumps(event),))
        connection.commit()
        connection.close()

    return "connect, insert, close", insert


CASES = (store_case, jsonl_case, structlog_case, opentelemetry_case, sqlite_utils_case, connect_case)


def burn(stop: threading.Event) -> None:
    """Keep the interpreter busy."""
    total = 0
    while not stop.is_set():
        for number in range(1000):
            total += number * number


def measure(append: Callable[[dict], None], events: list[dict], seconds: float) -> list[int]:
    """Nanoseconds of each call, sorted, for at most so many seconds."""
    times: list[int] = []
    clock, end = time.perf_counter_ns, time.perf_counter() + seconds
    for event in events:
        before = clock()
        append(event)
        times.append(clock() - before)
        if time.perf_counter() > end:
            break
    return sorted(times)


def run(count: int, seconds: float) -> Iterator[tuple[int, str, float, float, float]]:
    """Yield busy threads, case, mean, p50 and p99 in microseconds."""
    events = permission_events(count)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        cases: list[Case] = []
        for make in CASES:
            try:
                cases.append(make(folder))
            except (ImportError, AttributeError) as error:
                print(f"not measured: {make.__name__}: {error}")
        for busy in (0, 1, 2):
            stop = threading.Event()
            threads = [threading.Thread(target=burn, args=(stop,)) for _ in range(busy)]
            for thread in threads:
                thread.start()
            for name, append in cases:
                append(events[0])
                times = measure(append, events, seconds)
                mean = sum(times) / len(times) / 1e3
                yield busy, name, mean, times[len(times) // 2] / 1e3, times[len(times) * 99 // 100] / 1e3
            stop.set()
            for thread in threads:
                thread.join()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=4.0)
    arguments = parser.parse_args()
    print(facts())
    print(f"{'busy':>4}  {'':28} {'mean µs':>10} {'p50':>10} {'p99':>10} {'× record':>9}")
    base = 1.0
    for busy, name, mean, middle, late in run(arguments.events, arguments.seconds):
        base = mean if name == "store.record" else base
        print(f"{busy:4}  {name:28} {mean:10.1f} {middle:10.1f} {late:10.1f} {mean / base:9.1f}", flush=True)


def test_smoke(benchmark) -> None:
    """Every case runs."""
    rows = benchmark.pedantic(lambda: list(run(50, 0.5)), rounds=1)
    assert len(rows) >= 3


if __name__ == "__main__":
    main()

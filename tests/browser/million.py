"""A database of a million events of a working week, made quickly: by SQL, in tables that the store has made."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

from telemetry_store import TelemetryStore

#: What a page must not take for markup.
MARKUP = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"
_DAYS = 7
_TABLES = {
    "daemon_heartbeat": {"event_type": "heartbeat", "beat": 1},
    "chat_messages": {"session_id": "s", "text": "hello"},
    "permission_events": {"event_type": "granted", "permission_level": "write"},
    "selenium_sessions": {"session_id": "s", "event_type": "click", "ok": True, "duration_ms": 4},
    "module_events": {"event_type": "step", "level": "INFO", "message": "started"},
}
_ROWS = {
    "daemon_heartbeat": "'heartbeat' AS event_type, i AS beat",
    "chat_messages": "'s' || (i / 50) AS session_id, 'message number ' || i AS text",
    "permission_events": "iif(i % 3, 'granted', 'revoked') AS event_type, 'write' AS permission_level",
    "selenium_sessions": "'s' || (i / 50) AS session_id, iif(i % 2, 'click', 'type') AS event_type, "
    "i % 197 <> 0 AS ok, abs(random() % 900) AS duration_ms",
    "module_events": "iif(i % 331, 'step', 'step_failed') AS event_type, iif(i % 331, 'INFO', 'ERROR') AS level, "
    "iif(i % 331, 'fine', 'no answer from tool ' || i) AS message",
}


def fill(path: Path, rows: int) -> None:
    """Make the database: five tables, 24 agents of whom two are silent for a while and one stops, day and night."""
    with TelemetryStore(path) as store:
        for table, fields in _TABLES.items():
            store.record(table, {"agent_id": "agent_00", "timestamp": "2026-03-01T00:00:00Z", **fields})
        lines = [f'{{"agent_id": "agent_01", "n": {number}}}' for number in range(400)]
        (path.parent / "legacy_metrics.jsonl").write_text("\n".join([*lines, '{"torn": ', "torn}"]) + "\n")
    import importers

    with TelemetryStore(path) as store:
        importers.import_paths(store, [path.parent / "legacy_metrics.jsonl"])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.create_function("sin", 1, math.sin, deterministic=True)
    connection.execute("BEGIN")
    shares = {"daemon_heartbeat": 0.3, "chat_messages": 0.15, "permission_events": 0.1, "selenium_sessions": 0.2}
    for table, select in _ROWS.items():
        _insert(connection, table, select, int(rows * shares.get(table, 0.25)))
    connection.execute(
        "INSERT INTO module_events (timestamp, agent_id, event_type, level, message) "
        "VALUES ('2026-03-01T00:00:00.000000+00:00', ?, 'step_failed', 'ERROR', ?)",
        (MARKUP, MARKUP),
    )
    connection.execute("DELETE FROM legacy_metrics")  # its times are today's
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, select: str, count: int) -> None:
    seconds = _DAYS * 86_400
    agent = "i % 24" if table == "daemon_heartbeat" else "(i * 7919 % 577) * (i * 7919 % 577) % 997 % 24"
    silent = (
        "WHERE NOT (agent_id IN ('agent_05', 'agent_17') AND x / 86400 BETWEEN 6.2 AND 6.4) "
        "AND NOT (agent_id = 'agent_11' AND x / 86400 > 6.7)" if table == "daemon_heartbeat" else ""
    )  # fmt: skip
    names = [part.rpartition(" AS ")[2] for part in select.split(", ") if " AS " in part]
    connection.execute(
        f"INSERT INTO {table} (timestamp, agent_id, {', '.join(names)}) "
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}), "
        f"made AS (SELECT i, i * {seconds}.0 / {count} AS x, printf('agent_%02d', {agent}) AS agent_id, {select} FROM n) "
        "SELECT strftime('%Y-%m-%dT%H:%M:%f', '2026-03-01', (x + 5000 * sin(x / 13751)) || ' seconds') || '000+00:00', "
        f"agent_id, {', '.join(names)} FROM made {silent}"
    )

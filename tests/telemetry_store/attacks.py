"""Statements that a read-only entry point must refuse, stop or survive, and a program that tries them all.

Usage: python attacks.py FOLDER make, then python attacks.py FOLDER. It prints a JSON line for each: what became of it, its time and its memory.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

DEADLINE = 0.12
#: For what must not end by its deadline, on a machine that does other work meanwhile.
PATIENCE = 20.0
_EVENTS = ", ".join(f"events e{number}" for number in range(20))
_DOUBLING = ", ".join(f"t{n} AS (SELECT {'||'.join(['x'] * 16)} x FROM t{n - 1})" for n in range(1, 8))
_EXPLODING = ", ".join(f"t{n} AS (SELECT p.x FROM t{n - 1} p, t{n - 1} q)" for n in range(1, 25))
_COUNTING = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r)"
_LONG = "hex(zeroblob(7000000))"

#: Must not run at all. {d} is the folder, {p} the database.
REFUSED = {
    "insert": "INSERT INTO events (kind) VALUES ('x')",
    "insert or replace": "INSERT OR REPLACE INTO events (id, kind) VALUES (1, 'x')",
    "replace into": "REPLACE INTO events (id, kind) VALUES (1, 'x')",
    "insert returning": "INSERT INTO events (kind) VALUES ('x') RETURNING id",
    "update": "UPDATE events SET kind = 'x'",
    "delete": "DELETE FROM events",
    "with insert": "WITH a AS (SELECT 1) INSERT INTO events (kind) SELECT 'x' FROM a",
    "with delete": "WITH a AS (SELECT 1) DELETE FROM events WHERE id IN a",
    "with update": "WITH a AS (SELECT 1) UPDATE events SET kind = 'x'",
    "comment before": "/* hi */ DELETE FROM events",
    "line comment before": "-- hi\nDELETE FROM events",
    "blanks before": "\t\n  DELETE FROM events",
    "two statements": "SELECT 1; DROP TABLE events",
    "two statements, blank": "SELECT 1;;DELETE FROM events",
    "explain delete": "EXPLAIN DELETE FROM events",
    "explain plan of delete": "EXPLAIN QUERY PLAN DELETE FROM events",
    "create table": "CREATE TABLE z (a)",
    "create table as": "CREATE TABLE z AS SELECT * FROM events",
    "create temp table": "CREATE TEMP TABLE z (a)",
    "create temp view": "CREATE TEMP VIEW z AS SELECT 1",
    "create view": "CREATE VIEW z AS SELECT 1",
    "create index": "CREATE INDEX z ON events (kind)",
    "create trigger": "CREATE TRIGGER z AFTER INSERT ON events BEGIN DELETE FROM events; END",
    "create temp trigger": "CREATE TEMP TRIGGER z AFTER INSERT ON events BEGIN DELETE FROM events; END",
    "create virtual table": "CREATE VIRTUAL TABLE z USING fts5 (a)",
    "create virtual temp": "CREATE VIRTUAL TABLE temp.z USING rtree (a, b, c)",
    "drop table": "DROP TABLE events",
    "drop view": "DROP VIEW all_events",
    "drop index": "DROP INDEX idx_events_timestamp",
    "alter rename": "ALTER TABLE events RENAME TO z",
    "alter add": "ALTER TABLE events ADD COLUMN z",
    "alter drop": "ALTER TABLE events DROP COLUMN kind",
    "attach a new file": "ATTACH '{d}/new.db' AS n",
    "attach with rwc": "ATTACH 'file:{d}/new2.db?mode=rwc' AS n",
    "attach itself for writing": "ATTACH 'file:{p}?mode=rw' AS me",
    "attach memory": "ATTACH ':memory:' AS m",
    "attach nothing": "ATTACH '' AS t",
    "detach": "DETACH main",
    "vacuum": "VACUUM",
    "vacuum into": "VACUUM INTO '{d}/copy.db'",
    "begin": "BEGIN",
    "begin exclusive": "BEGIN EXCLUSIVE",
    "commit": "COMMIT",
    "rollback": "ROLLBACK",
    "savepoint": "SAVEPOINT x",
    "release": "RELEASE x",
    "analyze": "ANALYZE",
    "reindex": "REINDEX",
    "query_only off": "PRAGMA query_only = 0",
    "journal_mode": "PRAGMA journal_mode = DELETE",
    "journal_mode off": "PRAGMA main.journal_mode(OFF)",
    "writable_schema": "PRAGMA writable_schema = 1",
    "wal_checkpoint": "PRAGMA wal_checkpoint(TRUNCATE)",
    "user_version": "PRAGMA user_version = 7",
    "schema_version": "PRAGMA schema_version = 7",
    "application_id": "PRAGMA application_id = 7",
    "temp_store_directory": "PRAGMA temp_store_directory = '{d}'",
    "data_store_directory": "PRAGMA data_store_directory = '{d}'",
    "hard_heap_limit": "PRAGMA hard_heap_limit = 1",
    "soft_heap_limit": "PRAGMA soft_heap_limit = 1",
    "cache_size": "PRAGMA cache_size = -1000000",
    "mmap_size": "PRAGMA mmap_size = 1000000000",
    "optimize": "PRAGMA optimize",
    "incremental_vacuum": "PRAGMA incremental_vacuum",
    "integrity_check": "PRAGMA integrity_check",
    "busy_timeout": "PRAGMA busy_timeout = 1000000",
    "locking_mode": "PRAGMA locking_mode = EXCLUSIVE",
    "threads": "PRAGMA threads = 8",
    "trusted_schema": "PRAGMA trusted_schema = 1",
    "pragma function that checks": "SELECT * FROM pragma_integrity_check",
    "pragma function that sets": "SELECT * FROM pragma_user_version(7)",
    "load_extension": "SELECT load_extension('x')",
    "load_extension with entry": "SELECT load_extension('x', 'y')",
    "load_extension in where": "SELECT 1 FROM events WHERE load_extension('x')",
    "fts3_tokenizer": "SELECT fts3_tokenizer('simple')",
    "writefile": "SELECT writefile('{d}/written', 'x')",
    "readfile": "SELECT readfile('{p}')",
    "edit": "SELECT edit('x', 'vi')",
    "sqlite_log": "SELECT sqlite_log(1, 'x')",
    "database pages": "SELECT * FROM sqlite_dbpage",
    "not SQL": "please delete everything",
    "NUL": "SELECT 1\0; DELETE FROM events",
    "longer than the limit": "SELECT 1 -- " + "x" * 1_000_000,
    "nested too deep": "SELECT " + "(" * 1500 + "1" + ")" * 1500,
    "thousands of columns": "SELECT " + ",".join(["1"] * 5000),
    "thousands of arms": " UNION ALL ".join(["SELECT 1"] * 3000),
    "missing parameter": "SELECT ?",
}
#: Read only, but want more time or memory than there is.
STOPPED = {
    "recursive bomb": f"{_COUNTING} SELECT count(*) FROM r",
    "recursive rows": f"{_COUNTING} SELECT i FROM r",
    "recursive, distinct": "WITH RECURSIVE r(i) AS (SELECT 1 UNION SELECT i + 1 FROM r) SELECT count(*) FROM r",
    "recursive sort": f"{_COUNTING} SELECT i FROM r ORDER BY -i",
    "recursive texts": f"{_COUNTING} SELECT group_concat(hex(randomblob(100000))) FROM r",
    "recursive groups": f"{_COUNTING} SELECT i, group_concat(hex(zeroblob(1000))) FROM r GROUP BY i % 100000",
    "recursive window": f"{_COUNTING} SELECT sum(i) OVER (ORDER BY random()) FROM r",
    "recursive rows of blobs": f"{_COUNTING} SELECT zeroblob(1000000) FROM r",
    "recursive objects": f"{_COUNTING} SELECT json_group_array(i) FROM r",
    "zeroblob": "SELECT length(zeroblob(900000000))",
    "randomblob": "SELECT length(randomblob(900000000))",
    "many long values": f"SELECT {', '.join([_LONG] * 900)}",
    "long values added up": f"SELECT {'+'.join(f'length(hex(zeroblob({7000000 + n})))' for n in range(150))}",
    "doubling": f"WITH t0 AS (SELECT 'xxxxxxxx' x), {_DOUBLING} SELECT x FROM t7",
    "replace": f"SELECT length(replace({_LONG}, '0', {_LONG}))",
    "exploding names": f"WITH t0 AS (SELECT 1 x), {_EXPLODING} SELECT count(*) FROM t24",
    "cross join": f"SELECT count(*) FROM {_EVENTS}",
    "cross join rows": f"SELECT e0.kind FROM {_EVENTS}",
    "cross join sort": f"SELECT e0.id FROM {_EVENTS} ORDER BY e0.id * random()",
    "cross join distinct": f"SELECT DISTINCT random() FROM {_EVENTS}",
    "cross join like": f"SELECT count(*) FROM {_EVENTS} WHERE e0.kind || e1.kind LIKE '%a%b%'",
    "count of a subquery each": f"SELECT (SELECT count(*) FROM {_EVENTS} WHERE e0.id > events.id - 9) FROM events",
    "cross join of the view": "SELECT count(*) FROM " + ", ".join(f"all_events a{n}" for n in range(20)),
    "window over a cross join": f"SELECT lag(e0.id) OVER (ORDER BY random()) FROM {_EVENTS}",
    "values by the thousand": "SELECT count(*) FROM "
    + ", ".join(f"(VALUES {','.join(['(1)'] * 90)}) v{n}" for n in range(9)),
}
#: Read only, and may run.
HARMLESS = {
    "select": "SELECT count(*) FROM events",
    "values": "VALUES (1), (2)",
    "with": "WITH a AS (SELECT 1 x) SELECT x FROM a",
    "explain": "EXPLAIN QUERY PLAN SELECT * FROM events",
    "comment": "/* what */ SELECT 1 -- is it",
    "one statement and its semicolon": "SELECT 1;",
    "table_info": "PRAGMA table_info(events)",
    "pragma_table_info": "SELECT name FROM pragma_table_info('events')",
    "sqlite_master": "SELECT name, sql FROM sqlite_master",
    "json": "SELECT event ->> 'kind', json_extract(event, '$.kind') FROM all_events",
    "json_each": "SELECT e.key, e.value FROM all_events, json_each(event) AS e",
    "nothing": "",
    "json made": "SELECT json_group_array(json_object('kind', kind)) FROM events",
    "printf": "SELECT printf('%900000000d', 1)",
    "a false view": "SELECT hex(zeroblob(9)) FROM (SELECT 1) AS all_events",
    "like": "SELECT '" + "a" * 2000 + "' LIKE '" + "%a" * 90 + "b'",
    "glob": "SELECT '" + "a" * 2000 + "' GLOB '" + "*a" * 90 + "b'",
    "case of statements in text": "SELECT 'DROP TABLE events; DELETE FROM events'",
}


def peak() -> int:
    """The most memory this process ever had, in MiB; ru_maxrss would count that of the process that started it too."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))


def make(folder: str) -> None:
    """Make the database; in a process of its own, since migrations import much."""
    from telemetry_store import TelemetryStore

    with TelemetryStore(os.path.join(folder, "a.db")) as store:
        for number in range(4):
            store.record("events", kind="a", number=number)


def main(folder: str) -> None:
    """Try them all on a database in the folder."""
    import resource

    from telemetry_store import DatabaseError, QueryError, QueryStopped, Settings, TelemetryStore

    path = os.path.join(folder, "a.db")
    store = TelemetryStore(settings=Settings(path, drain_interval=0, sync_interval=0))
    before = store.query("SELECT * FROM events")
    for name, sql in (REFUSED | STOPPED | HARMLESS).items():
        start = time.perf_counter()
        try:
            timeout = DEADLINE if name in STOPPED else PATIENCE
            store.query(sql.replace("{d}", folder).replace("{p}", path), timeout=timeout)
            outcome = "answered"
        except QueryStopped:
            outcome = "stopped"
        except QueryError:
            outcome = "refused"
        except DatabaseError as error:
            outcome = repr(error)
        took = time.perf_counter() - start
        memory = max(peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
        files = sorted(os.listdir(folder))
        print(json.dumps({"name": name, "outcome": outcome, "seconds": took, "mib": memory, "files": files}))
    print(json.dumps({"name": "", "same": before == store.query("SELECT * FROM events")}))
    store.close()


if __name__ == "__main__":
    if sys.argv[2:] == ["make"]:
        make(sys.argv[1])
    else:
        main(sys.argv[1])

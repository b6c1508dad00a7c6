"""What an application sees of the store."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import telemetry_store
from telemetry_store import (
    DatabaseMissing,
    DatabaseNewer,
    DeclarationError,
    EventError,
    EventTable,
    NotADatabase,
    QueryError,
    QueryStopped,
    Settings,
    SpoolFull,
    SpoolNewer,
    SpoolUnwritable,
    StoreClosed,
    TableNameError,
    TelemetryStore,
    get_store,
)


def test_record_and_query(tmp_path: Path) -> None:
    """An event is in SQL right after it was recorded, with its fields in columns."""
    with TelemetryStore(tmp_path / "a.db") as store:
        store.record("permission_events", {"agent_id": "a1"}, confidence=0.5)
        (row,) = store.query("SELECT agent_id, confidence FROM permission_events")
    assert row == {"agent_id": "a1", "confidence": 0.5}


def test_nothing_is_opened_before_the_first_event(tmp_path: Path) -> None:
    """Making a store touches no file and starts no thread."""
    before = threading.active_count()
    TelemetryStore(tmp_path / "a.db")
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == before


def test_another_process_finds_the_events(tmp_path: Path) -> None:
    """Events of a process that died are drained by the next one that asks."""
    code = "import os,sys;from telemetry_store import *;TelemetryStore(sys.argv[1]).record('t',{'a':1});os._exit(1)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.db")], check=False)
    with TelemetryStore(tmp_path / "a.db") as store:
        assert store.query("SELECT a FROM t") == [{"a": 1}]
    assert [path.suffix for path in (tmp_path / "a.db-spool").iterdir()].count(".jsonl") == 0


def test_the_background_drains(tmp_path: Path) -> None:
    """Without any call a plain sqlite3 reader sees the event within a few seconds."""
    store = TelemetryStore(tmp_path / "a.db")
    store.record("t", a=1)
    deadline = time.monotonic() + 10
    found = False
    while not found and time.monotonic() < deadline:
        time.sleep(0.1)
        if (tmp_path / "a.db").exists():
            with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
                found = bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 't'").fetchall())
    store.close()
    assert found


@pytest.mark.parametrize("name", ["", "1a", "a b", "_own", "sqlite_x", "a" * 64, "ä", None, 3, ["t"], "a;b"])
def test_bad_table_names(tmp_path: Path, name: object) -> None:
    """A name that cannot be a table's is refused at the call, and nothing is stored."""
    store = TelemetryStore(tmp_path / "a.db")
    with pytest.raises(TableNameError):
        store.record(name, a=1)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("event", [None, 3, "text", [1], dict])
def test_bad_events(tmp_path: Path, event: object) -> None:
    """What has no fields is refused at the call, and nothing is stored."""
    store = TelemetryStore(tmp_path / "a.db")
    with pytest.raises(EventError):
        store.record("t", event)
    assert list(tmp_path.iterdir()) == []


def test_objects_as_events(tmp_path: Path) -> None:
    """Dataclasses and pydantic models are events as they are."""
    import pydantic

    @dataclasses.dataclass
    class Granted:
        agent_id: str

    class Model(pydantic.BaseModel):
        agent_id: str

    with TelemetryStore(tmp_path / "a.db") as store:
        store.record("t", Granted("d"))
        store.record("t", Model(agent_id="p"))
        assert [row["agent_id"] for row in store.query("SELECT agent_id FROM t ORDER BY id")] == ["d", "p"]


def test_required_fields(tmp_path: Path) -> None:
    """A missing or null required field is an error at the call that names it; nothing is stored."""
    with TelemetryStore(tmp_path / "a.db") as store:
        store.declare(EventTable("t", {"agent_id": "TEXT"}, required=("agent_id",)))
        for event in ({"a": 1}, {"agent_id": None}):
            with pytest.raises(EventError, match="agent_id"):
                store.record("t", event)
        store.record("t", agent_id="x")
        assert store.query("SELECT count(*) AS n FROM t") == [{"n": 1}]


def test_declared_columns_indexes_and_doc(tmp_path: Path) -> None:
    """A declaration makes its columns and indexes and says in `_tables` what the table means."""
    with TelemetryStore(tmp_path / "a.db") as store:
        store.declare(EventTable("t", {"agent_id": "TEXT", "n": "REAL"}, indexes=(("n",),), doc="What it means."))
        store.record("t", n=1)
        columns = [row["name"] for row in store.query("PRAGMA table_info(t)")]
        indexes = {row["name"] for row in store.query("PRAGMA index_list(t)")}
        (told,) = store.query("SELECT doc FROM _tables WHERE \"table\" = 't' AND \"column\" = ''")
    assert columns == ["id", "timestamp", "agent_id", "n", "metadata_json"]
    assert indexes == {"idx_t_timestamp", "idx_t_agent_id_timestamp", "idx_t_n"}
    assert told["doc"] == "What it means."


def test_a_dataclass_declares(tmp_path: Path) -> None:
    """A dataclass's fields are columns, and those without a default are required."""

    @dataclasses.dataclass
    class ConfidenceEvent:
        """How sure an agent is."""

        agent_id: str
        score: float | None = None

    with TelemetryStore(tmp_path / "a.db") as store:
        declared = store.declare(ConfidenceEvent)
        assert (declared.name, declared.required, declared.doc) == (
            "confidence_event", ("agent_id",), "How sure an agent is.")  # fmt: skip
        assert declared.columns == {"agent_id": "TEXT", "score": "REAL"}
        with pytest.raises(DeclarationError):
            store.declare(EventTable("confidence_event", {"other": "TEXT"}))


@pytest.mark.parametrize(
    "arguments",
    [{"columns": {"a b": "TEXT"}}, {"columns": {"a": "JSON"}}, {"columns": {"id": "TEXT"}}, {"dedupe_key": ("k",)},
     {"new_keys": "maybe"}],
)  # fmt: skip
def test_bad_declarations(arguments: dict) -> None:
    """A declaration that makes no sense says so when it is made."""
    with pytest.raises(DeclarationError):
        EventTable("t", **arguments)


def test_closed(tmp_path: Path) -> None:
    """After close() recording is an error and closing again is not."""
    store = TelemetryStore(tmp_path / "a.db")
    store.record("t", a=1)
    store.close()
    store.close()
    with pytest.raises(StoreClosed):
        store.record("t", a=1)
    with pytest.raises(StoreClosed):
        store.query("SELECT 1")


def test_wrong_sql(tmp_path: Path) -> None:
    """Wrong SQL is a QueryError with a hint, and writing is refused."""
    with TelemetryStore(tmp_path / "a.db") as store:
        store.record("t", a=1)
        for sql in ("SELECT * FROM nowhere", "SELEC 1", "DELETE FROM t"):
            with pytest.raises(QueryError):
                store.query(sql)
        assert store.query("SELECT count(*) AS n FROM t WHERE a = ?", (1,)) == [{"n": 1}]


def test_no_database(tmp_path: Path) -> None:
    """Asking a database that is not there is an error, and makes none."""
    store = TelemetryStore(tmp_path / "none.db")
    with pytest.raises(DatabaseMissing):
        store.query("SELECT 1")
    assert not (tmp_path / "none.db").exists()


def test_not_a_database(tmp_path: Path) -> None:
    """A file that is not SQLite is left as it is; events wait in the spool and are not lost."""
    path = tmp_path / "a.db"
    path.write_bytes(b"this is a text file\n" * 200)
    store = TelemetryStore(path)
    store.record("t", a=1)
    with pytest.raises(NotADatabase):
        store.flush()
    store.close()
    assert path.read_bytes() == b"this is a text file\n" * 200
    path.unlink()
    with TelemetryStore(path) as again:
        assert again.query("SELECT a FROM t") == [{"a": 1}]


def test_a_place_that_cannot_be_written() -> None:
    """A spool that cannot be made is an error at the first record that says what to do."""
    store = TelemetryStore("/proc/nowhere/a.db")
    with pytest.raises(SpoolUnwritable, match="permission"):
        store.record("t", a=1)


def test_a_newer_spool(tmp_path: Path) -> None:
    """A spool of a later format is refused and not touched."""
    spool = tmp_path / "a.db-spool"
    spool.mkdir()
    (spool / "format").write_text("99\n")
    with pytest.raises(SpoolNewer, match="99"):
        TelemetryStore(tmp_path / "a.db").record("t", a=1)
    assert [path.name for path in spool.iterdir()] == ["format"]


def test_a_newer_database(tmp_path: Path) -> None:
    """A database with migrations of a later version is refused; the event waits in the spool."""
    path = tmp_path / "a.db"
    with TelemetryStore(path) as store:
        store.record("t", a=1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
                           "VALUES ('telemetry_store', 'later', '2030-01-01')")  # fmt: skip
        connection.commit()
    store = TelemetryStore(path)
    store.record("t", a=2)
    with pytest.raises(DatabaseNewer, match="later"):
        store.flush()
    assert store.stats().backlog_bytes > 0
    store.close()


def test_a_table_of_others_is_adopted(tmp_path: Path) -> None:
    """An existing table keeps its columns; the time goes into its own time column, the rest into metadata_json."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE grants (id INTEGER PRIMARY KEY, agent TEXT NOT NULL, recorded_at TEXT NOT NULL, "
                           "level TEXT DEFAULT 'low', metadata_json TEXT)")  # fmt: skip
        connection.execute("INSERT INTO grants (agent, recorded_at) VALUES ('old', '2024-01-01')")
        connection.commit()
    with TelemetryStore(path) as store:
        store.record("grants", agent="new", extra=1)
        store.record("grants", agent=None, other=2)
        rows = store.query("SELECT agent, level, recorded_at, metadata_json FROM grants ORDER BY id")
        rejects = store.query("SELECT reason, raw FROM _rejects")
        seen = store.query("SELECT count(*) AS n FROM all_events")
    assert [(row["agent"], row["level"]) for row in rows] == [("old", "low"), ("new", "low")]
    assert len(rows[1]["recorded_at"]) == 32
    assert '"extra":1' in rows[1]["metadata_json"]
    assert len(rejects) == 1
    assert "NOT NULL" in rejects[0]["reason"]
    assert b'"other":2' in rejects[0]["raw"]
    assert seen == [{"n": 2}]


def test_a_table_of_others_without_metadata(tmp_path: Path) -> None:
    """Where an adopted table has no place for a field, the event is kept in _rejects; declaring the column helps."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE grants (agent TEXT, timestamp TEXT)")
        connection.commit()
    with TelemetryStore(path) as store:
        store.record("grants", agent="a", extra=1)
        store.flush()
        store.declare(EventTable("grants", {"extra": "INTEGER"}))
        store.record("grants", agent="b", extra=2)
        assert store.query("SELECT agent, extra FROM grants") == [{"agent": "b", "extra": 2}]
        assert "metadata_json" in store.query("SELECT reason FROM _rejects")[0]["reason"]


def test_backlog_policies(tmp_path: Path) -> None:
    """At the limit "raise" refuses, "drop" counts and later says so in the database, and nothing else is lost."""
    text = "x" * 1000
    refusing = TelemetryStore(settings=Settings(
        str(tmp_path / "r.db"), backlog_limit=300_000, backlog_policy="raise", drain_interval=0))  # fmt: skip
    stored = 0
    with pytest.raises(SpoolFull, match="backlog"):
        for _ in range(1000):
            refusing.record("t", text=text)
            stored += 1
    assert refusing.query("SELECT count(*) AS n FROM t") == [{"n": stored}]
    dropping = TelemetryStore(settings=Settings(
        str(tmp_path / "d.db"), backlog_limit=300_000, backlog_policy="drop", drain_interval=0))  # fmt: skip
    for _ in range(1000):
        dropping.record("t", text=text)
    dropped = dropping.stats().dropped["backlog limit"]
    assert dropping.query("SELECT count(*) AS n FROM t") == [{"n": 1000 - dropped}]
    dropping._spool._limit = 10 << 20
    time.sleep(0.06)
    dropping.record("t", text=text)
    assert dropping.query("SELECT cause, count FROM _drops") == [{"cause": "backlog limit", "count": dropped}]
    for store in (refusing, dropping):
        store.close()


def test_backlog_blocks_by_draining(tmp_path: Path) -> None:
    """By default record() drains inline at the limit, so everything is stored although nothing runs in the background."""
    store = TelemetryStore(settings=Settings(str(tmp_path / "a.db"), backlog_limit=600_000, drain_interval=0))
    for number in range(3000):
        store.record("t", n=number, text="x" * 1000)
    assert store.query("SELECT count(*) AS n, max(n) AS m FROM t") == [{"n": 3000, "m": 2999}]
    store.close()


def test_long_lines(tmp_path: Path) -> None:
    """An event larger than any segment is stored whole."""
    with TelemetryStore(tmp_path / "a.db") as store:
        for size in (10, 300_000, 20 << 20, 10):
            store.record("t", text="x" * size)
        sizes = store.query("SELECT length(text) AS n FROM t ORDER BY id")
    assert [row["n"] for row in sizes] == [10, 300_000, 20 << 20, 10]


def test_get_store_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """get_store() gives the same store each time, on the database that the environment names."""
    monkeypatch.setenv("TELEMETRY_DB", str(tmp_path / "env.db"))
    store = get_store()
    try:
        assert get_store() is store
        store.record("t", a=1)
        assert store.query("SELECT a FROM t") == [{"a": 1}]
        assert (tmp_path / "env.db").exists()
    finally:
        store.close()
    assert get_store() is not store


def test_threads_share_a_store(tmp_path: Path) -> None:
    """Eight threads that record at once lose nothing and keep their own order."""
    with TelemetryStore(tmp_path / "a.db") as store:

        def work(writer: int) -> None:
            for number in range(2000):
                store.record("t", w=writer, n=number)

        threads = [threading.Thread(target=work, args=(writer,)) for writer in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = [(row["w"], row["n"]) for row in store.query("SELECT w, n FROM t ORDER BY id")]
    for writer in range(8):
        assert [number for each, number in rows if each == writer] == list(range(2000))


#: What the package exports.
PUBLIC = """
    USUAL_TIME Block Chunk ColumnChunk Columns Counts DatabaseBusy DatabaseError DatabaseFull DatabaseMissing
    DatabaseNewer DatabaseReadOnly DeclarationError EventError EventTable Extent Inserted Ledger NotADatabase
    Origin Progress QueryError QueryStopped Reader Record RecordChunk Reject Result Settings SettingsError Sink
    Source SpoolError SpoolFull SpoolNewer SpoolUnwritable Stats StoreClosed Table TableNameError
    TelemetryError TelemetryStore TimeRule Transaction UsageError Worker WorkerLost check_table_name
    decode_line dumps get_store prefetched
"""


def test_public_names() -> None:
    """What the package exports is what is agreed, and each name is there."""
    assert sorted(telemetry_store.__all__) == sorted(PUBLIC.split())
    assert all(getattr(telemetry_store, name) is not None for name in telemetry_store.__all__)
    with pytest.raises(AttributeError):
        telemetry_store.nothing


def test_importing_opens_no_sqlite() -> None:
    """Importing the package, making a store and recording import neither sqlite3 nor the other two packages."""
    code = (
        "import sys, tempfile; from telemetry_store import *\n"
        "s = TelemetryStore(settings=Settings(tempfile.mkdtemp() + '/a.db', drain_interval=0)); s.record('t', a=1)\n"
        "print(sorted({'sqlite3', 'sqlite_utils', 'typer', 'rich', 'audit', 'importers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=os.getcwd())
    assert done.stdout.strip() == "[]"


def test_large_results(tmp_path: Path) -> None:
    """A statement that reads out its tables may give any number of rows; one that multiplies them is stopped."""
    with TelemetryStore(tmp_path / "a.db") as store:
        for _ in range(300):
            store.record("t", text="x" * 200_000)
            store.record("u", text="y")
        assert len(store.query("SELECT text FROM t WHERE id > 0 ORDER BY timestamp")) == 300
        assert len(store.query("SELECT event FROM all_events ORDER BY timestamp DESC")) == 600
        for sql in ("SELECT t.text FROM t, u", "SELECT a.event FROM all_events a, u", "SELECT hex(text) FROM t"):
            with pytest.raises(QueryStopped, match="48 MiB"):
                store.query(sql)

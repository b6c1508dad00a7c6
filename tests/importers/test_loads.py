"""Indexes of a new table wait until a large import is over, whatever happens to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from importers import import_paths, loads, verify
from telemetry_store import EventTable, TelemetryStore
from telemetry_store.care.doctor import examine


@pytest.fixture(autouse=True)
def _all_are_large(monkeypatch) -> None:
    monkeypatch.setattr(loads, "_LARGE", 0)


@pytest.fixture
def store(tmp_path: Path):
    with TelemetryStore(tmp_path / "a.db") as opened:
        yield opened


def write(path: Path, count: int, start: int = 0) -> Path:
    lines = (f'{{"agent_id":"a{n % 3}","event_type":"e{n % 5}","n":{n}}}\n' for n in range(start, start + count))
    path.write_text("".join(lines))
    return path


def indexes(store: TelemetryStore, table: str = "t") -> set[str]:
    rows = store.query("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql <> ''", [table])
    return {row["name"] for row in rows}


DEFAULT = {"idx_t_timestamp", "idx_t_agent_id_timestamp", "idx_t_event_type_timestamp"}


class Stop(Exception):
    """Breaks an import off."""


def broken_off(store: TelemetryStore, path: Path, monkeypatch) -> None:
    """Import the beginning of a file and die, as far as a process can do that to itself and live."""

    def stop(*_: object) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(loads, "_finish", lambda *_: None)
        with pytest.raises(Stop):
            import_paths(store, [path], progress=stop)


def test_they_are_there_afterwards(store: TelemetryStore, tmp_path: Path) -> None:
    """After the import a new table has its default indexes, and nothing waits."""
    import_paths(store, [write(tmp_path / "t.jsonl", 100)])
    assert indexes(store) == DEFAULT
    assert store.query("SELECT * FROM _loads") == []


def test_they_wait_while_rows_come(store: TelemetryStore, tmp_path: Path, monkeypatch) -> None:
    """While rows come the table has none; the doctor says which wait when the import was broken off."""
    broken_off(store, write(tmp_path / "t.jsonl", 100), monkeypatch)
    assert indexes(store) == set()
    assert len(store.query("SELECT * FROM _loads WHERE statement <> ''")) == 3
    store.tidy()
    assert [each.severity for each in examine(store.settings) if each.check == "indexes"] == ["warning"]


def test_the_next_import_makes_what_a_dead_one_left(store: TelemetryStore, tmp_path: Path, monkeypatch) -> None:
    """After an import that was broken off, any other makes the indexes."""
    broken_off(store, write(tmp_path / "t.jsonl", 100), monkeypatch)
    import_paths(store, [write(tmp_path / "u.jsonl", 1)])
    assert indexes(store) == DEFAULT


def test_columns_that_come_later_get_theirs(store: TelemetryStore, tmp_path: Path) -> None:
    """An index that a column of a later file wants waits as well, and is made."""
    (tmp_path / "later.jsonl").write_text('{"session_id":"s"}\n')
    import_paths(store, [write(tmp_path / "t.jsonl", 10), tmp_path / "later.jsonl"], table="t")
    assert indexes(store) == DEFAULT | {"idx_t_session_id_timestamp"}


def test_a_table_with_rows_keeps_its_indexes(store: TelemetryStore, tmp_path: Path, monkeypatch) -> None:
    """Where there are rows already, queries go on using the indexes."""
    import_paths(store, [write(tmp_path / "t.jsonl", 10)])
    broken_off(store, write(tmp_path / "more.jsonl", 10, start=10), monkeypatch)
    import_paths(store, [tmp_path / "more.jsonl"], table="t")
    assert indexes(store) == DEFAULT


def test_declared_indexes_wait_and_keys_do_not(store: TelemetryStore, tmp_path: Path) -> None:
    """A declared index is made again at the end; the dedupe key holds all the while."""
    store.declare(EventTable("t", columns={"n": "INTEGER"}, indexes=(("n",),), dedupe_key=("n",)))
    store.flush()
    path = write(tmp_path / "t.jsonl", 10)
    path.write_text(path.read_text() * 2)
    (found,) = import_paths(store, [path])
    assert (found.imported, found.duplicate) == (10, 10)
    assert indexes(store) == DEFAULT | {"idx_t_n", "key_t_n"}


def test_a_table_of_others_is_left_alone(store: TelemetryStore, tmp_path: Path) -> None:
    """An empty table that somebody else made keeps its indexes while rows come."""
    store.flush()
    with store.transaction() as transaction:
        connection = transaction.connection
        connection.execute("CREATE TABLE t (n INTEGER, metadata_json TEXT)")
        connection.execute("CREATE INDEX theirs ON t (n)")
        transaction.begin_load("t")
        assert connection.execute("SELECT * FROM _loads").fetchall() == []


def test_a_table_that_is_gone_is_forgotten(store: TelemetryStore, tmp_path: Path, monkeypatch) -> None:
    """Indexes that wait for a table that somebody has dropped do no harm."""
    broken_off(store, write(tmp_path / "t.jsonl", 10), monkeypatch)
    with store.transaction() as transaction:
        transaction.connection.execute("DROP TABLE t")
    import_paths(store, [write(tmp_path / "u.jsonl", 10)])
    assert store.query("SELECT * FROM _loads") == []


def test_nothing_differs_but_the_way(tmp_path: Path, monkeypatch) -> None:
    """The table, its indexes and what is known of it are the same whether indexes waited or not."""
    path = write(tmp_path / "t.jsonl", 500)
    dumps = []
    for name, large in (("waited.db", 0), ("not.db", 1 << 40)):
        monkeypatch.setattr(loads, "_LARGE", large)
        with TelemetryStore(tmp_path / name) as store:
            import_paths(store, [path])
            assert [each.status for each in verify(store)] == ["verified"]
            schema = store.query("SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 't' ORDER BY name")
            dumps.append((schema, store.query("SELECT * FROM t ORDER BY id")))
    assert dumps[0] == dumps[1]

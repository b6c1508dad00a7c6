"""The library of questions, and queries on the command line."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from telemetry_store import EventTable, TelemetryStore, UsageError
from telemetry_store.cli import app
from telemetry_store.engines.sqlite.reader import reading
from telemetry_store.reading.questions import Question, find, library, tables_of
from telemetry_store.schema import Table

#: Questions without an answer here: nothing was imported or rejected, and nobody in particular is asked about.
EMPTY = ("rejects_by_reason", "imports", "reject_reasons", "import_outcomes", "newest_imports",
         "everything_about_an_agent", "everything_in_a_session")  # fmt: skip
NOW = datetime.now(UTC).replace(minute=30)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Tables such as the questions ask for, with known answers."""
    path = str(tmp_path_factory.mktemp("questions") / "a.db")
    with TelemetryStore(path) as store:
        store.declare(EventTable("error_events", columns={"module": "TEXT"}, indexes=(("module", "timestamp"),)))
        for minute in range(12):
            stamp = (NOW - timedelta(minutes=minute)).isoformat()
            store.record("error_events", timestamp=stamp, module=f"m{minute % 3}", level="ERROR" if minute % 2 else "INFO",
                         session_id=f"s{minute % 2}", agent_id="a", message=str(minute))  # fmt: skip
            store.record("confidence_events", timestamp=stamp, agent_id="a", confidence=minute / 20, session_id="s1")
            store.record("runs", timestamp=stamp, agent_id="b", duration_ms=minute * 1.5, session_id="s0")
            if minute not in (4, 5, 6):
                store.record("daemon_heartbeat", timestamp=stamp, agent_id="d", event_type="heartbeat")
    return path


def asked(database: str, name: str, *parameters: str) -> list[dict]:
    options = [option for each in parameters for option in ("--param", each)]
    done = CliRunner().invoke(app, ["query", "--named", name, *options, "--db", database, "--json"])
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", library())
def test_every_question_runs(database: str, name: str) -> None:
    """Each question of the library has a sentence, and its defaults work where its tables are there."""
    question = find(name)
    assert question.sentence.endswith(".")
    assert all(each.meaning for each in question.parameters)
    rows = asked(database, name)
    assert rows or name in EMPTY


def test_the_answers_are_right(database: str) -> None:
    """Questions count what was recorded."""
    assert sum(row["errors"] for row in asked(database, "errors_per_hour")) == 6
    assert sum(row["events"] for row in asked(database, "events_per_hour", f"day={NOW:%Y-%m-%d}")) <= 45
    assert asked(database, "slowest", "limit=1")[0]["duration_ms"] == 16.5
    assert {row["agent_id"]: row["events"] for row in asked(database, "busiest_agents")} == {"a": 24, "b": 12, "d": 9}
    assert [row["seconds"] for row in asked(database, "heartbeat_gaps", "seconds=90")] == [240.0]
    assert sum(row["events"] for row in asked(database, "confidence_over_time")) == 12
    assert [(row["module"], row["message"]) for row in asked(database, "last_error_per_module")] == [
        ("m1", "1"), ("m0", "3"), ("m2", "5")]  # fmt: skip
    assert [(row["session_id"], row["errors"]) for row in asked(database, "sessions_with_errors")] == [("s1", 6)]
    around = asked(database, "around_event", "id=3", "seconds=60")
    assert len(around) == 12  # three of each table
    assert sum(row["events"] for row in asked(database, "growth")) == 45


def test_the_last_errors_are_the_same_without_an_index(database: str) -> None:
    """Whether an index begins with the field decides about the way, not about the answer."""
    with reading(database) as reader:
        connection, tables = reader.connection, tables_of(reader)
        ways = []
        for leading in (frozenset({"module"}), frozenset()):
            tables["error_events"] = replace(tables["error_events"], leading=leading)
            sql, _ = find("last_error_per_module").statement(tables, {})
            ways.append((sql, connection.execute(sql).fetchall()))
    assert ways[0][0] != ways[1][0]
    assert ways[0][1] == ways[1][1] != []


def test_a_question_says_what_is_missing(tmp_path: Path) -> None:
    """A question whose table or column is not there says so, and which parameter would help."""
    path = str(tmp_path / "a.db")
    with TelemetryStore(path) as store:
        store.record("t", a=1)
    for name, word in (
        ("heartbeat_gaps", "--param table="),
        ("slowest", "duration_ms"),
        ("busiest_agents", "agent_id"),
    ):
        done = CliRunner().invoke(app, ["query", "--named", name, "--db", path])
        assert isinstance(done.exception, UsageError)
        assert word in str(done.exception)
    assert asked(path, "growth")[0]["events"] == 1
    for wrong in (["--named", "nonsense"], ["--named", "growth", "--param", "nonsense=1"]):
        assert isinstance(CliRunner().invoke(app, ["query", *wrong, "--db", path]).exception, UsageError)


def test_questions_of_ones_own(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the option or of telemetry.toml adds questions and replaces those of the same name."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "ours.sql").write_text(
        "-- How many.\n-- param who: text = a -- which agent\nSELECT count(*) AS n FROM {events agent_id!} WHERE agent_id = :who;\n"
    )
    done = CliRunner().invoke(app, ["query", "--named", "ours", "--questions", str(folder), "--db", database, "--csv"])
    assert done.stdout.splitlines() == ["n", "24"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "telemetry.toml").write_text('[questions]\nfolder = "mine"\n')
    assert asked(database, "ours", "who=b") == [{"n": 12}]
    listed = CliRunner().invoke(app, ["query", "--list"]).stdout
    assert "ours" in listed
    assert "busiest_agents" in listed
    (folder / "bad.sql").write_text("SELECT 1")
    assert isinstance(CliRunner().invoke(app, ["query", "--list"]).exception, UsageError)


def test_parts(database: str) -> None:
    """A shared part brings its parameters; what stands in `[[ ]]` is there only where its parameter has a value."""
    text = "-- A.\n{part span}\nSELECT 1 AS n FROM span WHERE 1 [[ AND :agent = 'x' ]]"
    question = Question.parse("q", text, own=False)
    tables = {"t": Table.fresh("t")}
    assert [parameter.name for parameter in question.parameters] == ["window", "until", "agent"]
    assert "agent" not in question.statement(tables, {})[0]
    assert question.statement(tables, {"agent": "x"})[0].endswith("WHERE 1  AND :agent = 'x' ")
    assert asked(database, "total_events", "window=all") == [{"n": "45"}]
    assert asked(database, "total_events", "window=all", "agent=a") == [{"n": "24"}]
    with pytest.raises(UsageError, match="no part 'nonsense'"):
        Question.parse("q", "-- A.\n{part nonsense}", own=False)
    with pytest.raises(UsageError, match="means nothing"):
        Question.parse("q", "-- A.\n{each nonsense} SELECT 1 {end}", own=False).statement(tables, {})


def test_each_table_that_fits(database: str) -> None:
    """`{each}` makes one arm for each table that has what it needs, and says what is missing where none has."""
    question = Question.parse("q", "-- A.\n{each heartbeat} SELECT {name} FROM {here} {end}", own=False)
    with reading(database) as reader:
        assert question.statement(tables_of(reader), {})[0] == "SELECT 'daemon_heartbeat' FROM \"daemon_heartbeat\""
    with pytest.raises(UsageError, match="needs a table with heartbeats"):
        question.statement({"t": Table.fresh("t")}, {})


def test_names_are_only_names() -> None:
    """A parameter that stands for a table or a field takes nothing but a name, so it cannot carry SQL."""
    question = Question.parse("q", '-- A.\n-- param f: field = a -- x\nSELECT "{f}" FROM t', own=False)
    assert question.statement({}, {})[0] == 'SELECT "a" FROM t'
    with pytest.raises(UsageError):
        question.statement({}, {"f": 'a" FROM t; DROP TABLE t --'})
    with pytest.raises(UsageError, match="means nothing"):
        Question.parse("q", "-- A.\nSELECT {nonsense}", own=False).statement({"t": Table("t", {})}, {})


def test_parameters_by_name(database: str) -> None:
    """--param gives values by name: numbers where they are written as such, text otherwise."""
    sql = "SELECT :a AS a, typeof(:a) AS ta, typeof(:b) AS tb, :b AS b"
    done = CliRunner().invoke(app, ["query", sql, "--param", "a=7", "--param", "b=007", "--db", database, "--json"])
    assert json.loads(done.stdout) == [{"a": 7, "ta": "integer", "tb": "text", "b": "007"}]


def test_forms(database: str, tmp_path: Path) -> None:
    """The same rows as JSON, CSV, Parquet and a table; also none and thousands of them."""
    import pyarrow.parquet as pq

    runner = CliRunner()
    for count in (0, 3, 3000):
        sql = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {count}) SELECT i, 'é' || i AS t FROM n"
        wanted = [{"i": number, "t": f"é{number}"} for number in range(1, count + 1)]
        base = ["query", sql, "--db", database]
        assert json.loads(runner.invoke(app, [*base, "--json"]).stdout) == wanted
        rows = list(csv.DictReader(io.StringIO(runner.invoke(app, [*base, "--csv"]).stdout)))
        assert [{"i": int(row["i"]), "t": row["t"]} for row in rows] == wanted
        file = tmp_path / "q.parquet"
        assert f"{count} rows" in runner.invoke(app, [*base, "--parquet", str(file)]).stdout
        assert pq.read_table(file).to_pylist() == wanted
        assert len(runner.invoke(app, base).stdout.splitlines()) == (count + 2 if count else 1)


def test_a_result_becomes_a_data_frame(database: str) -> None:
    """Rows are a list of dictionaries with pandas, polars and Arrow a method away, also when there are none."""
    with TelemetryStore(database) as store:
        found = store.query("SELECT agent_id, confidence, NULL AS void FROM confidence_events ORDER BY id")
        mixed = store.query("SELECT 1 AS v UNION ALL SELECT 'text' UNION ALL SELECT x'ff'")
        none = store.query("SELECT agent_id FROM confidence_events WHERE 0")
    assert found[0] == {"agent_id": "a", "confidence": 0.0, "void": None}
    assert found.columns == ("agent_id", "confidence", "void")
    assert found.to_pandas()["confidence"].sum() == pytest.approx(3.3)
    assert found.to_polars().shape == (12, 3)
    assert found.to_arrow().column("agent_id").to_pylist() == ["a"] * 12
    assert mixed.to_arrow().column("v").to_pylist() == ["1", "text", "\ufffd"]
    assert mixed.to_pandas().shape == (3, 1)
    assert none.to_pandas().columns.tolist() == ["agent_id"]


def test_a_missing_library_is_named(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the error says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with TelemetryStore(database) as store, pytest.raises(UsageError, match="telemetry-store\\[arrow\\]"):
        store.query("SELECT 1 AS a").to_arrow()


def test_schema_and_stats(database: str) -> None:
    """`schema` tells of each table and column, also as a data dictionary; `stats` draws a bar for each hour."""
    runner = CliRunner()
    described = {
        row["table"]: row for row in json.loads(runner.invoke(app, ["schema", "--db", database, "--json"]).stdout)
    }
    assert described["error_events"]["rows"] == 12
    assert "module" in [column["name"] for column in described["error_events"]["columns"]]
    assert ["module", "timestamp"] in described["error_events"]["indexes"].values()
    markdown = runner.invoke(app, ["schema", "runs", "--markdown", "--db", database]).stdout
    assert "## runs" in markdown
    assert "| `duration_ms` | REAL |" in markdown
    found = json.loads(runner.invoke(app, ["stats", "--json", "--db", database]).stdout)
    assert {each["table"]: sum(each["hours"]) for each in found["tables"]}["runs"] == 12
    assert "█" in runner.invoke(app, ["stats", "--db", database]).stdout

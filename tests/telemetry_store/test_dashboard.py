"""The dashboard: what is drawn of a database, and who may see it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from telemetry_store import EventTable, TelemetryStore
from telemetry_store.dashboard.guard import Guard, is_loopback
from telemetry_store.dashboard.metadata import metadata
from telemetry_store.dashboard.survey import Survey
from telemetry_store.dashboard.vega import dashboard
from telemetry_store.engines.sqlite.faults import error_condition
from telemetry_store.errors import UsageError
from telemetry_store.reading.questions import find
from telemetry_store.schema import ColumnType, Table

httpx = pytest.importorskip("httpx")
server = pytest.importorskip("telemetry_store.dashboard.server")
ROOT = Path(__file__).parents[2]
SECRET = "correct horse battery"
ALL = {"window": "all", "until": "", "agent": ""}


@pytest.fixture
def store(tmp_path: Path):
    yield from filled(tmp_path)


def filled(folder: Path):
    with TelemetryStore(folder / "a.db") as made:
        made.declare(EventTable("chat", columns={"text": "TEXT"}, doc="What agents <say>."))
        for minute in (0, 1, 2, 3, 30, 31):
            made.record("daemon_heartbeat", agent_id="x", timestamp=f"2026-03-01T10:{minute:02}:00Z", beat=minute)
        for minute in range(60):
            made.record("daemon_heartbeat", agent_id="y", timestamp=f"2026-03-01T10:{minute:02}:00Z", beat=minute)
        made.record("chat", agent_id="x", text="<script>alert(1)</script>", timestamp="2026-03-01T10:05:00Z")
        made.record(
            "tools", agent_id="y", event_type="tool_failed", message="<b>no</b>", timestamp="2026-03-01T09:00:00Z"
        )
        made.record("tools", agent_id="y", event_type="tool_called", timestamp="2026-02-01T09:00:00Z")
        made.record("clock", value=1, timestamp="2999-01-01T00:00:00Z")
        made.flush()
        yield made


def rows(store: TelemetryStore, name: str, **given: str) -> list[dict]:
    with store.reader() as reader:
        return reader.trusted(*find(name).statement(Survey(reader).drawn, given))


def test_the_window_ends_at_the_newest_event(store: TelemetryStore) -> None:
    """Windows are relative to the newest event that is not in the future, or to the end of a day that is chosen."""
    sql = "events_over_time"
    assert sum(row["events"] for row in rows(store, sql)) == 68
    assert sum(row["events"] for row in rows(store, sql, window="all")) == 69
    assert sum(row["events"] for row in rows(store, sql, until="2026-02-01")) == 1
    assert sum(row["events"] for row in rows(store, sql, until="2026-02-02", window="1 hour")) == 0
    assert {row["table"] for row in rows(store, sql, window="1 hour")} == {"daemon_heartbeat", "chat"}


def test_no_event_is_counted_twice_or_left_out(store: TelemetryStore) -> None:
    """The buckets of every window add up to the events in it, also where the window cuts a bucket in two."""
    for window in ("17 minutes", "30 seconds", "90 minutes", "24 hours", "40 days", "all"):
        (figure,) = rows(store, "total_events", window=window)
        assert str(sum(row["events"] for row in rows(store, "events_over_time", window=window))) == figure["n"], window


def test_an_agent_narrows_every_chart(store: TelemetryStore) -> None:
    """With an agent chosen, only its events are left, and tables without agents have none."""
    assert sum(row["events"] for row in rows(store, "events_over_time", window="all", agent="x")) == 7
    assert {row["agent"] for row in rows(store, "agents_by_table", window="all", agent="x")} == {"x"}
    assert rows(store, "errors_over_time", agent="x") == []
    assert [row["n"] for row in rows(store, "agents_seen", agent="x")] == [1]
    assert [row["name"] for row in rows(store, "agent_names")] == ["x", "y"]


def test_fields_named_like_ours_confuse_no_chart(store: TelemetryStore) -> None:
    """Events whose fields have the names that our statements use are counted like others."""
    names = ("name", "start", "finish", "lo", "hi", "unit", "shown", "first", "last", "seconds", "oldest", "newest",
             "kind")  # fmt: skip
    for minute in (0, 1, 2, 3, 4, 5, 55):
        for table in ("tools", "daemon_heartbeat"):
            store.record(table, dict.fromkeys(names, "0"), agent_id="z", event_type="tool_failed",
                         timestamp=f"2026-03-01T10:{minute:02}:30Z")  # fmt: skip
    store.flush()
    assert sum(row["events"] for row in rows(store, "events_over_time")) == 68 + 14
    assert rows(store, "total_events", agent="z") == [{"n": "14"}]
    assert {(row["table"], row["events"]) for row in rows(store, "agents_by_table", agent="z")} == {
        ("tools", 7), ("daemon_heartbeat", 7)}  # fmt: skip
    assert sum(row["errors"] for row in rows(store, "errors_over_time", agent="z")) == 14
    assert rows(store, "agents_seen") == [{"n": 3}]
    assert [(row["kind"], row["seconds"]) for row in rows(store, "silences", agent="z")] == [
        ("beating", 3300.0), ("silent", 3000.0)]  # fmt: skip


def test_silences(store: TelemetryStore) -> None:
    """A silence is longer than three times an agent's usual interval; one that lasts is shown to the window's end."""
    with TelemetryStore(store.settings.database) as other:
        for minute in range(20):
            other.record("daemon_heartbeat", agent_id="z", timestamp=f"2026-03-01T10:{minute:02}:00Z")
            if minute != 15:
                other.record("daemon_heartbeat", agent_id="w", timestamp=f"2026-03-01T10:{3 * minute:02}:00Z")
        for minute in [*range(20), *range(50, 60)]:
            other.record("daemon_heartbeat", agent_id="v", timestamp=f"2026-03-01T10:{minute:02}:00Z")
        other.flush()
    found = rows(store, "silences")
    silent = {(row["agent"], row["kind"], row["seconds"]) for row in found if row["kind"] != "beating"}
    assert silent == {
        ("x", "silent", 1620.0),
        ("x", "silent since", 1680.0),
        ("z", "silent since", 2400.0),
        ("v", "silent", 1860.0),
    }
    assert [row["n"] for row in rows(store, "agents_silent")] == [2]


@pytest.mark.parametrize(
    ("columns", "row", "bad"),
    [({"level": "TEXT"}, "'ERROR'", 1), ({"level": "TEXT"}, "'INFO'", 0), ({"status": "TEXT"}, "'failed'", 1),
     ({"success": "BOOLEAN"}, "0", 1), ({"success": "BOOLEAN"}, "1", 0), ({"success": "BOOLEAN"}, "NULL", 0),
     ({"error": "TEXT"}, "'timeout'", 1), ({"error": "TEXT"}, "''", 0), ({"event_type": "TEXT"}, "'tool_failed'", 1)],
)  # fmt: skip
def test_what_an_error_is(columns: dict[str, str], row: str, bad: int) -> None:
    """Levels, states, verdicts, error texts and event types tell of errors."""
    (name,) = columns
    condition = error_condition(Table("t", {name: ColumnType(columns[name])}))
    connection = sqlite3.connect(":memory:")
    assert connection.execute(f"SELECT count(*) FROM (SELECT {row} AS {name}) WHERE {condition}").fetchone() == (bad,)


def test_tables_of_errors_and_of_none() -> None:
    """A table named after errors holds nothing else; one without a telling column holds none."""
    assert error_condition(Table("error_events", {})) == "1"
    assert "level" in error_condition(Table("error_events", {"level": ColumnType.TEXT}))
    assert error_condition(Table("chat", {"text": ColumnType.TEXT})) is None


def test_nothing_to_draw(tmp_path: Path) -> None:
    """An empty database has a dashboard as well."""
    with TelemetryStore(tmp_path / "a.db") as made:
        with made.transaction():
            pass
        with made.reader() as reader:
            charts = dashboard(Survey(reader), "a", Survey(reader).first_window())["charts"]
    assert "events" not in charts
    assert {"n-events", "n-waiting", "health"} <= charts.keys()
    assert "rejects" not in charts
    sqlite3.connect(tmp_path / "b.db").execute("CREATE TABLE t (a)").connection.close()
    with TelemetryStore(tmp_path / "b.db") as foreign, foreign.reader() as reader:
        assert dashboard(Survey(reader), "b", "7 days")["charts"].keys() == {
            name for name in charts if name[:2] == "n-"
        }


def test_descriptions_and_facets(store: TelemetryStore) -> None:
    """Datasette is told what `_tables` knows; facets are columns of few values; own tables are hidden."""
    with store.reader() as reader:
        told = metadata(Survey(reader), "a", "24 hours")["databases"]["a"]["tables"]
    assert told["chat"]["description"] == "What agents <say>."
    assert told["tools"]["facets"] == ["event_type", "agent_id"]
    assert told["tools"]["sort_desc"] == "timestamp"
    assert told["_rejects"] == {"hidden": True}


def test_wide_windows_are_not_shown_first(store: TelemetryStore) -> None:
    """A quiet database shows a week, a busy one less."""
    with store.reader() as reader:
        assert Survey(reader).first_window() == "7 days"
        assert Survey(reader).first_window(most=67) == "1 hour"


def get(app, path: str, method: str = "GET", host: str = "127.0.0.1:8001", **options):
    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await client.request(method, path, **options)

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    for store in filled(tmp_path_factory.mktemp("served")):
        made = server.Dashboard(store).datasette()
        yield made
        made.executor.shutdown()
        for database in made.databases.values():
            database.close()


@pytest.fixture
def app(served):
    return served.app()


def test_every_page_answers(app) -> None:
    """Dashboard, charts' data, table pages with facets, the view of all events and canned queries answer."""
    page = get(app, "/-/dashboards/telemetry", params=ALL)
    assert page.status_code == 200
    charts = [json.loads(text) for text in re.findall(r"renderChart\('[^']*', (\{.*?\}), '", page.text)]
    assert len(charts) == 13
    for chart in charts:
        data = get(app, f"/a.json?{urlencode({'sql': chart['query'], '_shape': 'objects', **ALL})}").json()
        assert data.get("rows"), (chart["title"], data)
    for path in ("/", "/a", "/a/chat", "/a/tools", "/a/all_events", "/a/heartbeat_gaps?window=all",
                 "/a/everything_about_an_agent?agent_id=x"):  # fmt: skip
        assert get(app, path).status_code == 200, path


def test_canned_queries_answer(app, served) -> None:
    """Questions that the tables can answer are canned queries, and run with their defaults and with parameters."""
    names = served.metadata("queries", database="a")
    assert {"busiest_agents", "heartbeat_gaps", "everything_about_an_agent", "newest_errors"} <= names.keys()
    assert "confidence_over_time" not in names  # no table has such a column
    for name in names:
        answer = get(app, f"/a/{name}.json?_shape=objects")
        assert answer.status_code == 200, (name, answer.text[:500])
    gaps = "/a/heartbeat_gaps.json?_shape=array&since=2026-01-01&seconds=600"
    assert [row["seconds"] for row in get(app, gaps).json()] == [1620.0]
    assert len(get(app, "/a/busiest_agents.json?_shape=array&since=2026-01-01&limit=1").json()) == 1


def test_full_text_search(store: TelemetryStore) -> None:
    """A table with a search index has a search on its page; a canned query looks through all such tables."""
    connection = sqlite3.connect(store.settings.database)
    for table, column in (("chat", "text"), ("tools", "message")):
        index = f"_search_{table}"
        connection.execute(
            f'CREATE VIRTUAL TABLE "{index}" USING fts5("{column}", content="{table}", content_rowid=\'rowid\')'
        )
        connection.execute(f"INSERT INTO {index} (rowid, {column}) SELECT rowid, {column} FROM {table}")
    connection.commit()
    connection.close()
    made = server.Dashboard(store).datasette()
    app = made.app()
    page = get(app, "/a/chat?_search=alert").text
    assert 'type="search"' in page
    assert "1 row" in page
    assert "0 rows" in get(app, "/a/chat?_search=nowhere").text
    found = get(app, "/a/search.json?_shape=array&words=no").json()
    assert [(row["table"], row["found"]) for row in found] == [("tools", "<b>[no]</b>")]
    assert get(app, "/a/search.json?_shape=array&words=%22*(").json() == []
    made.executor.shutdown()
    made.databases["a"].close()


def test_a_restored_database_is_shown(store: TelemetryStore, tmp_path: Path) -> None:
    """When another file takes the place of the database, the next page reads that one."""
    made = server.Dashboard(store).datasette()
    app = made.app()
    count = "/a.json?sql=select+count(*)+as+n+from+chat&_shape=array"
    assert get(app, count).json() == [{"n": 1}]
    with TelemetryStore(tmp_path / "b.db") as other:
        for _ in range(3):
            other.record("chat", text="new")
    store.close()
    os.replace(tmp_path / "b.db", store.settings.database)
    assert get(app, count).json() == [{"n": 3}]
    made.executor.shutdown()
    made.databases["a"].close()


@pytest.mark.parametrize("command_name", ["dashboard", "report"])
def test_a_database_that_cannot_be_read(tmp_path: Path, command_name: str, monkeypatch) -> None:
    """A file that is no database is one error with a hint, not a traceback."""
    from typer.testing import CliRunner

    from telemetry_store.cli import app as command_line
    from telemetry_store.errors import DatabaseError

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.db").write_bytes(b"no database at all\n" * 100)
    done = CliRunner().invoke(command_line, [command_name, "--db", "a.db"])
    assert isinstance(done.exception, DatabaseError)


def test_without_the_extra(store: TelemetryStore, monkeypatch) -> None:
    """Without Datasette the command says what to install."""
    from typer.testing import CliRunner

    from telemetry_store.cli import app as command_line

    monkeypatch.delitem(sys.modules, "telemetry_store.dashboard.server")
    monkeypatch.setitem(sys.modules, "datasette.app", None)
    done = CliRunner().invoke(command_line, ["dashboard", "--db", store.settings.database])
    assert "telemetry-store[dashboard]" in str(done.exception)


def test_markup_in_events_stays_text(app) -> None:
    """What events say reaches the tables of the dashboard without a tag: the plugin uses innerHTML."""
    page = get(app, "/-/dashboards/telemetry", params=ALL).text
    charts = [json.loads(text) for text in re.findall(r"renderChart\('[^']*', (\{.*?\}), '", page)]
    (newest,) = [chart for chart in charts if chart["title"] == "Newest errors"]
    data = get(app, f"/a.json?{urlencode({'sql': newest['query'], '_shape': 'objects', **ALL})}").json()
    assert data["rows"][0]["message"] == "&lt;b&gt;no&lt;/b&gt;"
    assert not any("<" in str(value) for row in data["rows"] for value in row.values())


@pytest.mark.parametrize(
    "sql",
    ["DELETE FROM chat", "ATTACH 'x.db' AS x", "PRAGMA journal_mode=delete", "WITH a AS (SELECT 1) DELETE FROM chat",
     "VACUUM INTO 'x.db'", "SELECT load_extension('x')", "SELECT writefile('x', 'y')", "WITH a AS (SELECT 1) INSERT INTO chat(timestamp) VALUES ('x')",
     "SELECT length(zeroblob(100000000))",
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 12) SELECT hex(randomblob(4000000)) FROM n"],
)  # fmt: skip
def test_sql_of_visitors_only_reads(app, served, sql: str) -> None:
    """Statements that write, attach or fill the memory are refused, and no file appears."""
    folder = Path(served.databases["a"].path).parent
    before = sorted(os.listdir(folder))
    assert get(app, f"/a.json?{urlencode({'sql': sql})}").status_code == 400
    assert sorted(os.listdir(folder)) == before
    assert get(app, "/a.json?sql=select+count(*)+as+n+from+chat&_shape=array").json() == [{"n": 1}]


def test_sql_of_visitors_is_stopped(app) -> None:
    """A query that goes on for ever ends with the time limit."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    answer = get(app, f"/a.json?{urlencode({'sql': endless, '_timelimit': '50'})}")
    assert answer.status_code == 400
    assert "time limit" in answer.text.lower()


def test_the_database_file_is_not_handed_out(app) -> None:
    """Datasette would read it by hand, which drops SQLite's locks."""
    assert get(app, "/a.db").status_code == 403


async def hello(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    cookies = [value for name, value in scope["headers"] if name == b"cookie"]
    await send({"type": "http.response.body", "body": b"hello" + b"".join(cookies)})


@pytest.mark.parametrize(("host", "own"), [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
                                           ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("example.org", False)])  # fmt: skip
def test_exposure_needs_a_secret(host: str, own: bool) -> None:
    """An address that others can reach is refused without a secret, and with a short one."""
    assert is_loopback(host) is own
    if not own:
        with pytest.raises(UsageError, match="no secret"):
            Guard(hello, host)
    with pytest.raises(UsageError, match="characters"):
        Guard(hello, host, "short")
    Guard(hello, host, SECRET)


def test_the_secret_opens(store: TelemetryStore) -> None:
    """403 without the secret or with a wrong one; 200 with it as a header, or as the cookie that the form gives."""
    guard = Guard(hello, "0.0.0.0", SECRET)
    for path in ("/", "/-/dashboards/telemetry", "/a.json?sql=select+1", "/-/static/app.css"):
        refused = get(guard, path, host="box")
        assert refused.status_code == 403
        assert "hello" not in refused.text
    assert get(guard, "/", headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert get(guard, "/", headers={"Cookie": "telemetry_dashboard=wrong"}).status_code == 403
    assert get(guard, "/", headers={"Authorization": f"Bearer {SECRET}"}).text == "hello"
    assert get(guard, "/-/secret", "POST", data={"secret": "wrong"}).status_code == 403
    entered = get(guard, "/-/secret", "POST", data={"secret": SECRET})
    assert entered.status_code == 303
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert SECRET not in cookie
    inside = get(guard, "/", headers={"Cookie": f"other=1; {cookie.split(';')[0]}"})
    assert inside.text == "helloother=1"


def test_other_names_of_this_machine_are_refused() -> None:
    """A page elsewhere whose name is made to resolve to this machine gets nothing."""
    guard = Guard(hello, "127.0.0.1")
    assert get(guard, "/", host="evil.example:8001").status_code == 403
    for name in ("127.0.0.1:8001", "localhost:1", "[::1]:8001", "localhost"):
        assert get(guard, "/", host=name).status_code == 200


def test_other_sites_ask_nothing() -> None:
    """A page of another site cannot have the browser run SQL here; a link to a page works."""
    guard = Guard(hello, "127.0.0.1")
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert get(guard, "/a.json?sql=select+1", headers=image).status_code == 403
    assert get(guard, "/a.json?sql=select+1", headers=link).status_code == 403
    assert get(guard, "/-/dashboards/telemetry", headers=image).status_code == 403
    assert get(guard, "/-/dashboards/telemetry", headers=link).status_code == 200
    assert get(guard, "/a.json?sql=select+1", headers=own).status_code == 200


def test_pages_may_not_leave_this_server() -> None:
    """Every answer carries a policy under which pages load from and send to this server only."""
    policy = get(Guard(hello, "127.0.0.1"), "/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "telemetry_store.cli", "dashboard", *map(str, arguments)]


def test_the_command_serves_what_is_in_the_spool(tmp_path: Path) -> None:
    """Events that a killed process has left are shown; Ctrl-C ends it with status 0."""
    path = tmp_path / "my data.db"
    code = ("import os,sys; from telemetry_store import *; s = TelemetryStore(settings=Settings(sys.argv[1], drain_interval=0))\n"
            "s.record('chat', agent_id='y', text='left'); os.kill(os.getpid(), 9)")  # fmt: skip
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, cwd=ROOT)
    with subprocess.Popen(command("--db", path, "--port", 0), stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline().startswith("dashboard of")
        url = process.stdout.readline().strip()
        base = url.partition("/-/")[0]
        try:
            assert httpx.get(url, follow_redirects=True, timeout=30).status_code == 200
            said = httpx.get(f"{base}/my_data.json?sql=select+text+from+chat&_shape=arrays", timeout=30).json()
            assert said["rows"] == [["left"]]
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_refusals_of_the_command(store: TelemetryStore) -> None:
    """An exposed address without a secret is refused in one line."""
    exposed = command("--db", store.settings.database, "--host", "0.0.0.0")
    done = subprocess.run(exposed, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "there is no secret" in done.stderr


def test_new_tables_are_drawn(store: TelemetryStore) -> None:
    """A table that appears while the dashboard runs gets its place in the charts, and so do the first rejects."""
    shown = server.Dashboard(store)
    store.record("later", agent_id="x")
    store.flush()
    shown.look()
    charts = shown.metadata["plugins"]["datasette-dashboards"]["telemetry"]["charts"]
    assert '"later"' in charts["events"]["query"]
    assert "rejects" not in charts
    store.declare(EventTable("strict", columns={"a": "INTEGER"}, new_keys="freeze"))
    store.record("strict", b="no such column")
    store.flush()
    shown.look()
    assert "rejects" in shown.metadata["plugins"]["datasette-dashboards"]["telemetry"]["charts"]

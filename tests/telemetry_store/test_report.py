"""The report: one file with everything inside, and nothing in it that runs."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from telemetry_store import TelemetryStore
from telemetry_store.dashboard.charts import CHARTS
from telemetry_store.report import svg
from telemetry_store.report.figures import collect
from telemetry_store.report.page import page

ROOT = Path(__file__).parents[2]
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path):
    with TelemetryStore(tmp_path / "a&b.db") as made:
        for minute in [*range(20), *range(40, 60)]:
            made.record("daemon_heartbeat", agent_id=MARKUP, timestamp=f"2026-03-01T10:{minute:02}:00Z")
        made.record("errors", agent_id="x", message=MARKUP, timestamp="2026-03-01T10:30:00Z", event_type=MARKUP)
        made.record("chat", text="old", timestamp="2025-03-01T10:30:00Z")
        made.flush()
        yield made


class Reader(HTMLParser):
    """Collects what could run or load something, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.depth: list[str] = []

    def handle_starttag(self, tag: str, attributes) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag not in ("meta", "br"):
            self.depth.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.depth.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.depth == []
    return reader


def test_what_it_says(store: TelemetryStore) -> None:
    """Totals, charts, errors with what they say, silences, tables and findings of one window are there."""
    found = read(page(collect(store, "24 hours", NOW)))
    for text in ("41", "errors", "silent", "1,260.0", "daemon_heartbeat", "2025-03-01 10:30:00", "made 2026-03-02 00:00:00",
                 "2026-03-01 10:00:00 to 2026-03-01 10:59:00", "sqlite"):  # fmt: skip
        assert text in found.text, text
    assert "svg" in found.tags


def test_nothing_runs_and_nothing_is_loaded(store: TelemetryStore) -> None:
    """Markup in events, names of agents and the path is text; no tag or attribute of the page runs or loads anything."""
    text = page(collect(store, "all", NOW))
    found = read(text)
    assert MARKUP in found.text
    assert found.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "div", "dt", "dd", "section", "svg", "rect",
                          "text", "line", "span", "i", "table", "thead", "tbody", "tr", "th", "td", "br"}  # fmt: skip
    assert not {name for name in found.attributes if name.startswith("on") or name in ("src", "href")}
    assert "url(" not in text
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src 'none'" in text


def test_figures_of_the_window(store: TelemetryStore) -> None:
    """A wider window has more events; all figures are those of the dashboard's statements."""
    day, everything = collect(store, "24 hours"), collect(store, "all")
    assert (day.totals["Events"], everything.totals["Events"]) == ("41", "42")
    assert sum(row["events"] for row in everything.rows["events"]) == 42
    assert [row["message"] for row in day.rows["latest-errors"]] == [MARKUP]


def test_an_empty_database(tmp_path: Path) -> None:
    """A database without events has a report as well, and so has one that is not ours."""
    with TelemetryStore(tmp_path / "a.db") as made:
        with made.transaction():
            pass
        assert "no events" in page(collect(made))
    other = tmp_path / "other.db"
    sqlite3.connect(other).execute("CREATE TABLE t (a)").connection.close()
    with TelemetryStore(other) as made:
        assert "no events" in page(collect(made))


def test_a_wrong_time_empties_no_chart(tmp_path: Path) -> None:
    """Rows of others with texts that are no time, or far in the future, leave the rest as it is."""
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE heartbeats (agent_id TEXT, created_at TEXT)")
    connection.execute("CREATE INDEX h ON heartbeats (agent_id)")
    connection.execute(
        "INSERT INTO heartbeats VALUES ('x', ''), ('x', 'soon'), ('x', '2999-01-01'), (NULL, NULL), ('x', '2026-03-01 10:00:00')"
    )
    connection.commit()
    connection.close()
    with TelemetryStore(tmp_path / "a.db") as made:
        made.record("chat", agent_id="x", timestamp="2026-03-01T10:30:00Z")
        made.flush()
        found = collect(made, "24 hours")
    assert found.totals["Events"] == "2"
    read(page(found))


def test_many_buckets_and_tables_stay_small() -> None:
    """A picture has at most 150 bars side by side, whatever the window; the counts add up."""
    (chart,) = (chart for chart in CHARTS if chart.name == "events")
    times = [datetime.fromtimestamp(60 * place, UTC).isoformat() for place in range(20_001)]
    rows = [
        {"table": f"t{place % 30}", "start": times[place], "finish": times[place + 1], "events": 1}
        for place in range(20_000)
    ]
    text = svg.over_time(chart, rows, (0.0, 60.0 * 20_000), svg.palette(f"t{place}" for place in range(30)))
    assert len(set(re.findall(r'<rect x="([\d.]+)"', text))) <= 150
    assert sum(int(count.replace(",", "")) for count in re.findall(r": ([\d,]+) t\d+</title>", text)) == 20_000
    assert len(text) < 1 << 20


def test_the_command_writes_one_file(store: TelemetryStore, tmp_path: Path) -> None:
    """`telemetry report` writes the file and says how large it is; the window is counted back from the newest event."""
    target = tmp_path / "out.html"
    command = [
        sys.executable,
        "-m",
        "telemetry_store.cli",
        "report",
        "--db",
        store.settings.database,
        "-o",
        str(target),
    ]
    done = subprocess.run([*command, "--last", "15m"], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.startswith(str(target))
    assert "2026-03-01 10:44:00 to 2026-03-01 10:59:00" in target.read_text(encoding="utf-8")
    assert target.stat().st_size < 2 << 20
    done = subprocess.run([*command, "--last", "soon"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2

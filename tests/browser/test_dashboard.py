"""The dashboard in a browser: everything is drawn, filters work, nothing is wrong in the console, nothing leaves.

TELEMETRY_ROWS changes the size of the database; TELEMETRY_SCREENSHOTS names a folder that gets a picture.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.browser.million import MARKUP, fill

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
ROOT = Path(__file__).parents[2]
ROWS = int(os.environ.get("TELEMETRY_ROWS", "1000000"))
SCREENSHOTS = os.environ.get("TELEMETRY_SCREENSHOTS")
SECRET = "correct horse battery"
#: Tells whether every chart is drawn: marks in a picture, rows in a table, a figure.
DRAWN = """() => {
  const cards = [...document.querySelectorAll('.dashboard-card-chart')];
  return cards.length > 0 && cards.every(card => {
    const picture = card.querySelector('svg.marks, canvas.marks');
    return picture ? picture.getBoundingClientRect().width > 50 && (picture.tagName == 'canvas' || picture.querySelector('.mark-rect path'))
                   : card.querySelector('tbody td, p')?.innerText;
  });
}"""


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("million") / "foundups.db"
    fill(path, ROWS)
    return path


def serve(database: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "telemetry_store.cli", "dashboard", "--db", str(database), "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().startswith("dashboard of")
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0


@pytest.fixture(scope="module")
def url(database: Path) -> Iterator[str]:
    yield from serve(database)


@pytest.fixture(scope="module")
def browser():
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


class Watched:
    """A page and all that it complains about or asks for elsewhere."""

    def __init__(self, browser) -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.requests = 0
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._request)

    def _request(self, request) -> None:
        self.requests += 1
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:", "file:")):
            self.foreign.append(request.url)

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_load_state("networkidle")

    def figure(self, name: str) -> str:
        return self.page.inner_text(f"#chart-{name}")


@pytest.fixture
def watched(browser) -> Iterator[Watched]:
    made = Watched(browser)
    yield made
    made.page.close()
    assert made.complaints == []
    assert made.foreign == []
    assert made.requests > 0


def test_everything_is_drawn(watched: Watched, url: str) -> None:
    """Every chart of the first page is drawn, without an error in the console and without a request elsewhere."""
    started = time.perf_counter()
    watched.page.goto(url)
    watched.page.wait_for_function(DRAWN, timeout=60_000, polling=50)
    took, load = time.perf_counter() - started, os.getloadavg()[0]
    print(
        f"\nfirst page of {ROWS} rows, all charts drawn: {took:.2f} s, at a load of {load:.1f} on {os.cpu_count()} cores"
    )
    watched.page.wait_for_load_state("networkidle")
    assert watched.page.locator(".dashboard-card-chart").count() == 16
    assert watched.page.locator(".dashboard-card-chart svg.marks").count() == 6
    if SCREENSHOTS:
        watched.page.screenshot(path=f"{SCREENSHOTS}/dashboard.png", full_page=True)


def test_an_agent_is_chosen(watched: Watched, url: str) -> None:
    """Choosing an agent changes figures and charts to that agent's."""
    watched.open(url)
    before = watched.figure("n-events")
    assert watched.figure("n-agents") == "24"
    watched.page.select_option("#agent", "agent_07")
    watched.page.click("input[value=Apply]")
    watched.page.wait_for_function(DRAWN, timeout=60_000, polling=50)
    assert "agent=agent_07" in watched.page.url
    assert watched.figure("n-agents") == "1"
    assert 0 < int(watched.figure("n-events").replace(",", "")) < int(before.replace(",", ""))
    labels = watched.page.locator("#chart-agents .role-axis-label text").all_text_contents()
    assert "agent_07" in labels
    assert not [text for text in labels if re.match(r"agent_(?!07)", text)]


def test_a_window_is_chosen(watched: Watched, url: str) -> None:
    """A narrower window has fewer events; a day before all events has none, and says so in every chart."""
    watched.open(url)
    first = int(watched.figure("n-events").replace(",", ""))
    watched.page.select_option("#window", "1 hour")
    watched.page.click("input[value=Apply]")
    watched.page.wait_for_function(DRAWN, timeout=60_000, polling=50)
    assert 0 < int(watched.figure("n-events").replace(",", "")) < first / 5
    watched.page.fill("#until", "2020-01-01")
    watched.page.click("input[value=Apply]")
    watched.page.wait_for_load_state("networkidle")
    assert watched.figure("n-events") == "0"
    assert "nothing" in watched.page.inner_text("#chart-latest-errors")


def test_markup_in_events_stays_text(watched: Watched, url: str) -> None:
    """A script in an event, and in the name of an agent, is shown, not run."""
    watched.open(f"{url}?{urlencode({'window': '7 days', 'until': '', 'agent': MARKUP})}")
    watched.page.wait_for_function(DRAWN, timeout=60_000, polling=50)
    assert MARKUP in watched.page.inner_text("#chart-latest-errors")
    watched.page.hover("#chart-agents .mark-rect path >> nth=0")
    assert watched.page.evaluate("window.pwned") is None


@pytest.mark.parametrize(
    "path",
    ["/", "/foundups", "/foundups/module_events", "/foundups/module_events?level=ERROR", "/foundups/all_events?agent_id=agent_07",
     "/foundups/everything_about_an_agent?agent_id=agent_07", "/-/dashboards/telemetry/events?window=7+days"],
)  # fmt: skip
def test_other_pages(watched: Watched, url: str, path: str) -> None:
    """Tables with facets, the view of all events, canned queries and single charts open without a complaint."""
    watched.open(url.partition("/-/")[0] + path)
    assert watched.page.title()
    assert "Error" not in watched.page.title()
    if path.endswith("module_events"):
        assert "step_failed" in watched.page.inner_text(".facet-results")


def test_a_secret_is_asked_for(browser, database: Path) -> None:
    """With a secret, a visitor sees a form only; after it the dashboard, in which the cookie is out of scripts' reach."""
    for url in serve(database, "--secret", SECRET):
        context = browser.new_context()
        page = context.new_page()
        assert page.goto(url).status == 403
        assert page.locator(".dashboard-card").count() == 0
        page.fill("input[name=secret]", SECRET)
        page.click("button")
        page.wait_for_load_state("networkidle")
        assert page.goto(url).status == 200
        page.wait_for_function(DRAWN, timeout=60_000, polling=50)
        assert "telemetry_dashboard" not in page.evaluate("document.cookie")
        context.close()


def test_the_report(watched: Watched, database: Path, tmp_path: Path) -> None:
    """The report of a million events is one file of at most 2 MB, whose pictures are drawn and whose markup is text."""
    target = tmp_path / "report.html"
    command = [sys.executable, "-m", "telemetry_store.cli", "report", "--db", str(database), "-o", str(target)]
    subprocess.run([*command, "--last", "all"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert target.stat().st_size <= 2_000_000
    watched.open(target.as_uri())
    assert watched.page.locator("svg rect").count() > 100
    assert watched.page.locator("svg").first.bounding_box()["width"] > 500
    assert watched.page.inner_text("dl").startswith("events")
    assert watched.page.evaluate("window.pwned") is None
    assert watched.requests == 1

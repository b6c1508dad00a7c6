"""`telemetry demo`: the whole road on a small sample project, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry_store.errors import UsageError
from telemetry_store.import_path import trusted
from telemetry_store.store import TelemetryStore
from telemetry_store.terminal import table
from telemetry_store.worker import start_program

if TYPE_CHECKING:
    import subprocess

#: The file that says that a folder is a demo's.
_MARK = ".telemetry-demo"
#: The processes that record, and how many heartbeats each.
_WRITERS = ("writer_1", "writer_2", "writer_3")
_BEATS = 600
_ACROSS = """
SELECT p.agent_id, p.granted, p.revoked, round(c.confidence, 2) AS confidence, m.messages
FROM (SELECT agent_id, sum(event_type = 'granted') AS granted, sum(event_type = 'revoked') AS revoked
      FROM permission_events GROUP BY agent_id) AS p
JOIN (SELECT agent_id, avg(confidence) AS confidence FROM confidence_events GROUP BY agent_id) AS c USING (agent_id)
JOIN (SELECT agent_id, count(*) AS messages FROM chat_messages GROUP BY agent_id) AS m USING (agent_id)
ORDER BY p.agent_id
""".strip()
_PER_WRITER = "SELECT agent_id, count(*) AS n FROM daemon_heartbeat WHERE agent_id LIKE 'writer_%' GROUP BY 1"
_NEWEST = (
    "SELECT timestamp, \"table\", event_type, session_id FROM all_events WHERE agent_id = 'agent_3' "
    "ORDER BY timestamp DESC LIMIT 6"
)


def sample_project() -> Path:
    """Where the sample project is: in the package when it was installed, else in the checkout."""
    here = Path(__file__).resolve().parent
    for place in (here / "sample_project", here.parent / "examples" / "sample_project"):
        if place.is_dir():
            return place
    raise UsageError("the sample project is not installed", "reinstall telemetry-store, or run it in a checkout")


def prepare(folder: Path) -> None:
    """Make the demo's folder, or empty that of an earlier demo.

    Raises:
        UsageError: it holds something else.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise UsageError(f"{folder} is not empty, and not from an earlier demo", "name a new folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("made by `telemetry demo`; safe to delete\n", encoding="utf-8")


def run(folder: Path) -> None:
    """Run the demo in a folder.

    Raises:
        UsageError: the folder holds something else.
    """
    prepare(folder)
    project, database = folder / "project", folder / "data" / "foundups.db"
    shutil.copytree(sample_project(), project, ignore=shutil.ignore_patterns("__pycache__"))
    _make_lines(project)
    _audit(project, folder / "migration")
    _import(folder / "migration" / "telemetry.toml", database)
    _ask(database)
    _switch(project, database)
    _draw(database, folder / "report.html")
    _say_how(folder)


def _started(project: Path, package: str, *arguments: str, captured: bool = False) -> subprocess.Popen[str]:
    """A process of the sample project; it has the packages of this one."""
    command = [sys.executable, "-m", f"{package}.run", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(trusted(sys.path))}
    return start_program(command, folder=project, environment=environment, captured=captured)


def _step(text: str) -> None:
    print(f"\n━━ {text}\n", flush=True)


def _make_lines(project: Path) -> None:
    _step("1. A small codebase runs. Seven modules append JSON lines, each its own way; two processes share one file.")
    if _started(project, "legacy", ".").wait():
        raise UsageError("the sample project does not run", "reinstall telemetry-store")
    for path in sorted(project.rglob("*.jsonl")):
        lines = path.read_bytes().count(b"\n")
        print(f"   {path.relative_to(project)!s:36} {lines:5} lines {path.stat().st_size:9,} bytes")


def _audit(project: Path, migration: Path) -> None:
    _step("2. `telemetry audit` and `telemetry plan`: who writes and reads what, how risky it is, what to do.")
    import audit

    report = audit.audit(project, exclude=["switched"])
    text = report.as_text()
    worst, _, others = text.partition("\nMEDIUM RISK")
    print(worst)
    written = audit.write_plan(report, migration).written
    if others:
        (migration / "audit.txt").write_text(text + "\n", encoding="utf-8")
        print(f"   the other targets are in {migration / 'audit.txt'}\n")
    for path in written:
        print(f"   wrote {path}")


def _import(plan: Path, database: Path) -> None:
    _step("3. `telemetry import` and `telemetry verify`: every line into its table, exactly once; torn lines are kept.")
    from importers import import_paths, load, verify

    chosen = load(plan)
    with TelemetryStore(database) as store:
        files = import_paths(store, plan=chosen)
        again = import_paths(store, plan=chosen)
        verified = verify(store, plan=chosen)
    names = ("table", "read", "imported", "duplicate", "rejected", "blank")
    print(table([{name: getattr(file, name) for name in names} for file in files]))
    print(f"\n   imported again: {sum(file.imported for file in again)} rows added")
    equal, missing = sum(file.equal for file in verified), sum(file.missing for file in verified)
    print(f"   verified: {equal} events come back equal, {missing} do not")


def _ask(database: Path) -> None:
    _step("4. SQL across modules: permissions, confidence and chat of each agent in one query.")
    print(_ACROSS + "\n")
    with TelemetryStore(database) as store:
        print(table(store.query(_ACROSS)))
        print("\n   … and everything about one agent, newest first, whatever the table:\n")
        print(table(store.query(_NEWEST)))


def _switch(project: Path, database: Path) -> None:
    _step(
        "5. The modules are switched to store.record. Three processes record, this one queries; one is killed with -9."
    )
    place = str(database.resolve())
    writers = {name: _started(project, "switched", place, name, str(_BEATS), captured=True) for name in _WRITERS}
    with TelemetryStore(database) as store:
        _watch(store, writers)
        safe = {name: _last_number(writer.communicate()[0]) for name, writer in writers.items()}
        rows = {row["agent_id"]: row["n"] for row in store.query(_PER_WRITER)}
    compared = [
        {"process": name, "was told they are safe": safe[name], "in the database": rows.get(name, 0)}
        for name in _WRITERS
    ]
    print("\n" + table(compared))
    lost = sum(max(safe[name] - rows.get(name, 0), 0) for name in _WRITERS)
    print(f"\n   lost: {lost}")
    if lost:
        raise UsageError("the demo has lost events that were acknowledged", "please report this")


def _watch(store: TelemetryStore, writers: dict[str, subprocess.Popen[str]]) -> None:
    """Look at what comes in until the writers have ended, half a minute at most; kill the first of them meanwhile."""
    victim: str | None = _WRITERS[0]
    for look in range(200):
        time.sleep(0.15)
        heartbeats = sum(row["n"] for row in store.query(_PER_WRITER))
        if look % 3 == 0:
            print(f"   the reader sees {heartbeats:5} heartbeats", flush=True)
        if heartbeats > _BEATS and victim is not None:
            writers[victim].send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            print(f"   {victim} is killed", flush=True)
            victim = None
        if all(writer.poll() is not None for writer in writers.values()):
            break


def _last_number(output: str) -> int:
    lines = output.split()
    return int(lines[-1]) if lines else 0


def _draw(database: Path, target: Path) -> None:
    from telemetry_store.report.figures import collect
    from telemetry_store.report.page import page

    _step("6. `telemetry report`: what happened, as one HTML file; `telemetry dashboard` serves it live.")
    with TelemetryStore(database) as store:
        target.write_text(page(collect(store)), encoding="utf-8")
    print(f"   wrote {target}; open it in a browser")


def _say_how(folder: Path) -> None:
    _step("7. The same on your own repository.")
    telemetry = "telemetry"
    if os.path.basename(sys.argv[0]) == telemetry and shutil.which(telemetry) is None:
        telemetry = sys.argv[0]  # where it is, since the shell would not find it
    print(
        f"""   {telemetry} audit .                                # what is there
   {telemetry} plan . --output migration              # which file goes into which table; review it
   {telemetry} import --plan migration/telemetry.toml --db data/foundups.db       # as often as you like
   {telemetry} verify --plan migration/telemetry.toml --db data/foundups.db
   {telemetry} stats --db data/foundups.db
   {telemetry} query "SELECT * FROM all_events ORDER BY timestamp DESC LIMIT 20" --db data/foundups.db

   and in the code, instead of open(..., "a"):

   from telemetry_store import get_store
   get_store().record("permission_events", agent_id="agent_3", event_type="granted")

   This demo's database: {telemetry} timeline --where agent_id=agent_3 --db {folder / "data" / "foundups.db"}"""
    )

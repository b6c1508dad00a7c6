"""The command in a folder that is full of modules with the names of those that it needs: it runs none of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from telemetry_store import Settings, TelemetryStore
from telemetry_store.care.backup import back_up
from telemetry_store.care.retention import prune
from telemetry_store.cli import app

ROOT = Path(__file__).parents[2]
ENTRY = ROOT / "telemetry_store" / "entry"
#: What a shadow does when it is run.
SHADOW = "open({place!r}, 'a').write(__name__ + '\\n')\n"
#: Python itself runs these before any script.
PYTHONS_OWN = {"__main__", "sitecustomize", "usercustomize"}
OPENER = "import sqlite3\nsqlite3.connect('old.db')\n"
#: What the sources of the audit are: more than one process takes alone.
SOURCES = {f"source_{number}.py": f"open('{number}.jsonl', 'a').write('{{}}\\n')\n" for number in range(40)}
TRACED = [sys.executable, "-P", "-c", "open('traced.jsonl', 'a').write('{}\\n')"]
LONG = pytest.mark.crash

#: Each command, as it is used; `{db}` is a database with events, `{new}` one that is not there yet.
COMMANDS: dict[str, list[list[str]]] = {
    "audit": [[".", "--no-cache"], [".", "--trace", "--no-profile", "--no-cache", "--", *TRACED]],
    "plan": [[".", "--output", "drafted", "--no-cache"]],
    "import": [["{data}/large.jsonl", "--db", "{new}"], ["{data}/small.jsonl", "--dry-run", "--db", "{new}"]],
    "rejects": [["--db", "{db}"]],
    "verify": [["{data}/small.jsonl", "--db", "{db}"]],
    "follow": [["{data}/small.jsonl", "--once", "--db", "{new}"]],
    "merge": [["{data}/old.db", "--db", "{new}"]],
    "query": [
        ["SELECT count(*) FROM events", "--db", "{db}"],
        ["SELECT hex(zeroblob(10)) || 'x' FROM events LIMIT 1", "--db", "{db}"],
        ["--named", "events_per_hour", "--db", "{db}"],
        ["SELECT count(*) AS n FROM events", "--archive", "{data}/archive", "--db", "{db}"],
    ],
    "timeline": [["--db", "{db}"]],
    "tail": [["events", "--no-follow", "--db", "{db}"]],
    "search": [["recorded", "--build", "--db", "{db}"]],
    "stats": [["--db", "{db}"]],
    "schema": [["--db", "{db}"]],
    "export": [["events", "--to", "out.jsonl", "--db", "{db}"], ["events", "--to", "out.parquet", "--db", "{db}"]],
    "dashboard": [["--port", "0", "--db", "{db}"]],
    "report": [["--db", "{db}"]],
    "drain": [["--db", "{db}"]],
    "doctor": [["--full", "--db", "{db}"]],
    "backup": [["backups", "--db", "{db}"]],
    "restore": [["{data}/backup.db", "--db", "{new}"]],
    "prune": [["--older-than", "1d", "--archive", "kept", "--dry-run", "--db", "{db}"]],
    "demo": [["shown"]],
}
#: The ways that start processes of ours are always tried, the others with PYTHONPATH=. alone unless there is time.
STARTING = {"audit-0", "audit-1", "import-0", "merge-0", "query-1", "query-3"}
CASES = [
    pytest.param(variable, name, arguments, id=f"{case}-{kind}",
                 marks=[LONG] if name in ("demo", "dashboard") or (kind == "plain" and case not in STARTING) else [])
    for name, ways in COMMANDS.items()
    for case, arguments in ((f"{name}-{place}", way) for place, way in enumerate(ways))
    for kind, variable in (("plain", ""), ("pythonpath", "."))
]  # fmt: skip


def test_all_commands_are_tried() -> None:
    """A new command belongs into the table above."""
    assert set(COMMANDS) == {command.name or command.callback.__name__ for command in app.registered_commands}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script of this checkout, or, where it is not installed, one that finds the entry as an installed one does."""
    installed = Path(sys.executable).with_name("telemetry")
    paths = [entry for entry in sys.path if (Path(entry) / "telemetry_store_command.py").exists()]
    if installed.exists() and "telemetry_store_command" in installed.read_text() and paths[:1] == [str(ENTRY)]:
        return installed
    made = tmp_path_factory.mktemp("bin") / "telemetry"
    made.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.append({str(ENTRY)!r})\n"
        "from telemetry_store_command import main\nsys.exit(main())\n"
    )
    made.chmod(0o755)
    return made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands work on: files, databases, an archive."""
    data = tmp_path_factory.mktemp("data")
    line = json.dumps({"timestamp": "2026-01-01T00:00:00Z", "agent_id": "a", "text": "x" * 900}) + "\n"
    (data / "small.jsonl").write_text(line * 10)
    (data / "large.jsonl").write_text(line * ((17 << 20) // len(line)))
    with closing(sqlite3.connect(data / "old.db")) as old, old:
        old.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, body)")
        old.executemany("INSERT INTO things (body) VALUES (?)", [("x" * 4000,)] * 2500)  # more than 8 MiB
    settings = Settings(str(data / "a.db"))
    with TelemetryStore(settings=settings) as store:
        for number in range(50):
            store.record("events", agent_id="a", text="recorded", n=number)
        store.record("events", text="recorded", timestamp="2020-01-01T00:00:00Z")
    prune(settings, 86_400.0, folder=str(data / "archive"))
    shutil.copy(back_up(settings, str(data / "backups")).path, data / "backup.db")
    return data


@pytest.fixture(scope="module")
def shadows(tmp_path_factory: pytest.TempPathFactory, script: Path) -> tuple[Path, Path, set[str]]:
    """A folder of shadows, the file where they leave their names, and the names that are loaded before the command."""
    folder, place = tmp_path_factory.mktemp("shadows"), tmp_path_factory.mktemp("run") / "names.txt"
    names = {*sys.stdlib_module_names, *packages_distributions(), "audit", "importers", "telemetry_store"} - PYTHONS_OWN
    text = SHADOW.format(place=str(place))
    for name in filter(str.isidentifier, names):
        package = name in ("audit", "importers", "rich", "pyarrow")
        path = folder / name / "__init__.py" if package else folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    for name, source in SOURCES.items():
        (folder / name).write_text(source)
    imports = "import re, sys" if "import re" in script.read_text() else "import sys"  # of an older pip
    done = subprocess.run([sys.executable, "-c", f"{imports}; print(*sys.modules)"], capture_output=True, text=True)
    return folder, place, set(done.stdout.split())


@contextmanager
def among_shadows(shadows: tuple[Path, Path, set[str]], here: Path, variable: str) -> Iterator[dict[str, str]]:
    """Variables with this PYTHONPATH while a folder has the shadows; none of them has been run at the end."""
    folder, place, early = shadows
    shutil.copytree(folder, here)
    variables = {
        name: value for name, value in os.environ.items() if not name.endswith(("_DB", "_DB_PATH", "PYTHONPATH"))
    }
    if variable:
        variables["PYTHONPATH"] = variable
        for name in early:
            (here / f"{name}.py").unlink(missing_ok=True)
    try:
        yield variables
        assert not place.exists(), place.read_text()
    finally:
        place.unlink(missing_ok=True)


@pytest.mark.parametrize(("variable", "name", "arguments"), CASES)
def test_a_command_among_shadows(
    shadows, script: Path, data: Path, tmp_path: Path, variable: str, name: str, arguments: list[str]
) -> None:
    """It works, and runs none of the modules of the working directory: neither as it is, nor with PYTHONPATH=."""
    for file in data.glob("a.db*"):
        (shutil.copytree if file.is_dir() else shutil.copy)(file, tmp_path / file.name)
    for word, path in (("{data}", data), ("{db}", tmp_path / "a.db"), ("{new}", tmp_path / "new.db")):
        arguments = [argument.replace(word, str(path)) for argument in arguments]
    here, command = tmp_path / "here", [str(script), name, *arguments]
    with among_shadows(shadows, here, variable) as variables:
        if name == "dashboard":
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=here, env=variables) as process:
                assert process.stdout.readline().startswith("dashboard of")
                process.send_signal(signal.SIGINT)
                assert process.wait(30) == 0
            return
        done = subprocess.run(command, capture_output=True, text=True, cwd=here, env=variables, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_shadows_work(shadows: tuple[Path, Path, set[str]]) -> None:
    """The control: Python that imports one of them runs it, and it leaves its name."""
    folder, place, _ = shadows
    subprocess.run([sys.executable, "-c", "import orjson"], cwd=folder, check=True)
    assert place.read_text() == "orjson\n"
    place.unlink()

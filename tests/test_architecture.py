"""The layers, the exported names and the budgets of the code, held by reading it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("telemetry_store", "importers", "audit")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
#: Files over 400 lines, and why.
LONG_FILES = {}
#: Broad excepts, and why: file → how many.
BROAD = {
    "telemetry_store/event.py": 2,  # a user's broken repr or model_dump must not lose the event
    "telemetry_store/background.py": 1,  # the background loop must live on; the error is kept and told
    "telemetry_store/frames.py": 1,  # what fails in a worker is raised by the process that started it
    "telemetry_store/ahead.py": 1,  # what fails in its thread is raised where the item would have been used
    "telemetry_store/engines/sqlite/sink.py": 1,  # undoes the transaction and raises on
}


MODULES = {
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
    for path in FILES
}


def runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes except those below `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            yield node
            yield from runtime_nodes(node)


def imports_of(path: Path, nodes: Callable[[ast.AST], Iterable[ast.AST]] = ast.walk) -> set[str]:
    """Absolute names of what a file imports, lazily, for types, or at once."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    names: set[str] = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: -node.level] if node.level else []
            module = ".".join([*parts, *filter(None, [node.module])])
            names |= {name if (name := f"{module}.{alias.name}") in MODULES else module for alias in node.names}
    return names


#: Module → what it imports, types included.
IMPORTS = {module: imports_of(path) for module, path in MODULES.items()}

#: Room → the beginnings of its modules' names; the longest beginning decides, and what has none is `record`.
ROOMS = {
    "command": ("telemetry_store.cli", "telemetry_store.commands", "telemetry_store.demo", "telemetry_store.entry"),
    "engines": ("telemetry_store.engines",),
    "sqlite": ("telemetry_store.engines.sqlite",),
    "reading": ("telemetry_store.reading",),
    "care": ("telemetry_store.care",),
    "pictures": ("telemetry_store.dashboard", "telemetry_store.report"),
    "importers": ("importers",),
    "merge": ("importers.merge",),
    "audit": ("audit",),
}
#: Room → the rooms that it may import. `engines` imports `sqlite` in one file, which chooses the engine.
ARROWS = {
    "record": {"engines"},
    "engines": {"record"},
    "sqlite": {"engines", "record"},
    "reading": {"engines", "record", "care"},
    "care": {"engines", "record"},
    "pictures": {"reading", "care", "engines", "record"},
    "importers": {"record", "engines"},
    "merge": {"sqlite", "engines", "record"},
    "audit": set(),
    "command": {"record", "engines", "reading", "care", "pictures", "importers", "merge", "audit"},
}
#: Arrows between rooms that one module has, and why: (module, room).
EXCUSED = {
    ("telemetry_store.engines", "sqlite"): "it chooses the engine that the settings name",
    ("telemetry_store.dashboard.server", "sqlite"): "Datasette serves SQLite files, and nothing else",
    ("telemetry_store.reading.questions", "sqlite"): "its questions are in SQLite's dialect so far, and stand there",
    ("importers.rehearsal", "sqlite"): "a dry run copies an SQLite file's tables",
}


def room_of(module: str) -> str:
    """The room that a module of ours is in."""
    beginnings = [
        (len(start), room) for room, starts in ROOMS.items() for start in starts if f"{module}.".startswith(f"{start}.")
    ]
    return max(beginnings)[1] if beginnings else "record"


def test_arrows_go_down_only() -> None:
    """Every import, types included, follows an arrow of docs/architecture.md, or is excused with a reason."""
    for module, names in IMPORTS.items():
        for name in names & MODULES.keys():
            here, there = room_of(module), room_of(name)
            assert here == there or there in ARROWS[here] or (module, there) in EXCUSED, f"{module} imports {name}"
    for module, there in EXCUSED:
        assert there in {room_of(name) for name in IMPORTS[module] & MODULES.keys()}, f"{module} needs no excuse"


def test_importers_use_public_names() -> None:
    """Importers know the package by its public names alone; the merge knows the SQLite engine as well."""
    for module, names in IMPORTS.items():
        if room_of(module) == "importers":
            used = {name for name in names if name.startswith("telemetry_store.") and room_of(name) != "sqlite"}
            assert not used, module


@pytest.mark.parametrize(("driver", "home"), [("sqlite3", "telemetry_store.engines.sqlite"),
                                              ("sqlite_utils", "telemetry_store.engines.sqlite"),
                                              ("psycopg", "telemetry_store.engines.postgres")])  # fmt: skip
def test_only_an_engine_imports_its_driver(driver: str, home: str) -> None:
    """A driver is imported in the folder of its engine and nowhere else, not even for types."""
    users = {module for module, names in IMPORTS.items() if driver in {name.split(".")[0] for name in names}}
    assert not {module for module in users if not f"{module}.".startswith(f"{home}.")}


def test_the_spool_knows_no_database() -> None:
    """Spool, segment, recovery and events know no engine; engines know no spool (of `segment`, what systems differ in)."""
    for name in ("spool", "segment", "recovery", "event"):
        assert not {each for each in IMPORTS[f"telemetry_store.{name}"] if each.startswith("telemetry_store.engines")}
    for module, names in IMPORTS.items():
        if room_of(module) in ("engines", "sqlite"):
            assert not {each for each in names if each.split(".")[-1] in ("spool", "recovery", "drain")}, module


def test_care_speaks_no_dialect() -> None:
    """Care goes through the engine's abilities and readers: what only SQLite understands stands in its folder."""
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if name.startswith("telemetry_store/care/") or name == "telemetry_store/reading/archive_reader.py":
            text = path.read_text(encoding="utf-8").lower()
            words = ("pragma ", "sqlite3", "sqlite_", "rowid", "-wal", "-shm", "autoincrement")
            assert not [word for word in words if word in text], name


def test_no_circles() -> None:
    """Imports never form a circle, types included; the audit's are left to its own rebuilding, but for run time."""
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " → ".join([*way, name])
        if name not in done:
            for imported in sorted(IMPORTS[name] & MODULES.keys() - {name}):
                if room_of(imported) != "audit":
                    visit(imported, (*way, name))
            done.add(name)

    for name in MODULES:
        if room_of(name) != "audit":
            visit(name, ())


#: What starts a process.
STARTERS = ("subprocess", "multiprocessing", "_posixsubprocess", "concurrent.futures.process", "pty")
STARTING = re.compile(r"(fork|forkpty|popen|startfile|system|(posix_)?spawn.*|exec[lv]p?e?|ProcessPoolExecutor|create_subprocess_.*)")  # fmt: skip


def test_only_the_worker_starts_processes() -> None:
    """No module but `worker.py` imports or calls anything that starts a process; the recorder of a trace names such things."""
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if name != "telemetry_store/worker.py":
            assert not {each for each in imports_of(path, runtime_nodes) if each.startswith(STARTERS)}, name
            tree = ast.parse(path.read_text(encoding="utf-8"))
            called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
            names = {getattr(func, "attr", getattr(func, "id", "")) for func in called}
            assert not {each for each in names if STARTING.fullmatch(each)}, name


def test_file_budget() -> None:
    """No file has more than 400 lines, but for those that are excused with a reason."""
    long = {path.relative_to(ROOT).as_posix() for path in FILES if len(path.read_text().splitlines()) > 400}
    assert long == {path for path in LONG_FILES if path in long}, long - set(LONG_FILES)


def body_lines(node: ast.FunctionDef) -> int:
    first = node.body[0]
    doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return node.end_lineno - node.lineno + 1 - ((first.end_lineno - first.lineno + 1) if doc else 0)


def test_function_budget() -> None:
    """No function has more than 40 lines, but for those that are excused with a reason."""
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert body_lines(node) <= 40, f"{name}: {node.name}"


def test_broad_excepts() -> None:
    """A broad except stands only where the list says why."""
    for path in FILES:
        count = 0
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                kind = getattr(node.type, "id", None)
                count += node.type is None or kind in ("Exception", "BaseException")
        name = path.relative_to(ROOT).as_posix()
        allowed = BROAD.get(name, 1 if name.startswith("audit/") else 0)  # a rule that crashes is a finding
        assert count <= allowed, f"{name}: {count} broad excepts"


def test_no_database_file_is_opened_by_hand() -> None:
    """Modules that know the database's path read no file with open(): it would drop SQLite's locks."""
    for path in (ROOT / "telemetry_store" / "engines").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and path.name not in ("guard.py", "log.py"):  # these read below /proc
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name not in ("open", "read_bytes", "copyfile", "copy"), f"{path.name}: {name}"


@pytest.mark.parametrize("word", ["TODO", "FIXME", "NotImplementedError"])
def test_nothing_is_left_for_later(word: str) -> None:
    """The packages hold no stubs and no notes to ourselves."""
    assert not [path.name for path in FILES if word in path.read_text(encoding="utf-8")]

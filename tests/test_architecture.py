"""The layers, the exported names and the budgets of the code, held by reading it."""

from __future__ import annotations

import ast
import re
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


def imports_of(path: Path) -> set[str]:
    """Absolute names of the modules that a file imports at run time, lazily or not."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    names: set[str] = set()
    for node in runtime_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: -node.level] if node.level else []
            module = ".".join([*parts, *filter(None, [node.module])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def runtime_nodes(tree: ast.AST):
    """All nodes except those below `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from runtime_nodes(node)


def all_imports() -> dict[str, set[str]]:
    return {path.relative_to(ROOT).as_posix(): imports_of(path) for path in FILES}


#: The command and the demo know all packages.
TOOLS = ("telemetry_store/cli.py", "telemetry_store/demo.py", "telemetry_store/commands/")


def test_nothing_on_the_applications_path_imports_the_tools() -> None:
    """Only the command and the demo import audit and importers: a user's repository may have these names too."""
    for path, names in all_imports().items():
        if path.startswith("telemetry_store/") and not path.startswith(TOOLS):
            assert not {name for name in names if name.split(".")[0] in ("audit", "importers")}, path


def test_the_audit_imports_neither_sibling() -> None:
    """The audit stands alone."""
    for path, names in all_imports().items():
        if path.startswith("audit/"):
            assert not {name for name in names if name.split(".")[0] in ("telemetry_store", "importers")}, path


def test_the_spool_knows_no_database() -> None:
    """Spool, segment and recovery import neither sqlite3 nor engines; engines import no spool (of `segment`, what differs between systems)."""
    found = all_imports()
    for name in ("spool", "segment", "recovery", "event"):
        names = found[f"telemetry_store/{name}.py"]
        assert not {each for each in names if each.startswith(("sqlite3", "telemetry_store.engines"))}, name
    for path, names in found.items():
        if path.startswith("telemetry_store/engines/"):
            assert not {each for each in names if each.split(".")[-1] in ("spool", "recovery", "drain")}, path


def test_no_circles() -> None:
    """Imports at run time never form a circle."""
    found = all_imports()
    modules = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in found}
    edges = {name: {each for each in found[path] if each in modules and each != name} for name, path in modules.items()}
    for name, targets in edges.items():  # `from . import x` names the package too
        targets.discard(name.split(".")[0])
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " → ".join([*way, name])
        if name not in done:
            for each in sorted(edges[name]):
                visit(each, (*way, name))
            done.add(name)

    for name in edges:
        visit(name, ())


#: What starts a process.
STARTERS = ("subprocess", "multiprocessing", "_posixsubprocess", "concurrent.futures.process", "pty")
STARTING = re.compile(r"(fork|forkpty|popen|startfile|system|(posix_)?spawn.*|exec[lv]p?e?|ProcessPoolExecutor|create_subprocess_.*)")  # fmt: skip


def test_only_the_worker_starts_processes() -> None:
    """No module but `worker.py` imports or calls anything that starts a process; the recorder of a trace names such things."""
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if name != "telemetry_store/worker.py":
            assert not {each for each in imports_of(path) if each.startswith(STARTERS)}, name
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
            if isinstance(node, ast.Call) and path.name != "guard.py":
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name not in ("open", "read_bytes", "copyfile", "copy"), f"{path.name}: {name}"


@pytest.mark.parametrize("word", ["TODO", "FIXME", "NotImplementedError"])
def test_nothing_is_left_for_later(word: str) -> None:
    """The packages hold no stubs and no notes to ourselves."""
    assert not [path.name for path in FILES if word in path.read_text(encoding="utf-8")]

"""Calls that open files, and what the code then does with the handle."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.content import is_pretty, shape
from audit.frame import Frame, reaching
from audit.module import Scope

if TYPE_CHECKING:
    from audit.resolve import Resolver

OPENERS = frozenset({"open", "fdopen", "open_text", "open_binary", "GzipFile", "BZ2File", "LZMAFile"})
NOT_FILES = frozenset(
    {"webbrowser", "jsonlines", "Image", "os_path", "zipfile", "tarfile", "wave", "driver", "dbm", "shelve", "fitz"}
)
WRITES = frozenset({"write", "writelines"})
READS = frozenset({"read", "readline", "readlines"})
SPREADS = frozenset({"splitlines", "split", "readlines", "readline"})


@dataclass(frozen=True, slots=True)
class Opening:
    """A call that opens a file.

    Args:
        call: The call.
        scope: Where it stands.
        path: The expression that names the file.
        mode: ``append``, ``truncate`` or ``read``.
        mechanism: Such as ``open-append`` or ``path-open``.
    """

    call: ast.Call
    scope: Scope
    path: ast.expr
    mode: str
    mechanism: str


def openings(scope: Scope, resolver: Resolver) -> list[Opening]:
    """The calls of a scope that open a file, in source order."""
    found = [_opening(node, scope, resolver) for node in scope.nodes if isinstance(node, ast.Call)]
    return [each for each in found if each is not None]


def _opening(call: ast.Call, scope: Scope, resolver: Resolver) -> Opening | None:
    func = call.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if name in ("write_text", "write_bytes", "read_text", "read_bytes") and isinstance(func, ast.Attribute):
        return Opening(call, scope, func.value, "truncate" if name.startswith("write") else "read", name)
    if name not in OPENERS:
        return None
    method = isinstance(func, ast.Attribute) and not _is_module(func.value)
    base = func.value if isinstance(func, ast.Attribute) else None
    if isinstance(base, ast.Name) and base.id in NOT_FILES:
        return None
    path = base if method else (call.args[0] if call.args else _keyword(call, "file") or _keyword(call, "filename"))
    given = _keyword(call, "mode") or (call.args[0 if method else 1] if len(call.args) > (0 if method else 1) else None)
    if path is None or (isinstance(base, ast.Name) and base.id == "os" and name == "open"):
        return None
    text = resolver.texts(given, Frame(scope))[0].text if given is not None else "r"
    if not re.fullmatch(r"[rwaxbtU+]+", text):
        text = "r"
    mode = "append" if "a" in text else "truncate" if set("wx") & set(text) else "read"
    word = "path-open" if method else f"open-{ {'append': 'append', 'truncate': 'write', 'read': 'read'}[mode] }"
    return Opening(call, scope, path, mode, word)


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {
        "io",
        "gzip",
        "bz2",
        "lzma",
        "codecs",
        "aiofiles",
        "os",
        "builtins",
        "zstandard",
        "zstd",
        "bf",
        "fsspec",
        "anyio",
        "smart_open",
    }


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a handle.

    Args:
        node: The call or loop.
        letters: The shape of what is written; empty when nothing is.
        loop: Whether it stands in a loop that begins after the opening.
    """

    node: ast.AST
    letters: str
    loop: bool


def written(opening: Opening, resolver: Resolver) -> list[Use]:
    """What is written through an opening, in source order."""
    frame = Frame(opening.scope)
    if opening.mechanism.startswith("write_"):
        return (
            [Use(opening.call, shape(opening.call.args[0], frame, resolver), loop=False)] if opening.call.args else []
        )
    found: list[Use] = []
    for scope, is_handle in _places(opening):
        for node in scope.nodes:
            if isinstance(node, ast.Call):
                letters = _write(node, is_handle, Frame(scope), resolver)
                if letters:
                    found.append(Use(node, letters, _in_loop(node, scope, opening)))
    return found


def _write(node: ast.Call, is_handle: _Test, frame: Frame, resolver: Resolver) -> str:
    func = node.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if isinstance(func, ast.Attribute) and name in WRITES and is_handle(func.value) and node.args:
        letters = shape(node.args[0], frame, resolver)
        return letters + ("L" if name == "writelines" and set(letters) <= {"?"} else "")
    if name == "dump" and len(node.args) > 1 and is_handle(node.args[1]):
        return "P" if is_pretty(node) else "J"
    target = _keyword(node, "file")
    if name == "print" and target is not None and is_handle(target):
        return "".join(shape(arg, frame, resolver) for arg in node.args) + "N"
    return ""


class _Test:
    """Whether an expression is the handle: a name within lines, an attribute of ``self``, or the call itself."""

    def __init__(self, name: str, first: int, last: int, call: ast.Call, *, own: bool = False) -> None:
        self.name, self.first, self.last, self.call, self.own = name, first, last, call, own

    def __call__(self, node: ast.expr) -> bool:
        if node is self.call:
            return True
        if self.own:
            return (
                isinstance(node, ast.Attribute) and node.attr == self.name and getattr(node.value, "id", "") == "self"
            )
        return isinstance(node, ast.Name) and node.id == self.name and self.first <= node.lineno <= self.last


def _places(opening: Opening) -> list[tuple[Scope, _Test]]:
    scope, call = opening.scope, opening.call
    node: ast.AST = call
    parent = scope.parents.get(node)
    while isinstance(parent, ast.Await | ast.Call) and not (isinstance(parent, ast.Call) and _ends(parent)):
        node, parent = parent, scope.parents.get(parent)
    if isinstance(parent, ast.withitem) and isinstance(parent.optional_vars, ast.Name):
        block = scope.parents[parent]
        last = getattr(block, "end_lineno", 10**9)
        return [(scope, _Test(parent.optional_vars.id, call.lineno, last, call))]
    if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
        if isinstance(target, ast.Name):
            places = scope.bindings.get(target.id, ())
            later = [b.line for b in places if b.line > call.lineno and not isinstance(b.value, ast.Constant)]
            return [(scope, _Test(target.id, call.lineno, min(later, default=10**9), call))]
        if isinstance(target, ast.Attribute) and scope.cls is not None:
            return [(m, _Test(target.attr, 0, 10**9, call, own=True)) for m in scope.cls.methods.values()]
    return [(scope, _Test("", 0, -1, call))]


def _ends(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name not in ("enter_context", "closing", "TextIOWrapper", "BufferedWriter", "enter_async_context")


def _in_loop(node: ast.AST, scope: Scope, opening: Opening) -> bool:
    parent = scope.parents.get(node)
    while parent is not None and parent is not scope.node:
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While) and (
            scope is not opening.scope or parent.lineno >= opening.call.lineno
        ):
            return True
        if isinstance(parent, ast.ListComp | ast.GeneratorExp):
            return True
        parent = scope.parents.get(parent)
    return False


def reads_lines(opening: Opening, resolver: Resolver) -> bool:
    """Whether single lines of what an opening reads go to a JSON parser."""
    for place, is_handle in _places(opening):
        for node in place.nodes:
            if (
                isinstance(node, ast.Call)
                and node.args
                and _parses(node, Frame(place), resolver)
                and _level(node.args[0], place, is_handle, opening.call, 0) == "line"
            ):
                return True
    return False


def goes_by_line(opening: Opening) -> bool:
    """Whether what an opening reads is gone through line by line."""
    for place, is_handle in _places(opening):
        for node in place.nodes:
            if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) and _level(
                node.iter, place, is_handle, opening.call, 0
            ) in ("handle", "lines"):
                return True
    return False


def _parses(node: ast.Call, frame: Frame, resolver: Resolver, depth: int = 0) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in ("loads", "model_validate_json", "parse_raw", "raw_decode", "from_json"):
        return True
    if depth or not node.args or name in SPREADS:
        return False
    target = resolver.symbol(node.func, frame)
    if not isinstance(target, Scope):
        return False
    params = set(target.params)
    return any(
        isinstance(each, ast.Call)
        and _parses(each, Frame(target), resolver, 1)
        and each.args
        and bool({n.id for n in ast.walk(each.args[0]) if isinstance(n, ast.Name)} & params)
        for each in target.nodes
    )


def _level(node: ast.expr, scope: Scope, is_handle: _Test, call: ast.Call, depth: int) -> str:
    """How an expression comes from the handle: ``handle``, ``whole``, ``lines``, ``line``, or an empty string."""
    if depth > 14:
        return ""
    if is_handle(node) or node is call:
        text = isinstance(call.func, ast.Attribute) and call.func.attr.startswith("read_")
        return "whole" if text else "handle"
    if isinstance(node, ast.Name):
        for place in reaching(scope, node.id, node.lineno) + scope.bindings.get(node.id, []):
            if place.value is None or place.value is node or place.how not in ("value", "element"):
                continue
            level = _level(place.value, scope, is_handle, call, depth + 1)
            if level:
                return {"handle": "line", "lines": "line"}.get(level, "") if place.how == "element" else level
        return ""
    if isinstance(node, ast.Call):
        return _call_level(node, scope, is_handle, call, depth)
    if isinstance(node, ast.Subscript):
        level = _level(node.value, scope, is_handle, call, depth + 1)
        return "line" if level == "lines" and not isinstance(node.slice, ast.Slice) else level
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return "lines" if _level(node.elt, scope, is_handle, call, depth + 1) == "line" else ""
    if isinstance(node, ast.BoolOp):
        return next((x for x in (_level(v, scope, is_handle, call, depth + 1) for v in node.values) if x), "")
    if isinstance(node, ast.Await | ast.NamedExpr):
        return _level(node.value, scope, is_handle, call, depth + 1)
    return ""


def _call_level(node: ast.Call, scope: Scope, is_handle: _Test, call: ast.Call, depth: int) -> str:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if isinstance(node.func, ast.Attribute):
        level = _level(node.func.value, scope, is_handle, call, depth + 1)
        if level:
            return {
                ("handle", "read"): "whole",
                ("handle", "readline"): "line",
                ("handle", "readlines"): "lines",
                ("whole", "splitlines"): "lines",
                ("whole", "split"): "lines",
                ("lines", "pop"): "line",
            }.get((level, name), level)
    if name == "readline" or not node.args:
        return ""
    levels = [_level(arg, scope, is_handle, call, depth + 1) for arg in node.args]
    level = next((each for each in levels if each), "")
    return (
        "lines"
        if level == "handle" and name in ("list", "deque", "islice", "reversed", "enumerate", "sorted")
        else level
    )

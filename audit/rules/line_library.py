"""A library reads or writes JSON lines.

``jsonlines.open``, ``to_json(…, lines=True)``, ``read_json(…, lines=True)``, ``write_ndjson``, ``read_ndjson``,
``scan_ndjson``, ``srsly.write_jsonl``, ``load_dataset("json", data_files=…)``, and functions of packages outside the
project that are named ``write_jsonl``, ``read_jsonl`` and the like.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from audit.python.frame import Frame
from audit.python.names import imported, origin
from audit.python.opening import OPENERS, keyword
from audit.python.pathtext import last
from audit.walk import LINE_SUFFIXES

if TYPE_CHECKING:
    from audit.python.module import Scope
    from audit.python.resolve import Resolver

CODE = "A103"
NAMED = re.compile(r"(write|dump|save|append|sink|read|load|scan|iter|stream)_?(?:gzip_)?(?:jsonl|ndjson|json_?lines)")
READING = frozenset({"read", "load", "scan", "iter", "stream"})


def check(call: ast.Call, scope: Scope, resolver: Resolver) -> tuple[ast.expr, str] | None:
    """The file and the mode when a call is one of these; ``None`` when it is not.

    Args:
        call: The call.
        scope: Where it stands.
        resolver: Follows names and calls.
    """
    name = last(call.func)
    if name in ("to_json", "read_json"):
        found = _pandas(call, name, scope, resolver)
    elif name == "load_dataset":
        json = bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == "json"
        files = keyword(call, "data_files")
        found = (files, "read") if json and files is not None else None
    elif named := NAMED.fullmatch(name):
        found = _named(call, named.group(1), scope, resolver)
    else:
        found = _jsonlines(call, scope)
    return found if found is not None and not _is_handle(found[0], scope, resolver) else None


def _pandas(call: ast.Call, name: str, scope: Scope, resolver: Resolver) -> tuple[ast.expr, str] | None:
    path = call.args[0] if call.args else keyword(call, "path_or_buf", "path", "path_or_buffer")
    lines = keyword(call, "lines")
    texts = resolver.texts(path, Frame(scope))
    if path is None or "\n" in texts[0].text:
        return None
    if lines is None and name == "to_json":  # the datasets of other libraries write lines without being asked
        return (path, "truncate") if texts[0].text.lower().endswith(LINE_SUFFIXES) else None
    if not (isinstance(lines, ast.Constant) and lines.value is True):
        return None
    given = keyword(call, "mode")
    append = isinstance(given, ast.Constant) and given.value == "a"
    return path, "read" if name == "read_json" else "append" if append else "truncate"


def _named(call: ast.Call, verb: str, scope: Scope, resolver: Resolver) -> tuple[ast.expr, str] | None:
    if resolver.symbol(call.func, Frame(scope)) is not None:
        return None  # the project's own function is followed itself
    foreign = imported(call.func, scope) and not origin(call.func, scope).startswith(".")
    known = foreign or last(call.func).endswith("ndjson")
    path = call.args[0] if call.args else keyword(call, "source", "file", "path", "location", "filename")
    if not known or path is None:
        return None
    return path, "read" if verb in READING else "append" if verb == "append" else "truncate"


def _jsonlines(call: ast.Call, scope: Scope) -> tuple[ast.expr, str] | None:
    if origin(call.func, scope) != "jsonlines.open" or not (call.args or call.keywords):
        return None
    path = call.args[0] if call.args else keyword(call, "file", "name")
    mode = keyword(call, "mode") or (call.args[1] if len(call.args) > 1 else None)
    text = str(mode.value) if isinstance(mode, ast.Constant) else "r"
    if path is None:
        return None
    return path, "append" if "a" in text else "truncate" if set("wx") & set(text) else "read"


def _is_handle(path: ast.expr, scope: Scope, resolver: Resolver) -> bool:
    """Whether an expression is an opened file and no path."""
    ends = resolver.chase(path, Frame(scope))
    return any(isinstance(end, ast.Call) and last(end.func) in (*OPENERS, "StringIO", "BytesIO") for end, _ in ends)

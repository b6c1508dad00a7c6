"""A logging handler writes JSON lines.

Its formatter is a JSON one: by its name, by what its ``format`` returns, or because it passes on the message alone
and JSON documents are logged. ``basicConfig``, ``dictConfig``, handlers with an ``emit`` of their own, and loguru's
``serialize=True`` count as well. Without a JSON formatter, a file named for JSON lines is reported with less
confidence.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from audit.python.content import shape
from audit.python.frame import Frame
from audit.python.module import Class, Scope
from audit.python.opening import keyword
from audit.python.pathtext import last

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.python.resolve import Resolver

CODE = "A102"
HANDLERS = frozenset({"FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler",
                      "ConcurrentRotatingFileHandler"})  # fmt: skip
LEVELS = ("debug", "info", "warning", "error", "critical", "exception", "log")
Found = tuple[ast.Call, ast.expr, bool, str]


def check(call: ast.Call, scope: Scope, resolver: Resolver) -> Iterator[Found]:
    """The log files that a call sets up: the call, the file, whether it gets JSON, and why.

    Args:
        call: The call.
        scope: Where it stands.
        resolver: Follows names and calls.
    """
    name = last(call.func)
    path = call.args[0] if call.args else keyword(call, "filename")
    if name == "basicConfig":
        file, style = keyword(call, "filename"), keyword(call, "format")
        if file is not None and style is not None and _passes_on(style) and _logs_json(scope, resolver):
            yield call, file, True, "it passes on messages that are JSON"
    elif name == "dictConfig" and call.args:
        yield from _configured(call.args[0], scope, resolver)
    elif name == "add" and path is not None:
        serialize = keyword(call, "serialize")
        if isinstance(serialize, ast.Constant) and serialize.value is True:
            yield call, path, True, "its sink serialises records as JSON"
    elif path is not None and (name in HANDLERS or (name[:1].isupper() and "Handler)" in scope.module.text)):
        target = None if name in HANDLERS else resolver.symbol(call.func, Frame(scope))
        if isinstance(target, Class) and any(last(base) in HANDLERS for base in target.node.bases):
            if _emits_json(target, resolver):
                yield call, path, True, "its emit writes JSON"
            return
        if name in HANDLERS:
            yield call, path, *_formatted(call, scope, resolver)


def _formatted(call: ast.Call, scope: Scope, resolver: Resolver) -> tuple[bool, str]:
    """Whether a handler gets a formatter that gives JSON."""
    parent = scope.parents.get(call)
    handler = parent.targets[0] if isinstance(parent, ast.Assign) else None
    for node in scope.loads.get(".setFormatter", ()):
        setting = scope.parents.get(node)
        of_it = handler is not None and ast.unparse(node.value) == ast.unparse(handler)  # type: ignore[attr-defined]
        if of_it and isinstance(setting, ast.Call) and setting.args:
            for end, where in resolver.chase(setting.args[0], Frame(scope)):
                if isinstance(end, ast.Call) and (why := _json_formatter(end, where, resolver)):
                    return True, why
    return False, ""


def _json_formatter(call: ast.Call, frame: Frame, resolver: Resolver) -> str:
    """Why a formatter gives JSON; empty when it does not."""
    if "json" in ast.unparse(call.func).lower():
        return "its formatter writes JSON"
    target = resolver.symbol(call.func, frame)
    if isinstance(target, Class):
        method = resolver.method(target, "format")
        ends = resolver.returned(method, {}, 0) if method is not None else []
        return "its formatter returns JSON" if any("J" in shape(end, where, resolver) for end, where in ends) else ""
    style = call.args[0] if call.args else keyword(call, "fmt")
    if style is not None and isinstance(style, ast.Constant) and re.match(r"\s*\{\s*\"", str(style.value)):
        return "its format is a JSON document"
    if style is not None and _passes_on(style) and _logs_json(frame.scope, resolver):
        return "it passes on messages that are JSON"
    return ""


def _passes_on(style: ast.expr) -> bool:
    return isinstance(style, ast.Constant) and str(style.value).strip() in ("%(message)s", "{message}", "$message")


def _logs_json(scope: Scope, resolver: Resolver) -> bool:
    """Whether the module logs messages that are JSON documents."""
    for each in scope.module.scopes:
        for level in LEVELS if "dumps(" in scope.module.text else ():
            for node in each.loads.get("." + level, ()):
                call = each.parents.get(node)
                if isinstance(call, ast.Call) and call.func is node and call.args:
                    message = call.args[1] if level == "log" and len(call.args) > 1 else call.args[0]
                    if shape(message, Frame(each), resolver) == "J":
                        return True
    return False


def _emits_json(cls: Class, resolver: Resolver) -> bool:
    emit = cls.methods.get("emit")
    return emit is not None and any(
        isinstance(call := emit.parents.get(node), ast.Call)
        and call.args
        and "J" in shape(call.args[0], Frame(emit), resolver)
        for node in emit.loads.get(".write", ())
    )


def _configured(config: ast.expr, scope: Scope, resolver: Resolver) -> Iterator[Found]:
    """The handlers of a configuration dictionary whose formatter is a JSON one."""
    for end, where in resolver.chase(config, Frame(scope)):
        formatters = [each for part, _ in resolver.items(end, where, "formatters") for each in _entries(part)]
        json = {name for name, value in formatters if "json" in ast.unparse(value).lower()}
        for part, _ in resolver.items(end, where, "handlers"):
            for _, handler in _entries(part):
                fields = dict(_entries(handler))
                style, file = fields.get("formatter"), fields.get("filename")
                if isinstance(style, ast.Constant) and style.value in json and file is not None:
                    place = ast.copy_location(ast.Call(file, [], []), fields.get("class", file))
                    yield place, file, True, "its formatter writes JSON"


def _entries(node: ast.expr) -> list[tuple[str, ast.expr]]:
    if not isinstance(node, ast.Dict):
        return []
    pairs = zip(node.keys, node.values, strict=True)
    return [(str(key.value), value) for key, value in pairs if isinstance(key, ast.Constant)]

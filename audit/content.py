"""The shape of what is written: J a JSON document, P a pretty one, N a newline, T text, L raw lines, ? unknown."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import orjson

from audit.frame import Frame, bind, reaching
from audit.module import Scope

if TYPE_CHECKING:
    from audit.resolve import Resolver

DUMPS = frozenset({"dumps", "to_json", "model_dump_json", "json_dumps"})
SAME = frozenset(
    {"encode", "decode", "str", "strip", "rstrip", "replace", "bytes", "sorted", "list", "reversed", "iter"}
)


def shape(node: ast.expr, frame: Frame, resolver: Resolver, depth: int = 0) -> str:
    """The shape of the text or lines that an expression gives, as letters in order.

    Args:
        node: The expression.
        frame: Where it stands.
        resolver: Follows names and calls.
        depth: Steps taken so far.
    """
    if depth > 8:
        return "?"
    if isinstance(node, ast.Constant):
        return _literal(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return shape(node.left, frame, resolver, depth + 1) + shape(node.right, frame, resolver, depth + 1)
    if isinstance(node, ast.JoinedStr):
        return _joined(node, frame, resolver, depth)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return shape(node.elt, frame, resolver, depth + 1) * 2
    if isinstance(node, ast.List | ast.Tuple):
        return "".join(shape(each, frame, resolver, depth + 1) for each in node.elts)
    if isinstance(node, ast.IfExp):
        return shape(node.body, frame, resolver, depth + 1)
    if isinstance(node, ast.Name):
        return _named(node, frame, resolver, depth)
    if isinstance(node, ast.Call):
        return _called(node, frame, resolver, depth)
    return "?"


def is_pretty(node: ast.Call) -> bool:
    """Whether a serialising call spreads its document over several lines."""
    for keyword in node.keywords:
        if keyword.arg == "indent":
            return not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
        if keyword.arg == "option" and "INDENT" in ast.dump(keyword.value):
            return True
    return False


def _literal(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str) or not text:
        return "" if text in ("", None) else "T"
    letters = ""
    for line in text.splitlines(keepends=True):
        body = line.strip()
        if body:
            letters += "J" if _is_document(body) else "T"
        letters += "N" if line.endswith("\n") else ""
    return letters


def _is_document(text: str) -> bool:
    if text[0] not in "{[":
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _joined(node: ast.JoinedStr, frame: Frame, resolver: Resolver, depth: int) -> str:
    first = node.values[0] if node.values else None
    if isinstance(first, ast.Constant) and re.match(r'\s*\{\s*"', str(first.value)):
        last = node.values[-1]
        return "JN" if isinstance(last, ast.Constant) and str(last.value).endswith("\n") else "J"
    parts = (each.value if isinstance(each, ast.FormattedValue) else each for each in node.values)
    return "".join(shape(part, frame, resolver, depth + 1) for part in parts)


def _named(node: ast.Name, frame: Frame, resolver: Resolver, depth: int) -> str:
    scope: Scope | None = frame.scope
    while scope is not None:
        for call in _grown(scope, node.id):
            found = shape(call, frame, resolver, depth + 1)
            if set(found) & set("JPL"):
                return found * 2
        for place in reaching(scope, node.id, node.lineno):
            if place.value is None or place.how not in ("value", "element"):
                continue
            if place.how == "element" and isinstance(place.value, ast.Name) and _is_handle(place.value, scope):
                return "L"
            found = shape(place.value, Frame(scope), resolver, depth + 1)
            if place.how == "element":
                found = found[: len(found) // 2] if found[: len(found) // 2] * 2 == found else found
            if set(found) - {"?"}:
                return found
        if node.id in scope.params:
            return "?"
        scope = scope.outer
    return "?"


def _is_handle(node: ast.Name, scope: Scope) -> bool:
    return any(
        place.how == "enter" and isinstance(place.value, ast.Call) and "open" in ast.dump(place.value.func)
        for place in scope.bindings.get(node.id, ())
    )


def _grown(scope: Scope, name: str) -> list[ast.expr]:
    return [
        node.args[-1]
        for node in scope.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("append", "insert")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == name
        and node.args
    ]


def _called(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> str:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in DUMPS or (name == "encode" and "ncoder" in ast.dump(node.func)):
        if is_pretty(node):
            return "P"
        return "JN" if any("APPEND_NEWLINE" in ast.dump(k.value) for k in node.keywords) else "J"
    if name == "join" and isinstance(node.func, ast.Attribute) and node.args:
        separator = shape(node.func.value, frame, resolver, depth + 1)
        element = shape(node.args[0], frame, resolver, depth + 1)
        unit = element[: len(element) // 2] or element
        return unit + separator + unit if separator or element else "?"
    if name in SAME:
        inner = node.func.value if isinstance(node.func, ast.Attribute) else (node.args[0] if node.args else None)
        return shape(inner, frame, resolver, depth + 1) if inner is not None else "?"
    target = resolver.symbol(node.func, frame)
    if isinstance(target, Scope):
        returned = resolver.returned(target, bind(target, node, frame), depth)
        found = [shape(value, where, resolver, depth + 2) for value, where in returned]
        return found[0] if found else "?"
    return "?"

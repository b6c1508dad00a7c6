"""Where an expression stands: its scope, the arguments that are known there, and what may have reached a name."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.python.pathtext import last

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.python.binding import Binding
    from audit.python.module import Scope

DEPTH = 24
"""How many steps a value is followed."""


@dataclass(eq=False, slots=True)
class Frame:
    """Where an expression stands: a scope, and what is known of its arguments.

    Args:
        scope: The function, or the top level.
        args: Arguments by parameter name, each with the frame in which it stands.
        own: Arguments of the constructor call that made ``self``.
    """

    scope: Scope
    args: Mapping[str, Arg] = field(default_factory=dict)
    own: Frame | None = None


Arg = tuple[ast.expr, Frame]


def reaching(scope: Scope, name: str, line: int, read: ast.expr | None = None) -> list[Binding]:
    """The bindings of a name that may reach a line: the last one before it, with those it does not replace.

    Args:
        scope: Where it is bound.
        name: The name.
        line: The line.
        read: Where it is read; a binding of a value that this is a part of comes later.
    """
    places = scope.bindings.get(name, [])
    before = [place for place in places if place.line <= line and not (read is not None and _holds(place, read))]
    if not before:
        return places
    kept: list[Binding] = []
    for place in reversed(before):
        kept.append(place)
        if _certain(place, scope):
            break
    return kept


def gone_through(place: Binding) -> ast.expr | None:
    """What a loop goes through to bind a name: of ``zip`` and ``enumerate`` the right argument."""
    value = place.value
    while isinstance(value, ast.Call) and last(value.func) in ("enumerate", "zip", "tqdm", "track") and value.args:
        at = place.index if last(value.func) == "zip" else 0
        value = value.args[at] if 0 <= at < len(value.args) else value.args[-1]
    return value


def _holds(place: Binding, node: ast.expr) -> bool:
    """Whether a node is part of the value of a binding."""
    value = place.value
    if value is None or not value.lineno <= node.lineno <= (value.end_lineno or 0):
        return False
    return any(each is node for each in ast.walk(value))


def _certain(place: Binding, scope: Scope) -> bool:
    if place.how in ("element", "entry") or place.value is None or place.owner is not scope:
        return False
    parents = scope.parents
    node: ast.AST | None = parents.get(place.value)
    while node is not None and node is not scope.node:
        if isinstance(node, ast.If | ast.Try | ast.For | ast.While | ast.ExceptHandler | ast.comprehension):
            return False
        node = parents.get(node)
    return True


def bind(target: Scope | None, call: ast.Call, frame: Frame, shift: int | None = None) -> dict[str, Arg]:
    """Arguments of a call by the parameter names of the function that it calls."""
    if target is None or isinstance(target.node, ast.Module):
        return {}
    names = target.params
    if shift is None:
        static = any(last(each) == "staticmethod" for each in target.node.decorator_list)
        shift = 1 if target.cls is not None and not static else 0
    bound: dict[str, Arg] = {}
    for name, value in zip(names[shift:], call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        bound[name] = (value, frame)
    for keyword in call.keywords:
        if keyword.arg in names and keyword.arg is not None:
            bound[keyword.arg] = (keyword.value, frame)
    return bound

"""What is added to a list, a text or a buffer before it is written."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from audit.python.frame import Frame
from audit.python.places import loops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.python.module import Scope
    from audit.python.resolve import Resolver


def grown(scope: Scope, name: str) -> list[ast.expr]:
    """What is appended to a list of a scope."""
    return [
        call.args[-1] for node in scope.loads.get(name, ()) if (call := _added(node, scope)) is not None and call.args
    ]


def _added(node: ast.expr, scope: Scope) -> ast.Call | None:
    """The call that appends to what a node names."""
    method = scope.parents.get(node)
    call = scope.parents.get(method) if isinstance(method, ast.Attribute) else None
    appends = isinstance(method, ast.Attribute) and method.attr in ("append", "insert", "appendleft", "put")
    return call if appends and isinstance(call, ast.Call) and call.func is method else None


def grown_attribute(node: ast.Attribute, frame: Frame, resolver: Resolver) -> Iterator[tuple[ast.expr, Frame]]:
    """What the methods of a class append to one of its lists, each with its frame."""
    if not isinstance(node.value, ast.Name) or node.value.id not in ("self", "cls"):
        return
    for cls, _ in resolver.classes(node.value, frame):
        for method in cls.methods.values():
            for each in method.loads.get("." + node.attr, ()):
                call = _added(each, method)
                if call is not None and call.args:
                    yield call.args[-1], Frame(method)


def is_repeated(node: ast.BinOp, scope: Scope) -> bool:
    """Whether a sum stands for ``text += …`` in a loop."""
    statement = scope.parents.get(node)
    return isinstance(statement, ast.AugAssign) and statement.value is not node and loops(statement, scope, 0)


def poured(buffer: ast.expr, scope: Scope) -> list[tuple[ast.expr, int]]:
    """What is written to a buffer in memory, and whether once or, in a loop, more often (2)."""
    found: list[tuple[ast.expr, int]] = []
    for node in scope.loads.get(buffer.id, ()) if isinstance(buffer, ast.Name) else ():
        method = scope.parents.get(node)
        call = scope.parents.get(method) if isinstance(method, ast.Attribute) else None
        if isinstance(method, ast.Attribute) and method.attr == "write" and isinstance(call, ast.Call) and call.args:
            found.append((call.args[0], 2 if loops(call, scope, 0) else 1))
    return found

"""A logging handler writes JSON lines.

Its formatter is a JSON one, or its file is named for JSON lines.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from audit.frame import Frame

if TYPE_CHECKING:
    from audit.module import Scope
    from audit.resolve import Resolver

CODE = "A102"
HANDLERS = frozenset({"FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler"})


def path_of(call: ast.Call) -> ast.expr | None:
    """The expression that names the file of a logging handler, or ``None`` when the call makes none."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in HANDLERS:
        return None
    return call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "filename"), None)


def is_json(call: ast.Call, scope: Scope, resolver: Resolver) -> bool:
    """Whether the handler that a call makes gets a JSON formatter."""
    parent = scope.parents.get(call)
    name = parent.targets[0].id if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name) else ""
    for node in scope.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "setFormatter"
            and getattr(node.func.value, "id", "") == name
            and node.args
        ):
            ends = resolver.chase(node.args[0], Frame(scope))
            return any("json" in ast.dump(value.func).lower() for value, _ in ends if isinstance(value, ast.Call))
    return False

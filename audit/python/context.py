"""Where a call runs: under a lock, in threads, coroutines or several processes."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.python.module import Scope
    from audit.python.project import Project


def locked(call: ast.Call, scope: Scope) -> bool:
    """Whether a lock is held around a call, in the same function."""
    node: ast.AST | None = call
    while node is not None and node is not scope.node:
        node = scope.parents.get(node)
        if isinstance(node, ast.With | ast.AsyncWith) and any(
            "lock" in ast.unparse(item.context_expr).lower() for item in node.items if item.context_expr is not call
        ):
            return True
    return any(
        isinstance(each, ast.Attribute) and each.attr in ("flock", "lockf", "locking", "acquire")
        for each in scope.nodes
    )


def contexts(scope: Scope, _project: Project) -> tuple[str, ...]:
    """In which kinds of context the function of a scope runs, as far as its module shows."""
    found: list[str] = []
    name = re.escape(scope.name.rpartition(".")[2]) or "$^"
    text = scope.module.text
    if isinstance(scope.node, ast.AsyncFunctionDef):
        found.append("async")
    if ("Thread(" in text or "submit(" in text or "to_thread(" in text) and re.search(
        rf"Thread\([^)]*target\s*=\s*[\w.]*\b{name}\b|submit\(\s*[\w.]*\b{name}\b|to_thread\(\s*[\w.]*{name}\b", text
    ):
        found.append("thread")
    if "Process(" in text and re.search(rf"Process\([^)]*target\s*=\s*[\w.]*\b{name}\b", text):
        found.append("multiprocess")
    if any(word in text for word in ("ProcessPoolExecutor", "multiprocessing.Pool", "FastMCP", "mcp.server")):
        found.append("multiprocess")
    elif "threading.Thread(" in text or "ThreadPoolExecutor(" in text:
        found.append("thread")
    return tuple(dict.fromkeys(found)) or ("unknown",)

"""The sources that a trace names: where their calls begin and end, and in which function a line is."""

from __future__ import annotations

import ast
import os
from functools import cached_property


class Source:
    """One source file.

    Args:
        path: The file; one that cannot be read or parsed has no calls and no functions.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            with open(self._path, "rb") as file:
                return ast.parse(file.read())
        except (OSError, SyntaxError, ValueError):
            return ast.Module(body=[], type_ignores=[])

    @cached_property
    def _calls(self) -> dict[int, int]:
        """Last line of the longest call that begins on a line."""
        found: dict[int, int] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call):
                found[node.lineno] = max(found.get(node.lineno, 0), node.end_lineno or node.lineno)
        return found

    def holds(self, first: int, line: int) -> bool:
        """Whether a line is part of a call that begins on ``first``: interpreters differ in which line they report."""
        return first == line or first < line <= self._calls.get(first, first)

    def function(self, line: int) -> str:
        """Qualified name of the function that a line is in, empty at module level."""
        names: list[str] = []
        body: list[ast.AST] = [self._tree]
        while body:
            inner = [child for node in body for child in ast.iter_child_nodes(node)]
            hit = [node for node in inner if getattr(node, "lineno", line) <= line <= (_last(node) or line)]
            names += [
                node.name for node in hit if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            ]
            body = [node for node in hit if hasattr(node, "lineno")]
        return ".".join(names)


def _last(node: ast.AST) -> int:
    return getattr(node, "end_lineno", 0) or 0


class Sources:
    """The sources below a root, read when they are asked for.

    Args:
        root: The directory of the project.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: dict[str, Source] = {}

    def __getitem__(self, path: str) -> Source:
        if path not in self._known:
            self._known[path] = Source(os.path.join(self._root, path))
        return self._known[path]

"""Which code opens which SQLite file: calls that take a path, matched by the names that stand in them."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING

from audit.walk import LARGEST_SOURCE, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Last words of calls that open a database: sqlite3, aiosqlite, apsw, SQLAlchemy, peewee, sqlite-utils, …
OPENERS = frozenset({"connect", "create_engine", "create_async_engine", "Connection", "Database", "SqliteDatabase"})


def openers(root: Path, databases: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The places that open databases, or that name them where another place opens what it is given.

    Args:
        root: of the code; other languages than Python are told by the file's name only.
        databases: paths of the files.

    Returns:
        Path of a database → places `path:line`, those that open it directly first.
    """
    names = {path: os.path.basename(path) for path in databases}
    found: dict[str, list[tuple[int, str]]] = {path: [] for path in names}
    for entry in walk(root):
        if not entry.language or entry.size > LARGEST_SOURCE:
            continue
        with open(entry.full, encoding="utf-8", errors="replace") as file:
            text = file.read()
        for path, name in names.items():
            if name in text:
                found[path] += [(rank, f"{entry.path}:{line}") for rank, line in _places(text, name, entry.language)]
    return {path: tuple(place for _, place in sorted(places)) for path, places in found.items()}


def _places(text: str, name: str, language: str) -> Iterator[tuple[int, int]]:
    """Rank and line of each place: 0 opens the database, 1 names it."""
    tree = _parsed(text) if language == "python" else None
    if tree is None:
        yield from ((1, number) for number, line in enumerate(text.splitlines(), 1) if _names(line, name))
        return
    opening = {id(inner) for node in ast.walk(tree) if _opens(node) for inner in ast.walk(node)}
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    lines: dict[int, int] = {}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for node in texts:
        if id(node) not in documents and _names(str(node.value), name):
            lines[node.lineno] = min(lines.get(node.lineno, 1), int(id(node) not in opening))
    yield from ((rank, line) for line, rank in lines.items())


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _opens(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return getattr(function, "attr", getattr(function, "id", "")) in OPENERS


def _names(text: str, name: str) -> bool:
    """Whether a text has the file's name as a whole: `my_data.db` does not name `data.db`."""
    place = text.find(name)
    while place >= 0:
        before, after = text[place - 1 : place], text[place + len(name) : place + len(name) + 1]
        if not (before.isalnum() or before in ("_", "-")) and not (after.isalnum() or after in ("_", "-")):
            return True
        place = text.find(name, place + 1)
    return False

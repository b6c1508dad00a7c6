"""Texts that stand for paths: joined, cut, filled in, and with a hole where something varies."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from audit.python.module import Scope

WIDTH = 8
"""How many alternatives of one value are kept."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text that an expression may give.

    Args:
        text: The text; ``{name}`` stands for what varies.
        params: The parameters it depends on, as (function, name).
    """

    text: str
    params: frozenset[tuple[Scope, str]] = frozenset()


def best(texts: Iterable[Text]) -> tuple[Text, ...]:
    """The alternatives with those that say nothing put last."""
    kept = list(dict.fromkeys(texts))
    return tuple(sorted(kept, key=lambda each: not re.sub(r"\{[^}]*\}", "", each.text)))


def join(left: str, right: str) -> str:
    """Join two paths as ``pathlib`` does."""
    right = right.replace("\\", "/")
    if right.startswith("/") or re.match(r"[A-Za-z]:", right) or left in ("", "."):
        return right
    while right.startswith("../") and "/" in left and not left.endswith(".."):
        left, right = up(left, 1), right[3:]
    return left.rstrip("/") + "/" + right.removeprefix("./") if right else left


def up(path: str, levels: int) -> str:
    """The path some levels above."""
    for _ in range(levels):
        if path.startswith("{") and "/" not in path:
            return path
        path = path.rpartition("/")[0] if "/" in path else "."
    return path


def product(parts: list[tuple[Text, ...]], add: Callable[[str, str], str]) -> tuple[Text, ...]:
    """Every combination of the alternatives of some parts."""
    result: tuple[Text, ...] = ()
    for part in parts:
        if not result:
            result = part
        else:
            result = tuple(Text(add(a.text, b.text), a.params | b.params) for a in result for b in part)[:WIDTH]
    return best(result)


PERCENT = re.compile(r"%(?:\((\w+)\))?[-+#0 ]*\d*(?:\.\d+)?[a-zA-Z]")
BRACES = re.compile(r"\{(\w*)[^{}]*\}")


def formatted(
    template: Text, values: list[Text], named: Mapping[str, Text] | None = None, places: re.Pattern[str] = PERCENT
) -> Text:
    """A template with its places filled in.

    Args:
        template: The text of the template.
        values: What its places take in turn.
        named: What places with a name take.
        places: How a place is written; its group is the name or the number.
    """
    rest = iter(values)
    known = named or {}
    params = template.params.union(*(value.params for value in (*values, *known.values())))

    def fill(found: re.Match[str]) -> str:
        name = found.group(1)
        if not name:
            value = next(rest, None)
        else:
            value = values[int(name)] if name.isdigit() and int(name) < len(values) else known.get(name)
        return value.text if value else f"{{{name or 'value'}}}"

    return Text(places.sub(fill, template.text), params)


def solid(text: str) -> str:
    """What is left of a path without what varies and without what every path has."""
    return re.sub(r"\{[^}]*\}|\*", "", text).strip("/. ")


def without_suffix(path: str) -> str:
    """A path without the end that its name has."""
    return re.sub(r"(?<=[^/])\.[^./{}]*$", "", path)


def last(node: ast.AST | None) -> str:
    """The last name of what is named or called; empty when there is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return last(node.func) if isinstance(node, ast.Call) else ""


def hole(node: ast.AST) -> str:
    """A placeholder named after an expression."""
    if isinstance(node, ast.Call):
        name = last(node.func)
        if name in ("strftime", "isoformat"):
            return "{date}"
        if name in ("int", "str", "len", "get") and node.args:
            return hole(node.args[0])
        return f"{{{name or 'value'}}}"
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        return f"{{{text}}}" if text.isidentifier() else "{value}"
    if isinstance(node, ast.Subscript):
        return hole(node.slice) if isinstance(node.slice, ast.Constant) else hole(node.value)
    name = last(node)
    return f"{{{name}}}" if name else "{value}"

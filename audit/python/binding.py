"""The places in a scope or a class that give a name its value."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.python.module import Scope

BINDERS = frozenset(
    {
        ast.Assign,
        ast.AnnAssign,
        ast.AugAssign,
        ast.NamedExpr,
        ast.For,
        ast.AsyncFor,
        ast.comprehension,
        ast.With,
        ast.AsyncWith,
        ast.ExceptHandler,
    }
)


@dataclass(frozen=True, slots=True)
class Binding:
    """One place that gives a name its value.

    Args:
        line: Where.
        how: ``value`` (the expression itself), ``item`` (``value[index]``), ``element`` (one of what ``value``
            yields), ``enter`` (what ``with value`` gives), ``entry`` (a dictionary with what was stored in it), or
            ``other`` (nothing that can be followed).
        value: The expression.
        index: Position for ``item``; for ``element`` the position in the unpacked element, -1 for the whole.
        owner: The scope in which the expression stands.
    """

    line: int
    how: str
    value: ast.expr | None
    index: int
    owner: Scope


COMPOUND = frozenset(
    {ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match}
)
"""Statements that hold others, apart from functions and classes."""


def blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statement lists that a compound statement holds."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if block:
            yield block
    for handler in getattr(node, "handlers", ()):
        yield handler.body
    for case in getattr(node, "cases", ()):
        yield case.body


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement in a list and in its blocks, nested functions and classes left closed."""
    for node in body:
        yield node
        if node.__class__ in COMPOUND:
            for block in blocks(node):
                yield from statements(block)


def own_attributes(method: Scope) -> Iterator[tuple[str, Binding]]:
    """What a method gives to the attributes of ``self``."""
    if isinstance(method.node, ast.Module):
        return
    for node in statements(method.node.body):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from _own(target, node, method)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                entered = item.optional_vars
                if isinstance(entered, ast.Attribute) and _is_own(entered.value):
                    yield entered.attr, Binding(node.lineno, "enter", item.context_expr, -1, method)


def _own(target: ast.expr, node: ast.Assign | ast.AnnAssign, method: Scope) -> Iterator[tuple[str, Binding]]:
    for leaf, how, index in _leaves(target):
        if isinstance(leaf, ast.Attribute) and _is_own(leaf.value):
            yield leaf.attr, Binding(node.lineno, how, node.value, index, method)
        elif isinstance(leaf, ast.Subscript) and isinstance(leaf.value, ast.Attribute) and _is_own(leaf.value.value):
            yield leaf.value.attr, Binding(node.lineno, "entry", _entry(leaf, node), -1, method)


def _entry(target: ast.Subscript, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> ast.Dict | None:
    """``name[key] = value`` as a dictionary with that entry."""
    return ast.copy_location(ast.Dict([target.slice], [node.value]), node) if node.value is not None else None


def _is_own(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id in {"self", "cls", "instance"}
    return isinstance(node, ast.Attribute) and node.attr == "_instance"


def _leaves(target: ast.expr) -> Iterator[tuple[ast.expr, str, int]]:
    if isinstance(target, ast.Tuple | ast.List):
        for index, each in enumerate(target.elts):
            yield each, "item", index
    else:
        yield target, "value", -1


def bound(node: ast.AST, scope: Scope) -> Iterator[tuple[str, Binding]]:
    """What a statement gives to the names of its scope."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        yield from _assigned(node, scope)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        for leaf, _, index in _leaves(node.target):
            for deeper, _, at in _leaves(leaf) if index >= 0 else [(leaf, "", index)]:
                if isinstance(deeper, ast.Name):
                    place = at if at >= 0 else index
                    yield deeper.id, Binding(node.iter.lineno, "element", node.iter, place, scope)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if isinstance(item.optional_vars, ast.Name):
                yield item.optional_vars.id, Binding(node.lineno, "enter", item.context_expr, -1, scope)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, Binding(node.lineno, "value", _grown(node), -1, scope)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name, Binding(node.lineno, "other", None, -1, scope)


def _assigned(node: ast.Assign | ast.AnnAssign | ast.NamedExpr, scope: Scope) -> Iterator[tuple[str, Binding]]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        for leaf, how, index in _leaves(target):
            if isinstance(leaf, ast.Name) and node.value is not None:
                yield leaf.id, Binding(node.lineno, how, node.value, index, scope)
            elif isinstance(leaf, ast.Subscript) and isinstance(leaf.value, ast.Name):
                yield leaf.value.id, Binding(node.lineno, "entry", _entry(leaf, node), -1, scope)


def _grown(node: ast.AugAssign) -> ast.BinOp:
    """``name += value`` as the sum of what the name was before and the value."""
    name = node.target.id if isinstance(node.target, ast.Name) else ""
    before = ast.Name(name, ast.Load(), lineno=node.lineno - 1, col_offset=0)
    return ast.copy_location(ast.BinOp(before, node.op, node.value), node)

"""Where a name or an attribute is read after it was given its value."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from audit.python.frame import Frame

if TYPE_CHECKING:
    from audit.python.module import Class, Scope
    from audit.python.resolve import Resolver

FAR_AWAY = 10**9
Read = tuple[ast.expr, "Scope"]


def between(scope: Scope, name: str, first: int, end: int) -> list[ast.expr]:
    """Where a scope itself reads a name on some lines."""
    return [node for node in scope.loads.get(name, ()) if first <= node.lineno <= end]


def reads(scope: Scope, name: str, given: ast.AST | None = None, end: int = 0) -> list[Read]:
    """Where a name is read, in its scope and in the functions that see it.

    Args:
        scope: Where it is bound.
        name: The name.
        given: What it is bound to; ``None`` for all of the scope.
        end: The last line on which it holds this value; 0 for up to the next binding.
    """
    first = getattr(given, "lineno", 0)
    last = end or (_next_binding(scope, name, given) if given is not None else FAR_AWAY)
    found: list[Read] = [(node, scope) for node in between(scope, name, first, last)]
    home = scope
    if scope.name and name in scope.foreign:
        home = scope.module.top
        found += [(node, home) for node in between(home, name, 0, FAR_AWAY)]
    for inner in _seeing(home, name):
        if inner is not scope:
            found += [(node, inner) for node in between(inner, name, 0, FAR_AWAY)]
    return found


def _seeing(scope: Scope, name: str) -> list[Scope]:
    """The functions within a scope in which a name means the scope's own."""
    found: list[Scope] = []
    for inner in scope.inner:
        if name not in inner.params and (name not in inner.bindings or name in inner.foreign):
            found += [inner, *_seeing(inner, name)]
    return found


def _next_binding(scope: Scope, name: str, given: ast.AST) -> int:
    line = getattr(given, "lineno", 0)
    for place in scope.bindings.get(name, ()):
        later = place.line > line and place.value is not None and not isinstance(place.value, ast.Constant)
        if later and place.value is not None and not _exclusive(place.value, given, scope):
            return place.line
    return FAR_AWAY


def _exclusive(one: ast.AST, other: ast.AST, scope: Scope) -> bool:
    """Whether two nodes stand in different branches of one statement."""
    above = _arms(other, scope)
    return any(above.get(node, arm) != arm for node, arm in _arms(one, scope).items())


def _arms(node: ast.AST, scope: Scope) -> dict[ast.AST, str]:
    arms: dict[ast.AST, str] = {}
    parent = scope.parents.get(node)
    while parent is not None:
        if isinstance(parent, ast.If | ast.Try | ast.Match):
            parts = ("body", "orelse", "handlers")
            arms[parent] = next((name for name in parts if node in getattr(parent, name, ())), "")
        node, parent = parent, scope.parents.get(parent)
    return arms


def reads_of_attribute(scope: Scope, base: ast.expr, name: str, resolver: Resolver) -> list[Read]:
    """Where ``base.name`` is read: for ``self`` in every method that its class, its bases and its heirs have."""
    if isinstance(base, ast.Name) and base.id in ("self", "cls"):
        cls = _own_class(scope)
        homes = [method for each in _family(cls, resolver) for method in each.methods.values()] if cls else [scope]
        found: list[Read] = []
        for home in dict.fromkeys(homes):
            for part in (home, *_seeing(home, base.id)):
                found += [(node, part) for node in part.loads.get("." + name, ()) if _is_of(node, base)]
        return found
    homes = [scope]
    if isinstance(base, ast.Name) and (not scope.name or base.id not in {*scope.bindings, *scope.params}):
        homes = [each for each in scope.module.scopes if each is scope or base.id not in {*each.bindings, *each.params}]
    return [(node, home) for home in homes for node in home.loads.get("." + name, ()) if _is_of(node, base)]


def _is_of(node: ast.expr, base: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and same(node.value, base)


def same(one: ast.AST, other: ast.AST) -> bool:
    """Whether two expressions are written alike."""
    if isinstance(one, ast.Name) and isinstance(other, ast.Name):
        return one.id == other.id
    return type(one) is type(other) and ast.unparse(one) == ast.unparse(other)


def _own_class(scope: Scope) -> Class | None:
    around: Scope | None = scope
    while around is not None and around.cls is None:
        around = around.outer
    return around.cls if around is not None else None


def _family(cls: Class, resolver: Resolver) -> list[Class]:
    """A class, its bases, and the classes that inherit from it."""
    heirs = [
        each
        for path in resolver.project.mentioning(cls.node.name)
        if f"{cls.node.name})" in resolver.project.sources[path] or path == cls.module.path
        if (module := resolver.project.module(path)) is not None
        for each in module.classes.values()
        if each is not cls and any(resolver.symbol(base, Frame(module.top)) is cls for base in each.node.bases)
    ]
    return [*resolver.lineage(cls), *heirs]


def loops(node: ast.AST, scope: Scope, since: int) -> bool:
    """Whether a node runs in a loop that begins on a line or later."""
    parent = scope.parents.get(node)
    while parent is not None and parent is not scope.node:
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While) and parent.lineno >= since:
            return True
        if isinstance(parent, ast.ListComp | ast.GeneratorExp | ast.SetComp):
            return True
        parent = scope.parents.get(parent)
    return False

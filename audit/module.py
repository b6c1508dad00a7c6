"""A Python module as the audit sees it: its functions, classes, imports, and the names that each scope binds."""

from __future__ import annotations

import ast
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Binding:
    """One place that gives a name its value.

    Args:
        line: Where.
        how: ``value`` (the expression itself), ``item`` (``value[index]``), ``element`` (one of what ``value``
            yields), ``enter`` (what ``with value`` gives), or ``other`` (nothing that can be followed).
        value: The expression.
        index: Position for ``item``; for ``element`` the position in the unpacked element, -1 for the whole.
        owner: The scope in which the expression stands.
    """

    line: int
    how: str
    value: ast.expr | None
    index: int
    owner: Scope


@dataclass(eq=False, slots=True)
class Scope:
    """A function, or a module's top level.

    Args:
        module: The module it belongs to.
        node: The syntax tree of the scope.
        name: Qualified name; empty for the top level.
        cls: The class that directly holds the function, if any.
        outer: The enclosing scope; ``None`` for the top level.
    """

    module: Module
    node: FunctionNode | ast.Module
    name: str
    cls: Class | None = None
    outer: Scope | None = None
    _nodes: list[ast.AST] | None = None
    _parents: dict[ast.AST, ast.AST] | None = None
    _bindings: dict[str, list[Binding]] | None = None

    @property
    def params(self) -> list[str]:
        """Names of the positional and keyword parameters, ``self`` included."""
        if isinstance(self.node, ast.Module):
            return []
        spec = self.node.args
        return [arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]

    def default(self, name: str) -> ast.expr | None:
        """The default of a parameter, or ``None``."""
        if isinstance(self.node, ast.Module):
            return None
        spec = self.node.args
        positional = [*spec.posonlyargs, *spec.args]
        for arg, value in zip(reversed(positional), reversed(spec.defaults), strict=False):
            if arg.arg == name:
                return value
        for arg, optional in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
            if arg.arg == name:
                return optional
        return None

    def annotation(self, name: str) -> ast.expr | None:
        """The annotation of a parameter, or ``None``."""
        if isinstance(self.node, ast.Module):
            return None
        spec = self.node.args
        for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
            if arg.arg == name:
                return arg.annotation
        return None

    @property
    def nodes(self) -> list[ast.AST]:
        """Every node of the scope in source order, without the bodies of nested functions and classes."""
        self._walk()
        return self._nodes or []

    @property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of every node of the scope."""
        self._walk()
        return self._parents or {}

    @property
    def bindings(self) -> dict[str, list[Binding]]:
        """What every name that the scope binds may be, in source order."""
        if self._bindings is None:
            found: dict[str, list[Binding]] = {}
            for node in self.nodes:
                if node.__class__ not in _BINDERS:
                    continue
                for name, binding in _bound(node, self):
                    found.setdefault(name, []).append(binding)
            for places in found.values():
                places.sort(key=lambda binding: binding.line)
            self._bindings = found
        return self._bindings

    def forget(self) -> None:
        """Drop what was computed."""
        self._nodes = self._parents = self._bindings = None

    def _walk(self) -> None:
        if self._nodes is not None:
            return
        nodes: list[ast.AST] = []
        parents: dict[ast.AST, ast.AST] = {}
        stack: list[ast.AST] = list(reversed(self.node.body))
        for child in stack:
            parents[child] = self.node
        while stack:
            node = stack.pop()
            nodes.append(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            children = _children(node)
            if not children:
                continue
            for child in children:
                parents[child] = node
            stack.extend(reversed(children))
        self._nodes, self._parents = nodes, parents


@dataclass(eq=False, slots=True)
class Class:
    """A class of a module.

    Args:
        module: The module it belongs to.
        node: Its syntax tree.
        name: Qualified name.
    """

    module: Module
    node: ast.ClassDef
    name: str
    methods: dict[str, Scope] = field(default_factory=dict)
    _attributes: dict[str, list[Binding]] | None = None

    @property
    def attributes(self) -> dict[str, list[Binding]]:
        """What the class body and ``self.x = …`` in its methods give to each attribute."""
        if self._attributes is None:
            found: dict[str, list[Binding]] = {}
            for statement in self.node.body:
                for name, binding in _bound(statement, self.module.top):
                    found.setdefault(name, []).append(binding)
            for method in self.methods.values():
                for name, binding in _own_attributes(method):
                    found.setdefault(name, []).append(binding)
            self._attributes = found
        return self._attributes


@dataclass(eq=False, slots=True)
class Module:
    """A parsed source file.

    Args:
        path: Relative to the root, with forward slashes.
        text: The source.
        tree: Its syntax tree.
    """

    path: str
    text: str
    tree: ast.Module
    scopes: list[Scope] = field(default_factory=list)
    functions: dict[str, Scope] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    top: Scope = field(init=False)
    _lines: list[tuple[int, int]] | None = None

    def __post_init__(self) -> None:
        """Index the tree: one pass over statements."""
        self.top = Scope(self, self.tree, "")
        self.scopes.append(self.top)
        self._index(self.tree.body, "", None, self.top)

    def _index(self, body: list[ast.stmt], prefix: str, cls: Class | None, outer: Scope) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                scope = Scope(self, node, prefix + node.name, cls, outer)
                self.scopes.append(scope)
                self.functions.setdefault(scope.name, scope)
                if cls is not None:
                    cls.methods.setdefault(node.name, scope)
                self._index(node.body, scope.name + ".", None, scope)
            elif isinstance(node, ast.ClassDef):
                inner = Class(self, node, prefix + node.name)
                self.classes.setdefault(inner.name, inner)
                self._index(node.body, inner.name + ".", inner, outer)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            else:
                for block in blocks(node):
                    self._index(block, prefix, cls, outer)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    self.imports.setdefault(alias.asname, (alias.name, ""))
                else:
                    self.imports.setdefault(alias.name.split(".")[0], (alias.name.split(".")[0], ""))
            return
        source = "." * node.level + (node.module or "")
        for alias in node.names:
            self.imports.setdefault(alias.asname or alias.name, (source, alias.name))

    def scope_at(self, line: int) -> Scope:
        """The innermost function that holds a line, or the top level."""
        if self._lines is None:
            self._lines = [(scope.node.lineno, scope.node.end_lineno or 0) for scope in self.scopes[1:] if scope.name]  # type: ignore[union-attr]
        for index in range(bisect_left(self._lines, (line, 0)) - 1, -1, -1):
            if line <= self._lines[index][1]:
                return self.scopes[index + 1]
        return self.top

    def release(self) -> None:
        """Take apart what refers to itself, so that the memory is free at once."""
        for scope in self.scopes:
            scope.forget()
            scope.node = _EMPTY
        for cls in self.classes.values():
            cls.node.body.clear()
            cls.methods.clear()
        self.tree = _EMPTY
        self.scopes.clear()
        self.functions.clear()
        self.classes.clear()


_EMPTY = ast.Module([], [])
_LEAVES = (ast.Name, ast.Constant)
_DULL = frozenset(
    {"ctx", "op", "ops", "type_comment", "kind", "conversion", "returns", "annotation", "attr", "arg", "id"}
)
_BINDERS = frozenset(
    {
        ast.Assign,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.For,
        ast.AsyncFor,
        ast.comprehension,
        ast.With,
        ast.AsyncWith,
        ast.ExceptHandler,
    }
)


def _children(node: ast.AST) -> list[ast.AST]:
    """What ``ast.iter_child_nodes`` gives, without contexts, operators and annotations, and faster."""
    found: list[ast.AST] = []
    if node.__class__ in _LEAVES:
        return found
    for name in node._fields:
        if name in _DULL:
            continue
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


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
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for block in blocks(node):
                yield from statements(block)


def _own_attributes(method: Scope) -> Iterator[tuple[str, Binding]]:
    if isinstance(method.node, ast.Module):
        return
    for node in statements(method.node.body):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for leaf, how, index in _leaves(target):
                    if isinstance(leaf, ast.Attribute) and _is_own(leaf.value):
                        yield leaf.attr, Binding(node.lineno, how, node.value, index, method)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                entered = item.optional_vars
                if isinstance(entered, ast.Attribute) and _is_own(entered.value):
                    yield entered.attr, Binding(node.lineno, "enter", item.context_expr, -1, method)


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


def _bound(node: ast.AST, scope: Scope) -> Iterator[tuple[str, Binding]]:
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for leaf, how, index in _leaves(target):
                if isinstance(leaf, ast.Name) and node.value is not None:
                    yield leaf.id, Binding(node.lineno, how, node.value, index, scope)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        line = node.iter.lineno
        for leaf, _, index in _leaves(node.target):
            if isinstance(leaf, ast.Name):
                yield leaf.id, Binding(line, "element", node.iter, index, scope)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if isinstance(item.optional_vars, ast.Name):
                yield item.optional_vars.id, Binding(node.lineno, "enter", item.context_expr, -1, scope)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name, Binding(node.lineno, "other", None, -1, scope)

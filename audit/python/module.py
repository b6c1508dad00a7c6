"""A Python module as the audit sees it: its functions, classes, imports, and the names that each scope binds."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.python.binding import BINDERS, COMPOUND, Binding, blocks, bound, own_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

DECLARING = re.compile(r"^[ \t]+(?:global|nonlocal) ", re.MULTILINE)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


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
    _loads: dict[str, list[ast.expr]] | None = None
    _returns: list[ast.expr] | None = None

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
                if node.__class__ not in BINDERS:
                    continue
                for name, binding in bound(node, self):
                    found.setdefault(name, []).append(binding)
                    if isinstance(node, ast.AugAssign) and binding.value is not None:
                        self.parents[binding.value] = node
            for name, binding in self._from_functions():
                found.setdefault(name, []).append(binding)
            for places in found.values():
                places.sort(key=lambda binding: binding.line)
            self._bindings = found
        return self._bindings

    def _from_functions(self) -> Iterator[tuple[str, Binding]]:
        """What functions give to the names of the module that they declare global."""
        for scope in self.module.declaring if not self.name else ():
            for name in scope.foreign:
                for binding in scope.bindings.get(name, ()):
                    yield name, binding

    @property
    def foreign(self) -> set[str]:
        """The names that the function declares global or nonlocal."""
        if self not in self.module.declaring:
            return set()
        return {name for node in self.nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}

    @property
    def loads(self) -> dict[str, list[ast.expr]]:
        """Where each name is read, and under ``.name`` where each attribute is, in source order."""
        if self._loads is None:
            found: dict[str, list[ast.expr]] = {}
            for node in self.nodes:
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    found.setdefault(node.id, []).append(node)
                elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                    found.setdefault("." + node.attr, []).append(node)
            self._loads = found
        return self._loads

    @property
    def returns(self) -> list[ast.expr]:
        """What the function returns, in source order."""
        if self._returns is None:
            self._returns = [
                node.value for node in self.nodes if isinstance(node, ast.Return) and node.value is not None
            ]
        return self._returns

    @property
    def inner(self) -> list[Scope]:
        """The functions that are defined in this one."""
        return self.module.inner.get(self, [])

    def forget(self) -> None:
        """Drop what was computed."""
        self._nodes = self._parents = self._bindings = self._loads = self._returns = None

    def _walk(self) -> None:
        if self._nodes is not None:
            return
        nodes: list[ast.AST] = []
        parents: dict[ast.AST, ast.AST] = dict.fromkeys(self.node.body, self.node)
        stack: list[ast.AST] = [*reversed(self.node.body)]
        while stack:
            node = stack.pop()
            kind = node.__class__
            if kind in _LEAVES:
                if node is not None:
                    nodes.append(node)
                continue
            nodes.append(node)
            first = len(stack)
            for name in _FIELDS.get(kind) or _fields(kind):
                value = getattr(node, name, None)
                if value.__class__ is list:
                    stack += value
                elif value is not None:
                    stack.append(value)
            if len(stack) > first:
                children = stack[: first - 1 : -1] if first else stack[::-1]
                stack[first:] = children
                for child in children:
                    parents[child] = node
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
    def fields(self) -> list[str]:
        """The annotated names of the class body, in order."""
        return [
            each.target.id
            for each in self.node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]

    @property
    def attributes(self) -> dict[str, list[Binding]]:
        """What the class body and ``self.x = …`` in its methods give to each attribute."""
        if self._attributes is None:
            found: dict[str, list[Binding]] = {}
            for statement in self.node.body:
                for name, binding in bound(statement, self.module.top):
                    found.setdefault(name, []).append(binding)
            for method in self.methods.values():
                for name, binding in own_attributes(method):
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
    _inner: dict[Scope, list[Scope]] | None = None
    _declaring: set[Scope] | None = None

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
            elif node.__class__ in COMPOUND:
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

    @property
    def inner(self) -> dict[Scope, list[Scope]]:
        """The functions by the one, or the top level, in which they are defined."""
        if self._inner is None:
            self._inner = {}
            for scope in self.scopes:
                if scope.outer is not None:
                    self._inner.setdefault(scope.outer, []).append(scope)
        return self._inner

    @property
    def declaring(self) -> set[Scope]:
        """The functions that declare names global or nonlocal."""
        if self._declaring is None:
            told = "global " in self.text or "nonlocal " in self.text
            words = DECLARING.finditer(self.text) if told else ()
            lines = [self.text.count("\n", 0, found.end()) + 1 for found in words]
            self._declaring = {self.scope_at(line) for line in lines} - {self.top}
        return self._declaring

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
        self._inner = self._declaring = None
        self.scopes.clear()
        self.functions.clear()
        self.classes.clear()


_EMPTY = ast.Module([], [])
_LEAVES = frozenset({ast.Name, ast.Constant, ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal, type(None)})
_DULL = frozenset(
    {
        "ctx", "op", "ops", "type_comment", "kind", "conversion", "returns", "annotation", "attr", "arg", "id", "name",
        "is_async", "simple", "level", "names", "module", "kwd_attrs", "rest", "type_params",
    }
)  # fmt: skip
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.FunctionDef: ("decorator_list",),
    ast.AsyncFunctionDef: ("decorator_list",),
    ast.ClassDef: ("decorator_list",),
    ast.Attribute: ("value",),
    ast.keyword: ("value",),
    ast.Import: (),
    ast.ImportFrom: (),
    ast.alias: (),
    ast.MatchSingleton: (),
    ast.MatchStar: (),
}
"""The fields of each kind of node that hold what a scope consists of."""


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a kind of node, without contexts, operators and annotations; kept for the next time."""
    _FIELDS[kind] = found = tuple(name for name in kind._fields if name not in _DULL)
    return found

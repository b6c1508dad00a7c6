"""Functions, classes, bindings and loops of a JavaScript source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.languages.javascript.tokens import NAME, STRING

if TYPE_CHECKING:
    from audit.languages.javascript.tokens import Tokens

NOT_METHODS = frozenset("if for while switch catch with function return await typeof super new do else".split())
_MODIFIERS = frozenset("public private protected readonly override static declare".split())


@dataclass(eq=False, slots=True)
class Param:
    """A parameter of a function.

    Args:
        name: Its name inside.
        position: Which argument gives it, from 0.
        key: The property of the argument that gives it, for ``function f({ file })``; empty for the argument itself.
        default: Index of the token where its default begins, -1 without one.
    """

    name: str
    position: int
    key: str = ""
    default: int = -1


@dataclass(eq=False, slots=True)
class Scope:
    """A function, a class, or the top level.

    Args:
        number: Its place in the list; 0 is the top level.
        kind: ``top``, ``function`` or ``class``.
        name: Its own name, empty without one.
        outer: Number of the scope around it.
        start: Index of the first token of its body.
        end: Index behind the last one.
        params: Its parameters by name.
        declared: Names that it declares.
    """

    number: int
    kind: str
    name: str
    outer: int
    start: int
    end: int
    params: dict[str, Param] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Binding:
    """A value given to a name or an attribute.

    Args:
        scope: Number of the scope in which this happens.
        value: Index of the token where the value begins.
        how: ``=`` the value, ``+=`` added to what was there, ``key`` a property of the value, ``each`` an element.
        key: The property, for ``key``.
    """

    scope: int
    value: int
    how: str = "="
    key: str = ""


@dataclass(eq=False, slots=True)
class Program:
    """What names mean in a source.

    Args:
        tokens: The source.
        scopes: Functions and classes in the order of their beginnings, the top level first.
        owner: Number of the innermost scope, by token.
        loops: How many loops are around, by token.
        names: Bindings by name.
        attributes: Bindings by (number of the class or -1, attribute).
        imports: Local names by what they stand for: (module, name in it or ``*``).
        called: Tokens that are called or followed by an opening bracket, by name.
    """

    tokens: Tokens
    scopes: list[Scope] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    loops: list[int] = field(default_factory=list)
    names: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[tuple[int, str], list[Binding]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    called: dict[str, list[int]] = field(default_factory=dict)

    def scope(self, at: int) -> Scope:
        """The innermost scope of a token."""
        return self.scopes[self.owner[at]] if 0 <= at < len(self.owner) else self.scopes[0]

    def function(self, at: int) -> Scope:
        """The innermost named function of a token, or else the top level."""
        scope = self.scope(at)
        while scope.number and not (scope.kind == "function" and scope.name):
            scope = self.scopes[scope.outer]
        return scope

    def title(self, at: int) -> str:
        """The qualified name of the function around a token, empty at the top level."""
        names: list[str] = []
        scope = self.function(at)
        while scope.number and len(names) < 5:
            if scope.name:
                names.append(scope.name)
            scope = self.scopes[scope.outer]
        return ".".join(reversed(names))

    def class_of(self, at: int) -> int:
        """Number of the class around a token, -1 without one."""
        scope = self.scope(at)
        while scope.number and scope.kind != "class":
            scope = self.scopes[scope.outer]
        return scope.number or -1

    def home(self, name: str, at: int) -> Scope | None:
        """The scope that declares a name which is used at a token, ``None`` when it comes from outside."""
        scope = self.scope(at)
        while True:
            if name in scope.declared or name in scope.params:
                return scope
            if not scope.number:
                return scope if name in self.names else None
            scope = self.scopes[scope.outer]

    def bindings(self, name: str, home: Scope) -> list[Binding]:
        """The values given to a name of a scope, those given in functions inside of it included."""
        found = []
        for binding in self.names.get(name, ()):
            scope = self.scopes[binding.scope]
            while scope.number and scope is not home and name not in scope.declared and name not in scope.params:
                scope = self.scopes[scope.outer]
            if scope is home:
                found.append(binding)
        return found


def params(tokens: Tokens, at: int) -> dict[str, Param]:
    """The parameters in a pair of brackets, or the single one without brackets."""
    if tokens.at(at) != "(":
        return {tokens.at(at): Param(tokens.at(at), 0)}
    found: dict[str, Param] = {}
    close, index, position = tokens.pairs[at], at + 1, 0
    while index < close:
        while tokens.at(index) in _MODIFIERS or tokens.at(index) in ("...", "this"):
            index += 1
        if tokens.at(index) == "{":
            found |= {one: Param(one, position, key, value) for one, key, value in destructured(tokens, index)}
            name = ""
        elif tokens.kind(index) == NAME:
            name = tokens.at(index)
            found[name] = Param(name, position)
        else:
            name = ""
        while index < close and tokens.at(index) != ",":
            if tokens.at(index) == "=" and name in found:
                found[name].default = index + 1
            index = tokens.after(index)
        index, position = index + 1, position + 1
    return found


def destructured(tokens: Tokens, at: int) -> list[tuple[str, str, int]]:
    """What a pattern such as ``{ a, b: c = 1 }`` binds: local name, property, and where its default begins."""
    found: list[tuple[str, str, int]] = []
    close, index = tokens.pairs[at], at + 1
    while index < close:
        key = tokens.value(index) if tokens.kind(index) == STRING else tokens.at(index)
        name, default = key, -1
        if tokens.at(index + 1) in (":", "as") and tokens.kind(index + 2) == NAME:
            name = tokens.at(index + 2)
        while index < close and tokens.at(index) != ",":
            if tokens.at(index) == "=" and default < 0:
                default = index + 1
            index = tokens.after(index)
        if name.isidentifier() or name.startswith("$"):
            found.append((name, key, default))
        index += 1
    return found

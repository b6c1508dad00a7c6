"""Follows names, attributes and calls to the classes, functions and expressions behind them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.python.frame import DEPTH, Arg, Frame, bind, reaching
from audit.python.module import Class, Module, Scope
from audit.python.pathtext import last

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.python.binding import Binding
    from audit.python.project import Project

MOST_ENDS = 24
"""How many expressions one may lead to."""


@dataclass(eq=False, slots=True)
class Follower:
    """Follows expressions through a project.

    Args:
        project: The modules.
    """

    project: Project
    _naming: set[int] = field(default_factory=set)
    _named: dict[tuple[ast.expr, Scope], Scope | Class | Module | None] = field(default_factory=dict)
    _chasing: set[tuple[int, int]] = field(default_factory=set)
    _chased: dict[tuple[ast.expr, Scope], list[tuple[ast.expr, Frame]]] = field(default_factory=dict)
    _cut: int = 0

    def attribute(self, node: ast.Attribute, frame: Frame, depth: int = 0) -> list[tuple[ast.expr, Frame]]:
        """The expressions that may have been stored under an attribute, each with its frame."""
        found: list[tuple[ast.expr, Frame]] = []
        for cls, own in self.classes(node.value, frame, depth):
            if own is not None and not own.scope.name and node.attr in own.args:
                return [own.args[node.attr]]
            for holder in self.lineage(cls):
                for place in holder.attributes.get(node.attr, ()):
                    if place.value is None or (isinstance(place.value, ast.Constant) and place.value.value is None):
                        continue
                    args = own.args if own and place.owner.name.endswith("__init__") else {}
                    found += self._stored(place, Frame(place.owner, args, own), depth)
                getter = holder.methods.get(node.attr)
                if getter is not None:
                    found += self.returned(getter, {}, depth)
            if found:
                return found
        if isinstance(node.value, ast.Name):
            origin = self.project.imported(frame.scope.module, node.value.id)
            if isinstance(origin, Module):
                target = self.project.imported(origin, node.attr)
                if isinstance(target, tuple):
                    return [
                        (p.value, Frame(target[0].top))
                        for p in target[0].top.bindings[target[1]]
                        if p.value is not None
                    ]
        return found

    def _stored(self, place: Binding, frame: Frame, depth: int) -> list[tuple[ast.expr, Frame]]:
        value = place.value
        if value is None:
            return []
        if isinstance(value, ast.Call) and last(value.func) in ("field", "Field", "Option", "Argument"):
            for keyword in value.keywords:
                if keyword.arg == "default":
                    return [(keyword.value, frame)]
                if keyword.arg == "default_factory" and isinstance(keyword.value, ast.Lambda):
                    return [(keyword.value.body, frame)]
                if keyword.arg == "default_factory":
                    call = ast.copy_location(ast.Call(keyword.value, [], []), keyword.value)
                    return [(call, frame)]
            return [(value.args[0], frame)] if value.args else []
        if place.how == "item":
            return [
                (each.elts[place.index], where)
                for each, where in self.chase(value, frame, depth)
                if isinstance(each, ast.Tuple | ast.List) and place.index < len(each.elts)
            ]
        return [(value, frame)]

    def classes(self, node: ast.expr, frame: Frame, depth: int = 0) -> list[tuple[Class, Frame | None]]:
        """The classes that an expression may be an instance of (or name), with the constructor's arguments."""
        if depth > DEPTH:
            return []
        if isinstance(node, ast.Name) and node.id in ("self", "cls"):
            scope: Scope | None = frame.scope
            while scope is not None:
                if scope.cls is not None:
                    return [(scope.cls, frame.own)]
                scope = scope.outer
            return []
        if isinstance(node, ast.Name):
            origin = self.project.imported(frame.scope.module, node.id)
            if isinstance(origin, Class):
                return [(origin, None)]
            hint = frame.scope.annotation(node.id) if node.id in frame.scope.params else None
            if hint is not None and node.id not in frame.args:
                return self._annotated(hint, frame)
        found: list[tuple[Class, Frame | None]] = []
        for value, where in self.chase(node, frame, depth + 1):
            if isinstance(value, ast.Call):
                target = self.symbol(value.func, where)
                if isinstance(target, Class):
                    init = self.method(target, "__init__")
                    own = Frame(init or target.module.top, self.given_to(target, init, value, where))
                    found.append((target, own))
            elif isinstance(value, ast.Name) and value is not node and value.id in where.scope.params:
                hint = where.scope.annotation(value.id)
                found += self._annotated(hint, where) if hint is not None else []
        return found

    def method(self, cls: Class, name: str) -> Scope | None:
        """A method of a class or of its bases."""
        return next((each.methods[name] for each in self.lineage(cls) if name in each.methods), None)

    def given_to(self, cls: Class, init: Scope | None, call: ast.Call, frame: Frame) -> dict[str, Arg]:
        """The arguments of a call that makes an instance, by parameter, or by field when there is no ``__init__``."""
        if init is not None:
            return bind(init, call, frame)
        fields = [name for each in reversed(self.lineage(cls)) for name in each.fields]
        given = {name: (value, frame) for name, value in zip(fields, call.args, strict=False)}
        return given | {each.arg: (each.value, frame) for each in call.keywords if each.arg in fields and each.arg}

    def _annotated(self, hint: ast.expr, frame: Frame) -> list[tuple[Class, Frame | None]]:
        names = [n.id for n in ast.walk(hint) if isinstance(n, ast.Name)]
        names += [n.value for n in ast.walk(hint) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        found = [self.project.imported(frame.scope.module, name) for name in names]
        return [(each, None) for each in found if isinstance(each, Class)]

    def lineage(self, cls: Class, depth: int = 0) -> list[Class]:
        """A class and its bases, as far as they are of this tree."""
        line = [cls]
        for base in cls.node.bases:
            origin = self.symbol(base, Frame(cls.module.top))
            if isinstance(origin, Class) and depth < 6 and origin is not cls:
                line += self.lineage(origin, depth + 1)
        return line

    def symbol(self, node: ast.expr, frame: Frame) -> Scope | Class | Module | None:
        """The function, class or module that an expression names."""
        plain = not frame.args and frame.own is None
        if plain and (node, frame.scope) in self._named:
            return self._named[node, frame.scope]
        if id(node) in self._naming:
            self._cut += 1
            return None
        self._naming.add(id(node))
        cut = self._cut
        try:
            found = self._symbol(node, frame)
        finally:
            self._naming.discard(id(node))
        if plain and cut == self._cut:
            self._named[node, frame.scope] = found
        return found

    def _symbol(self, node: ast.expr, frame: Frame) -> Scope | Class | Module | None:
        if isinstance(node, ast.Name):
            scope: Scope | None = frame.scope
            while scope is not None and scope.name:
                nested = scope.module.functions.get(f"{scope.name}.{node.id}")
                if nested is not None and nested.cls is None:
                    return nested
                scope = scope.outer
            origin = self.project.imported(frame.scope.module, node.id)
            if isinstance(origin, tuple) or (origin is None and node.id in frame.scope.bindings):
                return self._aliased(node, frame)
            return origin
        if isinstance(node, ast.Attribute):
            base = self.symbol(node.value, frame) if isinstance(node.value, ast.Name | ast.Attribute) else None
            if isinstance(base, Module):
                origin = self.project.imported(base, node.attr)
                return None if isinstance(origin, tuple) else origin
            for cls, _ in [(base, None)] if isinstance(base, Class) else self.classes(node.value, frame):
                for holder in self.lineage(cls):
                    if node.attr in holder.methods:
                        return holder.methods[node.attr]
        return None

    def _aliased(self, node: ast.Name, frame: Frame) -> Scope | Class | Module | None:
        for place in frame.scope.bindings.get(node.id, frame.scope.module.top.bindings.get(node.id, ())):
            if (
                place.how == "value"
                and isinstance(place.value, ast.Name | ast.Attribute)
                and last(place.value) != node.id
            ):
                return self.symbol(place.value, Frame(place.owner))
        return None

    def chase(self, node: ast.expr, frame: Frame, depth: int = 0) -> list[tuple[ast.expr, Frame]]:
        """Follow names, attributes and calls to the expressions that make the value."""
        plain = not frame.args and frame.own is None
        if plain and (node, frame.scope) in self._chased:
            return self._chased[node, frame.scope]
        key = (id(node), id(frame.args) if frame.args else 0)
        if depth > DEPTH or key in self._chasing:
            self._cut += 1
            return []
        self._chasing.add(key)
        cut = self._cut
        try:
            found = {end: (end, where) for end, where in self._chase(node, frame, depth)}
        finally:
            self._chasing.discard(key)
        ends = list(found.values())[:MOST_ENDS]
        if plain and cut == self._cut:
            self._chased[node, frame.scope] = ends
        return ends

    def _chase(self, node: ast.expr, frame: Frame, depth: int) -> list[tuple[ast.expr, Frame]]:
        if isinstance(node, ast.Name):
            return self._chase_name(node, frame, depth)
        if isinstance(node, ast.Attribute):
            return [
                end
                for value, where in self.attribute(node, frame, depth + 1)
                for end in self.chase(value, where, depth + 1)
            ]
        if isinstance(node, ast.Subscript):
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            held = [each for end in self.chase(node.value, frame, depth + 1) for each in self.items(*end, key)]
            return [end for each in held for end in self.chase(*each, depth + 1)] or [(node, frame)]
        if isinstance(node, ast.IfExp):
            return self.chase(node.body, frame, depth + 1) + self.chase(node.orelse, frame, depth + 1)
        if isinstance(node, ast.BoolOp):
            return [end for value in node.values for end in self.chase(value, frame, depth + 1)]
        if isinstance(node, ast.Call):
            target = self.symbol(node.func, frame)
            if isinstance(target, Scope):
                return self.returned(target, bind(target, node, frame), depth)
        return [(node, frame)]

    def keyword(self, node: ast.Attribute, frame: Frame, depth: int = 0) -> list[tuple[ast.expr, Frame]]:
        """What an attribute of a ``SimpleNamespace`` and its like was given when it was made."""
        return [
            (each.value, where)
            for value, where in self.chase(node.value, frame, depth + 1)
            if isinstance(value, ast.Call)
            for each in value.keywords
            if each.arg == node.attr
        ]

    def items(self, value: ast.expr, frame: Frame, key: object) -> list[tuple[ast.expr, Frame]]:
        """What a dictionary or a sequence holds under a key; everything in a dictionary when the key is not known."""
        if isinstance(value, ast.Dict):
            names = [each.value if isinstance(each, ast.Constant) else None for each in value.keys]
            chosen = [each for name, each in zip(names, value.values, strict=True) if name == key and key is not None]
            unknown = [each for name, each in zip(names, value.values, strict=True) if name is None]
            return [(each, frame) for each in chosen or (value.values if key is None else unknown)]
        if isinstance(value, ast.DictComp):
            return [(value.value, frame)]
        if isinstance(value, ast.Call) and last(value.func) == "dict":
            return [(each.value, frame) for each in value.keywords if key is None or each.arg == key]
        if isinstance(value, ast.Tuple | ast.List) and isinstance(key, int) and abs(key + 0.5) <= len(value.elts):
            return [(value.elts[key], frame)]
        return [(value, frame)] if isinstance(value, ast.ListComp | ast.List | ast.Tuple) else []

    def _chase_name(self, node: ast.Name, frame: Frame, depth: int) -> list[tuple[ast.expr, Frame]]:
        scope = frame.scope
        if node.id in scope.params and node.id in frame.args:
            value, where = frame.args[node.id]
            return self.chase(value, where, depth + 1)
        places = [(p, Frame(p.owner, frame.args, frame.own)) for p in reaching(scope, node.id, node.lineno, node)]
        if not places:
            origin = self.project.imported(scope.module, node.id)
            if isinstance(origin, tuple):
                places = [(p, Frame(origin[0].top)) for p in origin[0].top.bindings[origin[1]]]
        found: list[tuple[ast.expr, Frame]] = []
        for place, where in places:
            if place.how in ("value", "enter", "entry") and place.value is not None and place.value is not node:
                found += self.chase(place.value, where, depth + 1)
        return found or [(node, frame)]

    def returned(self, target: Scope, args: Mapping[str, Arg], depth: int) -> list[tuple[ast.expr, Frame]]:
        """The expressions that a function returns when it is called with these arguments."""
        if isinstance(target.node, ast.Module) or depth > DEPTH:
            return []
        frame = Frame(target, args)
        ends: list[tuple[ast.expr, Frame]] = []
        for value in target.returns:
            ends += self.chase(value, frame, depth + 2)
        return ends

"""What text an expression gives: paths made of constants, attributes, joins, defaults and parameters."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.module import Binding, Class, Module, Scope, statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from audit.project import Project

DEPTH = 24
"""How many steps a value is followed."""
WIDTH = 8
"""How many alternatives of one value are kept."""

SAME = frozenset(
    {
        "resolve",
        "absolute",
        "expanduser",
        "as_posix",
        "strip",
        "rstrip",
        "lower",
        "upper",
        "decode",
        "encode",
        "normpath",
        "abspath",
        "realpath",
        "fspath",
        "str",
        "Path",
        "PurePath",
        "PosixPath",
        "WindowsPath",
        "fsdecode",
        "cast",
        "sorted",
        "list",
        "tuple",
        "reversed",
        "set",
        "iter",
        "next",
        "deepcopy",
        "copy",
    }
)
"""Calls and methods that give back their argument as far as its text goes."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text that an expression may give.

    Args:
        text: The text; ``{name}`` stands for what varies.
        params: The parameters it depends on, as (function, name).
    """

    text: str
    params: frozenset[tuple[Scope, str]] = frozenset()


@dataclass(eq=False, slots=True)
class Frame:
    """Where an expression stands: a scope, and what is known of its arguments.

    Args:
        scope: The function, or the top level.
        args: Arguments by parameter name, each with the frame in which it stands.
        own: Arguments of the constructor call that made ``self``.
    """

    scope: Scope
    args: Mapping[str, Arg] = field(default_factory=dict)
    own: Frame | None = None


Arg = tuple[ast.expr, Frame]


@dataclass(eq=False, slots=True)
class Resolver:
    """Follows values through a project.

    Args:
        project: The modules.
    """

    project: Project
    _active: set[tuple[int, int]] = field(default_factory=set)
    _naming: set[int] = field(default_factory=set)

    def forget(self) -> None:
        """Drop what an interrupted search left behind."""
        self._active.clear()
        self._naming.clear()

    def texts(self, node: ast.expr | None, frame: Frame, depth: int = 0) -> tuple[Text, ...]:
        """The texts that an expression may give, the best known first; never empty.

        Args:
            node: The expression.
            frame: Where it stands.
            depth: Steps taken so far.
        """
        if node is None:
            return (Text("{unknown}"),)
        key = (id(node), id(frame.args) if frame.args else 0)
        if depth > DEPTH or key in self._active:
            return (Text(_hole(node)),)
        self._active.add(key)
        try:
            method: Callable[..., Iterable[Text]] = getattr(self, "_" + type(node).__name__.lower(), self._other)
            found = tuple(dict.fromkeys(method(node, frame, depth + 1)))[:WIDTH]
        finally:
            self._active.discard(key)
        return found or (Text(_hole(node)),)

    def _other(self, node: ast.expr, _frame: Frame, _depth: int) -> Iterable[Text]:
        return (Text(_hole(node)),)

    def _constant(self, node: ast.Constant, _frame: Frame, _depth: int) -> Iterable[Text]:
        if isinstance(node.value, bytes):
            return (Text(node.value.decode("utf-8", "replace")),)
        return () if node.value is None else (Text(str(node.value)),)

    def _joinedstr(self, node: ast.JoinedStr, frame: Frame, depth: int) -> Iterable[Text]:
        parts: list[tuple[Text, ...]] = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                if value.format_spec is not None:
                    parts.append((Text(_hole(value.value)),))
                else:
                    parts.append(self.texts(value.value, frame, depth))
            else:
                parts.append(self.texts(value, frame, depth))
        return _product(parts, lambda left, right: left + right)

    def _binop(self, node: ast.BinOp, frame: Frame, depth: int) -> Iterable[Text]:
        left = self.texts(node.left, frame, depth)
        if isinstance(node.op, ast.Mod):
            given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            values = [self.texts(each, frame, depth)[0] for each in given]
            return [_formatted(each, values) for each in left]
        right = self.texts(node.right, frame, depth)
        if isinstance(node.op, ast.Div):
            return _product([left, right], join)
        if isinstance(node.op, ast.Add):
            return _product([left, right], lambda one, two: one + two)
        return (Text(_hole(node)),)

    def _ifexp(self, node: ast.IfExp, frame: Frame, depth: int) -> Iterable[Text]:
        return best((*self._given(node.body, frame, depth), *self._given(node.orelse, frame, depth)))

    def _boolop(self, node: ast.BoolOp, frame: Frame, depth: int) -> Iterable[Text]:
        return best(text for value in node.values for text in self._given(value, frame, depth))

    def _given(self, node: ast.expr, frame: Frame, depth: int) -> tuple[Text, ...]:
        if isinstance(node, ast.Constant) and node.value in (None, ""):
            return ()
        return self.texts(node, frame, depth)

    def _namedexpr(self, node: ast.NamedExpr, frame: Frame, depth: int) -> Iterable[Text]:
        return self.texts(node.value, frame, depth)

    def _await(self, node: ast.Await, frame: Frame, depth: int) -> Iterable[Text]:
        return self.texts(node.value, frame, depth)

    def _starred(self, node: ast.Starred, frame: Frame, depth: int) -> Iterable[Text]:
        return self.texts(node.value, frame, depth)

    def _list(self, node: ast.List | ast.Tuple | ast.Set, frame: Frame, depth: int) -> Iterable[Text]:
        return [text for each in node.elts[:WIDTH] for text in self.texts(each, frame, depth)]

    _tuple = _list
    _set = _list

    def _dict(self, node: ast.Dict, frame: Frame, depth: int) -> Iterable[Text]:
        return [text for each in node.values[:WIDTH] for text in self.texts(each, frame, depth)]

    def _listcomp(
        self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, frame: Frame, depth: int
    ) -> Iterable[Text]:
        return self.texts(node.elt, frame, depth)

    _generatorexp = _listcomp
    _setcomp = _listcomp

    def _subscript(self, node: ast.Subscript, frame: Frame, depth: int) -> Iterable[Text]:
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        base = node.value
        if isinstance(base, ast.Attribute) and base.attr == "environ" and isinstance(key, str):
            return (Text(f"{{${key}}}"),)
        if isinstance(base, ast.Attribute) and base.attr == "parents" and isinstance(key, int):
            return [Text(up(text.text, key + 1), text.params) for text in self.texts(base.value, frame, depth)]
        found: list[Text] = []
        for value, where in self.chase(base, frame, depth):
            found += self._item(value, where, key, depth)
        return found or (Text(_hole(node)),)

    def _item(self, value: ast.expr, where: Frame, key: object, depth: int) -> Iterable[Text]:
        if isinstance(value, ast.Dict):
            for name, each in zip(value.keys, value.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == key and key is not None:
                    return self.texts(each, where, depth)
            return [text for each in value.values for text in self.texts(each, where, depth)] if key is None else ()
        if (
            isinstance(value, ast.Tuple | ast.List)
            and isinstance(key, int)
            and -len(value.elts) <= key < len(value.elts)
        ):
            return self.texts(value.elts[key], where, depth)
        if isinstance(value, ast.Call | ast.ListComp | ast.List | ast.Tuple):
            return self.texts(value, where, depth)
        return ()

    def _name(self, node: ast.Name, frame: Frame, depth: int) -> Iterable[Text]:
        if node.id == "__file__":
            return (Text(frame.scope.module.path),)
        found: list[Text] = []
        scope: Scope | None = frame.scope
        while scope is not None:
            here = frame if scope is frame.scope else Frame(scope)
            if node.id in scope.params:
                found += self._param(scope, node.id, here, depth)
            places = reaching(scope, node.id, node.lineno if scope is frame.scope else 10**9)
            for place in places:
                found += self._bound(place, Frame(place.owner, here.args, here.own), depth)
            if found:
                return best(found)
            scope = scope.outer
        origin = self.project.imported(frame.scope.module, node.id)
        if isinstance(origin, tuple):
            module, name = origin
            for place in module.top.bindings[name]:
                found += self._bound(place, Frame(module.top), depth)
        return best(found)

    def _param(self, scope: Scope, name: str, frame: Frame, depth: int) -> Iterable[Text]:
        if name in frame.args:
            value, where = frame.args[name]
            return self.texts(value, where, depth)
        default = scope.default(name)
        mark = frozenset({(scope, name)})
        texts = [Text(f"{{{name}}}", mark)]
        if default is not None and not (isinstance(default, ast.Constant) and default.value in (None, "")):
            texts += [Text(t.text, t.params | mark) for t in self.texts(default, Frame(scope.outer or scope), depth)]
        return texts

    def _bound(self, place: Binding, frame: Frame, depth: int) -> Iterable[Text]:
        if place.how == "value":
            if isinstance(place.value, ast.Constant) and place.value.value is None:
                return ()
            return self.texts(place.value, frame, depth)
        if place.how == "element" and place.index < 0:
            return self.texts(place.value, frame, depth)
        if place.how == "enter" and isinstance(place.value, ast.Call) and "emp" in _hole(place.value):
            return (Text("{tmp}"),)
        if place.how == "item" and place.value is not None:
            found: list[Text] = []
            for value, where in self.chase(place.value, frame, depth):
                if isinstance(value, ast.Tuple | ast.List) and place.index < len(value.elts):
                    found += self.texts(value.elts[place.index], where, depth)
            return found
        return ()

    def _attribute(self, node: ast.Attribute, frame: Frame, depth: int) -> Iterable[Text]:
        if node.attr == "parent":
            return [Text(up(text.text, 1), text.params) for text in self.texts(node.value, frame, depth)]
        if node.attr in ("name", "stem") and not self.classes(node.value, frame, depth):
            return (Text(_hole(node)),)
        found: list[Text] = []
        for value, where in self.attribute(node, frame, depth):
            found += self.texts(value, where, depth)
        return best(found)

    def attribute(self, node: ast.Attribute, frame: Frame, depth: int = 0) -> list[tuple[ast.expr, Frame]]:
        """The expressions that may have been stored under an attribute, each with its frame."""
        found: list[tuple[ast.expr, Frame]] = []
        for cls, own in self.classes(node.value, frame, depth):
            for holder in self.lineage(cls):
                for place in holder.attributes.get(node.attr, ()):
                    if place.value is None or (isinstance(place.value, ast.Constant) and place.value.value is None):
                        continue
                    args = own.args if own and place.owner.name.endswith("__init__") else {}
                    found += self._stored(place, Frame(place.owner, args, own), depth)
                getter = holder.methods.get(node.attr)
                if getter is not None:
                    found += self._returned(getter, {}, depth)
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
        if isinstance(value, ast.Call) and _last(value.func) in ("field", "Field", "Option", "Argument"):
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
                    init = next((c.methods["__init__"] for c in self.lineage(target) if "__init__" in c.methods), None)
                    found.append((target, Frame(init, bind(init, value, where)) if init else None))
        return found

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
        if id(node) in self._naming:
            return None
        self._naming.add(id(node))
        try:
            return self._symbol(node, frame)
        finally:
            self._naming.discard(id(node))

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
                and _last(place.value) != node.id
            ):
                return self.symbol(place.value, Frame(place.owner))
        return None

    def chase(self, node: ast.expr, frame: Frame, depth: int = 0) -> list[tuple[ast.expr, Frame]]:
        """Follow names, attributes and calls to the expressions that make the value."""
        if depth > DEPTH:
            return []
        if isinstance(node, ast.Name):
            return self._chase_name(node, frame, depth)
        if isinstance(node, ast.Attribute):
            return [
                end
                for value, where in self.attribute(node, frame, depth + 1)
                for end in self.chase(value, where, depth + 1)
            ]
        if isinstance(node, ast.IfExp):
            return self.chase(node.body, frame, depth + 1) + self.chase(node.orelse, frame, depth + 1)
        if isinstance(node, ast.BoolOp):
            return [end for value in node.values for end in self.chase(value, frame, depth + 1)]
        if isinstance(node, ast.Call):
            target = self.symbol(node.func, frame)
            if isinstance(target, Scope):
                return self._returned(target, bind(target, node, frame), depth)
        return [(node, frame)]

    def _chase_name(self, node: ast.Name, frame: Frame, depth: int) -> list[tuple[ast.expr, Frame]]:
        scope = frame.scope
        if node.id in scope.params and node.id in frame.args:
            value, where = frame.args[node.id]
            return self.chase(value, where, depth + 1)
        places = [(p, Frame(p.owner, frame.args, frame.own)) for p in reaching(scope, node.id, node.lineno)]
        if not places:
            origin = self.project.imported(scope.module, node.id)
            if isinstance(origin, tuple):
                places = [(p, Frame(origin[0].top)) for p in origin[0].top.bindings[origin[1]]]
        found: list[tuple[ast.expr, Frame]] = []
        for place, where in places:
            if place.how in ("value", "enter") and place.value is not None and place.value is not node:
                found += self.chase(place.value, where, depth + 1)
        return found or [(node, frame)]

    def _returned(self, target: Scope, args: Mapping[str, Arg], depth: int) -> list[tuple[ast.expr, Frame]]:
        if isinstance(target.node, ast.Module) or depth > DEPTH:
            return []
        frame = Frame(target, args)
        ends: list[tuple[ast.expr, Frame]] = []
        for node in statements(target.node.body):
            if isinstance(node, ast.Return) and node.value is not None:
                ends += self.chase(node.value, frame, depth + 2)
        return ends

    def _call(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        name = _last(node.func)
        special: Callable[..., Iterable[Text]] | None = getattr(self, "_call_" + name, None)
        if special is not None:
            found = tuple(special(node, frame, depth))
            if found:
                return found
        if name in SAME:
            if isinstance(node.func, ast.Attribute) and not _is_library(node.func.value):
                return self.texts(node.func.value, frame, depth)
            if len(node.args) > 1 and name in ("Path", "PurePath"):
                return _product([self.texts(arg, frame, depth) for arg in node.args], join)
            return (
                self.texts(node.args[-1] if name == "cast" else node.args[0], frame, depth)
                if node.args
                else (Text(""),)
            )
        target = self.symbol(node.func, frame)
        if isinstance(target, Scope):
            found = tuple(
                t
                for value, where in self._returned(target, bind(target, node, frame), depth)
                for t in self.texts(value, where, depth)
            )
            if found:
                return best(found)
        return (Text(_hole(node)),)

    def _call_join(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant):
            return ()
        return _product([self.texts(arg, frame, depth) for arg in node.args], join) if node.args else ()

    def _call_joinpath(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if not isinstance(node.func, ast.Attribute):
            return ()
        return _product([self.texts(arg, frame, depth) for arg in (node.func.value, *node.args)], join)

    _call_glob = _call_joinpath

    def _call_rglob(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if not isinstance(node.func, ast.Attribute):
            return ()
        any_depth = (Text("**"),)
        return _product(
            [self.texts(node.func.value, frame, depth), any_depth, *(self.texts(a, frame, depth) for a in node.args)],
            join,
        )

    def _call_dirname(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        return [Text(up(t.text, 1), t.params) for t in self.texts(node.args[0], frame, depth)] if node.args else ()

    def _call_with_suffix(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if not isinstance(node.func, ast.Attribute) or not node.args:
            return ()
        suffix = self.texts(node.args[0], frame, depth)
        return _product(
            [self.texts(node.func.value, frame, depth), suffix],
            lambda path, end: re.sub(r"\.[^./{}]*$", "", path) + end,
        )

    def _call_with_name(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if not isinstance(node.func, ast.Attribute) or not node.args:
            return ()
        names = self.texts(node.args[0], frame, depth)
        return _product([self.texts(node.func.value, frame, depth), names], lambda path, name: join(up(path, 1), name))

    def _call_getenv(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if not node.args:
            return ()
        variable = str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else "env"
        given = [Text(f"{{${variable}}}")]
        if len(node.args) > 1:
            given = [*self._given(node.args[1], frame, depth), *given]
        return given

    def _call_get(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if not isinstance(node.func, ast.Attribute) or not node.args:
            return ()
        if _last(node.func.value) == "environ":
            return self._call_getenv(node, frame, depth)
        key = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        found: list[Text] = []
        for value, where in self.chase(node.func.value, frame, depth):
            found += self._item(value, where, key, depth)
        if len(node.args) > 1:
            found += self._given(node.args[1], frame, depth)
        return found

    def _call_format(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if not isinstance(node.func, ast.Attribute):
            return ()
        return self.texts(node.func.value, frame, depth)

    def _call_replace(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        if isinstance(node.func, ast.Attribute) and len(node.args) == 2:
            old, new = (self.texts(arg, frame, depth)[0].text for arg in node.args)
            return (
                [Text(t.text.replace(old, new), t.params) for t in self.texts(node.func.value, frame, depth)]
                if old
                else ()
            )
        return ()

    def _call_cwd(self, _node: ast.Call, _frame: Frame, _depth: int) -> Iterable[Text]:
        return (Text("."),)

    _call_getcwd = _call_cwd

    def _call_home(self, _node: ast.Call, _frame: Frame, _depth: int) -> Iterable[Text]:
        return (Text("~"),)

    def _call_mkdtemp(self, _node: ast.Call, _frame: Frame, _depth: int) -> Iterable[Text]:
        return (Text("{tmp}"),)

    _call_gettempdir = _call_mkdtemp


def reaching(scope: Scope, name: str, line: int) -> list[Binding]:
    """The bindings of a name that may reach a line: the last one before it, with those it does not replace."""
    places = scope.bindings.get(name, [])
    before = [place for place in places if place.line <= line]
    if not before:
        return places
    kept: list[Binding] = []
    for place in reversed(before):
        kept.append(place)
        if _certain(place, scope):
            break
    return kept


def _certain(place: Binding, scope: Scope) -> bool:
    if place.how == "element" or place.value is None:
        return False
    parents = scope.parents
    node: ast.AST | None = parents.get(place.value)
    while node is not None and node is not scope.node:
        if isinstance(node, ast.If | ast.Try | ast.For | ast.While | ast.ExceptHandler | ast.comprehension):
            return False
        node = parents.get(node)
    return True


def bind(target: Scope | None, call: ast.Call, frame: Frame, shift: int | None = None) -> dict[str, Arg]:
    """Arguments of a call by the parameter names of the function that it calls."""
    if target is None or isinstance(target.node, ast.Module):
        return {}
    names = target.params
    if shift is None:
        static = any(_last(each) == "staticmethod" for each in target.node.decorator_list)
        shift = 1 if target.cls is not None and not static else 0
    bound: dict[str, Arg] = {}
    for name, value in zip(names[shift:], call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        bound[name] = (value, frame)
    for keyword in call.keywords:
        if keyword.arg in names and keyword.arg is not None:
            bound[keyword.arg] = (keyword.value, frame)
    return bound


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


def _product(parts: list[tuple[Text, ...]], add: Callable[[str, str], str]) -> tuple[Text, ...]:
    result: tuple[Text, ...] = ()
    for part in parts:
        if not result:
            result = part
        else:
            result = tuple(Text(add(a.text, b.text), a.params | b.params) for a in result for b in part)[:WIDTH]
    return best(result)


def _formatted(template: Text, values: list[Text]) -> Text:
    rest = iter(values)
    params = template.params.union(*(value.params for value in values))

    def fill(_found: re.Match[str]) -> str:
        value = next(rest, None)
        return value.text if value else "{value}"

    return Text(re.sub(r"%[-+#0 ]*\d*(?:\.\d+)?[a-zA-Z]", fill, template.text), params)


def _last(node: ast.AST | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return _last(node.func) if isinstance(node, ast.Call) else ""


def _is_library(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return _is_library(node.value)
    return isinstance(node, ast.Name) and node.id in {
        "os",
        "path",
        "pathlib",
        "copy",
        "typing",
        "osp",
        "shutil",
        "anyio",
    }


def _hole(node: ast.AST) -> str:
    """A placeholder named after an expression."""
    if isinstance(node, ast.Call):
        name = _last(node.func)
        if name in ("strftime", "isoformat"):
            return "{date}"
        if name in ("int", "str", "len", "get") and node.args:
            return _hole(node.args[0])
        return f"{{{name or 'value'}}}"
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        return f"{{{text}}}" if text.isidentifier() else "{value}"
    if isinstance(node, ast.Subscript):
        return _hole(node.slice) if isinstance(node.slice, ast.Constant) else _hole(node.value)
    name = _last(node)
    return f"{{{name}}}" if name else "{value}"

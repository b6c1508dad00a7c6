"""What text an expression gives: paths made of constants, attributes, joins, defaults and parameters."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.python.calls import CallSite, call_sites
from audit.python.follow import Follower
from audit.python.frame import DEPTH, Frame, bind, gone_through, reaching
from audit.python.known_calls import KNOWN, SAME, is_library
from audit.python.module import Scope
from audit.python.options import declared, default_of
from audit.python.pathtext import WIDTH, Text, best, formatted, hole, join, last, product, solid, up, without_suffix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audit.python.binding import Binding

MOST_STEPS = 2000
"""How many expressions one may depend on."""


@dataclass(eq=False, slots=True)
class Resolver(Follower):
    """Gives the texts of expressions.

    Args:
        project: The modules.
    """

    _active: set[tuple[int, int]] = field(default_factory=set)
    _known: dict[tuple[ast.expr, Scope], tuple[Text, ...]] = field(default_factory=dict)
    _steps: int = 0
    _sites: dict[Scope, list[CallSite]] = field(default_factory=dict)

    def forget(self) -> None:
        """Drop what an interrupted search left behind, and what was kept for one source."""
        self._active.clear()
        self._known.clear()
        self._naming.clear()
        self._named.clear()
        self._chasing.clear()
        self._chased.clear()
        self._sites.clear()

    def sites(self, scope: Scope) -> list[CallSite]:
        """Every call of a function that can be attributed to it."""
        if scope not in self._sites:
            self._sites[scope] = call_sites(scope, self)
        return self._sites[scope]

    def texts(self, node: ast.expr | None, frame: Frame, depth: int = 0) -> tuple[Text, ...]:
        """The texts that an expression may give, the best known first; never empty.

        Args:
            node: The expression.
            frame: Where it stands.
            depth: Steps taken so far.
        """
        if node is None:
            return (Text("{unknown}"),)
        plain = not frame.args and frame.own is None
        if plain and (node, frame.scope) in self._known:
            return self._known[node, frame.scope]
        if not self._active:
            self._steps = 0
        key = (id(node), id(frame.args) if frame.args else 0)
        if depth > DEPTH or key in self._active or self._steps > MOST_STEPS:
            self._cut += 1
            return (Text(hole(node)),)
        self._steps += 1
        self._active.add(key)
        cut = self._cut
        try:
            method: Callable[..., Iterable[Text]] = getattr(self, "_" + type(node).__name__.lower(), self._other)
            found = tuple(dict.fromkeys(method(node, frame, depth + 1)))[:WIDTH] or (Text(hole(node)),)
        finally:
            self._active.discard(key)
        if plain and cut == self._cut:
            self._known[node, frame.scope] = found
        return found

    def _other(self, node: ast.expr, _frame: Frame, _depth: int) -> Iterable[Text]:
        return (Text(hole(node)),)

    def _constant(self, node: ast.Constant, _frame: Frame, _depth: int) -> Iterable[Text]:
        if isinstance(node.value, bytes):
            return (Text(node.value.decode("utf-8", "replace")),)
        return () if node.value is None else (Text(str(node.value)),)

    def _joinedstr(self, node: ast.JoinedStr, frame: Frame, depth: int) -> Iterable[Text]:
        parts: list[tuple[Text, ...]] = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                if value.format_spec is not None:
                    parts.append((Text(hole(value.value)),))
                else:
                    parts.append(self.texts(value.value, frame, depth))
            else:
                parts.append(self.texts(value, frame, depth))
        return product(parts, lambda left, right: left + right)

    def _binop(self, node: ast.BinOp, frame: Frame, depth: int) -> Iterable[Text]:
        if isinstance(node.op, ast.Add) and self._is_empty(node.left, frame):
            return self.texts(node.right, frame, depth)
        left = self.texts(node.left, frame, depth)
        if isinstance(node.op, ast.Mod):
            right = node.right
            if isinstance(right, ast.Dict):
                names = [str(key.value) if isinstance(key, ast.Constant) else "" for key in right.keys]
                held = {name: self.texts(each, frame, depth)[0] for name, each in zip(names, right.values, strict=True)}
                return [formatted(each, [], held) for each in left]
            given = right.elts if isinstance(right, ast.Tuple) else [right]
            return [formatted(each, [self.texts(value, frame, depth)[0] for value in given]) for each in left]
        ends = self.texts(node.right, frame, depth)
        if isinstance(node.op, ast.Div):
            return product([left, ends], join)
        if isinstance(node.op, ast.Add):
            return product([left, ends], lambda one, two: one + two)
        return (Text(hole(node)),)

    def _is_empty(self, node: ast.expr, frame: Frame) -> bool:
        """Whether an expression is a list that begins empty, so that a sum with it is what is added."""
        ends = self.chase(node, frame) if isinstance(node, ast.Name) else [(node, frame)]
        return any(isinstance(end, ast.List) and not end.elts for end, _ in ends)

    def _ifexp(self, node: ast.IfExp, frame: Frame, depth: int) -> Iterable[Text]:
        return best((*self.given(node.body, frame, depth), *self.given(node.orelse, frame, depth)))

    def _boolop(self, node: ast.BoolOp, frame: Frame, depth: int) -> Iterable[Text]:
        return best(text for value in node.values for text in self.given(value, frame, depth))

    def given(self, node: ast.expr, frame: Frame, depth: int) -> tuple[Text, ...]:
        """The texts of an expression, none when it is an empty constant."""
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
        if last(base) == "splitext" and isinstance(base, ast.Call) and base.args and key == 0:
            return [Text(without_suffix(text.text), text.params) for text in self.texts(base.args[0], frame, depth)]
        found: list[Text] = []
        for value, where in self.chase(base, frame, depth):
            found += self.item(value, where, key, depth)
        return found or (Text(hole(node)),)

    def item(self, value: ast.expr, where: Frame, key: object, depth: int) -> Iterable[Text]:
        """The texts of what a dictionary or a sequence holds under a key; every one when the key is not known."""
        held = self.items(value, where, key)
        if not held and isinstance(value, ast.Call):
            held = [(value, where)]
        return [text for each, frame in held for text in self.texts(each, frame, depth)]

    def _name(self, node: ast.Name, frame: Frame, depth: int) -> Iterable[Text]:
        if node.id == "__file__":
            return (Text(frame.scope.module.path),)
        found: list[Text] = []
        scope: Scope | None = frame.scope
        while scope is not None:
            here = frame if scope is frame.scope else Frame(scope)
            if node.id in scope.params:
                found += self._param(scope, node.id, here, depth)
            here_read = scope is frame.scope
            places = reaching(scope, node.id, node.lineno if here_read else 10**9, node if here_read else None)
            for place in places:
                texts = tuple(self._bound(place, Frame(place.owner, here.args, here.own), depth))
                if place.how == "element" and texts and not any(solid(text.text) or text.params for text in texts):
                    texts = (Text(hole(node)),)
                found += texts
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
        default = default_of(scope, name)
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
        if place.how == "element" and (place.index < 0 or last(place.value) in ("enumerate", "zip")):
            return self.texts(gone_through(place), frame, depth)
        if place.how == "enter" and isinstance(place.value, ast.Call) and "emp" in hole(place.value):
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
            return self._part(node, frame, depth)
        found: list[Text] = []
        for value, where in self.attribute(node, frame, depth):
            found += self.texts(value, where, depth)
        if found:
            return best(found)
        if node.attr == "value" and isinstance(node.value, ast.Attribute):
            return [text for text in self.texts(node.value, frame, depth) if solid(text.text)]
        given = [*declared(node, frame, self), *self.keyword(node, frame, depth)]
        return best(text for value, where in given for text in self.texts(value, where, depth))

    def _part(self, node: ast.Attribute, frame: Frame, depth: int) -> Iterable[Text]:
        """The name or the stem of a path, where it is known."""
        for text in self.texts(node.value, frame, depth):
            name = text.text.rpartition("/")[2]
            if not solid(name) or "{tmp}" in name:
                yield Text(hole(node))
            else:
                yield Text(without_suffix(name) if node.attr == "stem" else name, text.params)

    def _call(self, node: ast.Call, frame: Frame, depth: int) -> Iterable[Text]:
        name = last(node.func)
        special = KNOWN.get(name)
        if special is not None:
            found = tuple(special(node, frame, self, depth))
            if found:
                return found
        if name in SAME:
            if isinstance(node.func, ast.Attribute) and not is_library(node.func.value):
                return self.texts(node.func.value, frame, depth)
            if len(node.args) > 1 and name in ("Path", "PurePath"):
                return product([self.texts(arg, frame, depth) for arg in node.args], join)
            return (
                self.texts(node.args[-1] if name == "cast" else node.args[0], frame, depth)
                if node.args
                else (Text(""),)
            )
        target = self.symbol(node.func, frame)
        if isinstance(target, Scope):
            found = tuple(
                t
                for value, where in self.returned(target, bind(target, node, frame), depth)
                for t in self.texts(value, where, depth)
            )
            if found:
                return best(found)
        return (Text(hole(node)),)

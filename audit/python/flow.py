"""Where the value of an opening goes: through names, attributes, containers, wrappers, arguments and results."""

from __future__ import annotations

import ast
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit.python.calls import CallSite, made
from audit.python.frame import Frame, bind
from audit.python.levels import element, keeps, passed, through
from audit.python.module import Class, Scope
from audit.python.names import callees
from audit.python.pathtext import last
from audit.python.places import between, loops, reads, reads_of_attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from audit.python.resolve import Resolver

MOST = 400
"""How many expressions are followed from one opening."""
FAR = 5
"""Through how many calls and results a value is followed."""
MOST_SITES = 60
"""Results of a function with more call-sites than this are not followed."""

Step = tuple[ast.expr, str]


@dataclass(frozen=True, slots=True)
class Held:
    """An expression that holds what is followed.

    Args:
        node: The expression.
        frame: Where it stands.
        level: ``handle``, ``whole`` (its text), ``lines``, ``line``, ``box`` (a container of handles), ``write`` or
            ``readline`` (a bound method).
        since: Loops that begin on this line or later run while the value is held.
        loop: Whether it came here through a loop, or through an attribute.
        far: How many calls and results lie between.
        back: The call through whose arguments it came into this function.
        site: The call-site through which it left the function that opens it.
    """

    node: ast.expr
    frame: Frame
    level: str
    since: int = 0
    loop: bool = False
    far: int = 0
    back: Held | None = None
    site: CallSite | None = None


@dataclass(eq=False, slots=True)
class Flow:
    """Follows what a call gives.

    Args:
        resolver: Follows names and calls.
        escaped: Whether a value went where it cannot be followed.
    """

    resolver: Resolver
    escaped: bool = False
    _sites: dict[Scope, list[CallSite]] = field(default_factory=dict)

    def run(self, starts: Iterable[Held]) -> list[Held]:
        """Everything that holds the value, the starts first."""
        found: list[Held] = []
        seen: set[tuple[ast.expr, str]] = set()
        waiting = deque(starts)
        while waiting and len(found) < MOST:
            held = waiting.popleft()
            if (held.node, held.level) in seen or not held.level:
                continue
            seen.add((held.node, held.level))
            found.append(held)
            if held.far <= FAR:
                waiting.extend(self._next(held))
        return found

    def _next(self, held: Held) -> Iterator[Held]:
        scope = held.frame.scope
        parent = scope.parents.get(held.node)
        if parent is None:
            return
        step: Callable[[Held, ast.AST], Iterable[Held]] | None = getattr(
            self, "_in_" + type(parent).__name__.lower(), None
        )
        if step is not None:
            yield from step(held, parent)

    def _same(self, held: Held, parent: ast.expr) -> Iterable[Held]:
        yield replace(held, node=parent)

    _in_await = _in_starred = _in_boolop = _same

    def _in_ifexp(self, held: Held, parent: ast.IfExp) -> Iterable[Held]:
        if held.node is not parent.test:
            yield replace(held, node=parent)

    def _in_namedexpr(self, held: Held, parent: ast.NamedExpr) -> Iterable[Held]:
        yield replace(held, node=parent)
        yield from self._bind(parent.target, held, held.level)

    def _in_binop(self, held: Held, parent: ast.BinOp) -> Iterable[Held]:
        if held.level in ("whole", "line", "lines") and isinstance(parent.op, ast.Add):
            yield replace(held, node=parent)

    def _in_withitem(self, held: Held, parent: ast.withitem) -> Iterable[Held]:
        if parent.optional_vars is not None:
            block = held.frame.scope.parents[parent]
            yield from self._bind(parent.optional_vars, held, held.level, getattr(block, "end_lineno", 0))

    def _in_assign(self, held: Held, parent: ast.Assign) -> Iterable[Held]:
        for target in parent.targets:
            yield from self._bind(target, held, held.level)

    def _in_annassign(self, held: Held, parent: ast.AnnAssign) -> Iterable[Held]:
        yield from self._bind(parent.target, held, held.level)

    def _in_augassign(self, held: Held, parent: ast.AugAssign) -> Iterable[Held]:
        yield from self._bind(parent.target, held, held.level)

    def _in_for(self, held: Held, parent: ast.For | ast.AsyncFor) -> Iterable[Held]:
        if held.node is parent.iter:
            yield from self._bind(parent.target, held, element(held.level), parent.end_lineno or 0)

    _in_asyncfor = _in_for

    def _in_comprehension(self, held: Held, parent: ast.comprehension) -> Iterable[Held]:
        if held.node is parent.iter:
            whole = held.frame.scope.parents[parent]
            first, end = getattr(whole, "lineno", 0), getattr(whole, "end_lineno", 0)
            for leaf in _names(parent.target):
                for node in between(held.frame.scope, leaf.id, first, end):
                    yield replace(held, node=node, level=element(held.level), loop=True)

    def _in_listcomp(self, held: Held, parent: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Iterable[Held]:
        yield replace(held, node=parent, level=passed(held.level))

    _in_generatorexp = _in_setcomp = _in_listcomp

    def _in_dictcomp(self, held: Held, parent: ast.DictComp) -> Iterable[Held]:
        if held.node is parent.value:
            yield replace(held, node=parent, level=passed(held.level))

    def _in_dict(self, held: Held, parent: ast.Dict) -> Iterable[Held]:
        if held.node in parent.values:
            yield replace(held, node=parent, level=passed(held.level))

    def _in_list(self, held: Held, parent: ast.List | ast.Tuple) -> Iterable[Held]:
        above = held.frame.scope.parents.get(parent)
        targets = above.targets if isinstance(above, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Tuple | ast.List) and len(target.elts) == len(parent.elts):
                yield from self._bind(target.elts[parent.elts.index(held.node)], held, held.level)
                return
        yield replace(held, node=parent, level=passed(held.level))

    _in_tuple = _in_set = _in_list

    def _in_subscript(self, held: Held, parent: ast.Subscript) -> Iterable[Held]:
        if held.node is parent.value and isinstance(parent.ctx, ast.Load):
            level = held.level if isinstance(parent.slice, ast.Slice) else element(held.level)
            yield replace(held, node=parent, level="line" if held.level == "line" else level)

    def _in_attribute(self, held: Held, parent: ast.Attribute) -> Iterable[Held]:
        above = held.frame.scope.parents.get(parent)
        if isinstance(above, ast.Call) and above.func is parent:
            level = "" if _cuts_within_lines(above) else through(held.level, parent.attr)
            yield replace(held, node=above, level=level)
        elif held.level == "handle" and parent.attr in ("write", "readline"):
            yield replace(held, node=parent, level=parent.attr)
        elif held.level == "handle" and parent.attr in ("buffer", "file", "raw", "stream"):
            yield replace(held, node=parent)

    def _in_keyword(self, held: Held, parent: ast.keyword) -> Iterable[Held]:
        call = held.frame.scope.parents.get(parent)
        if isinstance(call, ast.Call):
            yield from self._given(held, call)

    def _in_call(self, held: Held, parent: ast.Call) -> Iterable[Held]:
        if held.node is parent.func:
            if held.level == "readline":
                yield replace(held, node=parent, level="line")
            return
        yield from self._given(held, parent)

    def _given(self, held: Held, call: ast.Call) -> Iterable[Held]:
        """The value is an argument: it goes into the project's own functions, and through what wraps it."""
        target = self.resolver.symbol(call.func, held.frame)
        if isinstance(target, Class):
            target = self.resolver.method(target, "__init__")
        if isinstance(target, Scope):
            yield from self._into(held, call, target)
            return
        if last(call.func) in ("map", "filter") and len(call.args) > 1 and held.node is not call.args[0]:
            yield from self._into_function(held, call.args[0], call)
        level = element(held.level) if last(call.func) in ("next", "choice") else held.level
        if level == "readline":
            level = "lines" if last(call.func) == "iter" else ""
        yield replace(held, node=call, level=level if _goes_through(call, held, self.resolver) else "")

    def _into(self, held: Held, call: ast.Call, target: Scope) -> Iterable[Held]:
        given = bind(target, call, held.frame)
        loop = held.loop or loops(call, held.frame.scope, held.since)
        for name, (value, _) in given.items():
            if value is held.node:
                inside = Frame(target, given)
                entered = replace(held, node=call, loop=loop)
                for node, where in reads(target, name):
                    frame = inside if where is target else Frame(where)
                    yield Held(node, frame, held.level, 0, loop, held.far + 1, entered, held.site)

    def _into_function(self, held: Held, func: ast.expr, call: ast.Call) -> Iterable[Held]:
        level = element(held.level)
        scope = held.frame.scope
        if isinstance(func, ast.Lambda) and func.args.args:
            first, end = func.lineno, func.end_lineno or 0
            for node in between(scope, func.args.args[0].arg, first, end):
                yield replace(held, node=node, level=level, loop=True)
            return
        target = self.resolver.symbol(func, held.frame)
        if isinstance(target, Scope):
            names = target.params[1:] if target.cls is not None else target.params
            for node, where in reads(target, names[0]) if names else ():
                frame = Frame(where)
                back = replace(held, node=call)
                yield Held(node, frame, level, loop=True, far=held.far + 1, back=back, site=held.site)

    def _in_return(self, held: Held, _parent: ast.AST) -> Iterable[Held]:
        yield from self._out(held, held.level)

    def _in_yield(self, held: Held, _parent: ast.AST) -> Iterable[Held]:
        yield from self._out(held, passed(held.level) if held.level == "line" else held.level)

    def _in_yieldfrom(self, held: Held, _parent: ast.AST) -> Iterable[Held]:
        yield from self._out(held, "lines" if held.level == "handle" else held.level)

    def _out(self, held: Held, level: str) -> Iterable[Held]:
        """The value is a result: it goes to where the function is called."""
        scope = held.frame.scope
        if held.back is not None:
            yield replace(held.back, level=level, far=held.far)
            return
        sites = self.sites(scope)
        if len(sites) > MOST_SITES or not sites:
            self.escaped = True
            return
        if any(last(each) in ("property", "cached_property") for each in getattr(scope.node, "decorator_list", ())):
            own = ast.Name("self", ast.Load())
            for node, where in reads_of_attribute(scope, own, scope.name.rpartition(".")[2], self.resolver):
                yield Held(node, Frame(where), level, loop=True, far=held.far + 1, site=held.site)
        for site in sites:
            through = held.site or site
            yield Held(site.call, site.frame, level, site.call.lineno, far=held.far + 1, site=through)

    def sites(self, scope: Scope) -> list[CallSite]:
        """Where a function is called; for the methods that a statement calls itself, where its class is made."""
        if scope not in self._sites:
            name = scope.name.rpartition(".")[2]
            special = scope.cls is not None and name in ("__enter__", "__aenter__", "__iter__", "__aiter__")
            found = made(scope.cls, self.resolver) if special and scope.cls else self.resolver.sites(scope)
            self._sites[scope] = found
        return self._sites[scope]

    def _bind(self, target: ast.expr, held: Held, level: str, end: int = 0) -> Iterator[Held]:
        """The value gets a name: everything that reads the name holds it."""
        scope = held.frame.scope
        if isinstance(target, ast.Tuple | ast.List):
            for each in target.elts:
                yield from self._bind(each, held, level, end)
        elif isinstance(target, ast.Starred):
            yield from self._bind(target.value, held, level, end)
        elif isinstance(target, ast.Name):
            for node, where in reads(scope, target.id, held.node, end):
                frame = held.frame if where is scope else Frame(where)
                loop = held.loop or where is not scope
                yield replace(held, node=node, frame=frame, level=level, loop=loop)
        elif isinstance(target, ast.Subscript):
            yield from self._bind_box(target.value, held, passed(level))
        elif isinstance(target, ast.Attribute):
            for node, where in reads_of_attribute(scope, target.value, target.attr, self.resolver):
                frame = held.frame if where is scope else Frame(where)
                yield replace(held, node=node, frame=frame, level=level, loop=held.loop or where is not scope)

    def _bind_box(self, box: ast.expr, held: Held, level: str) -> Iterator[Held]:
        scope = held.frame.scope
        if isinstance(box, ast.Name):
            for node, where in reads(scope, box.id):
                frame = held.frame if where is scope else Frame(where)
                yield replace(held, node=node, frame=frame, level=level, since=0)
        elif isinstance(box, ast.Attribute):
            yield from self._bind(box, held, level)


def _cuts_within_lines(call: ast.Call) -> bool:
    """Whether a text is split at something that is no end of a line."""
    separator = call.args[0] if call.args and last(call.func) in ("split", "rsplit") else None
    if not isinstance(separator, ast.Constant) or not isinstance(separator.value, str | bytes):
        return False
    end: str | bytes = "\n" if isinstance(separator.value, str) else b"\n"
    return end not in separator.value  # type: ignore[operator]


def _goes_through(call: ast.Call, held: Held, resolver: Resolver) -> bool:
    names = callees(call.func, held.frame, resolver)
    return any(keeps(name, held.level) for name in names)


def _names(target: ast.expr) -> list[ast.Name]:
    return [each for each in ast.walk(target) if isinstance(each, ast.Name)]

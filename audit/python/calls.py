"""Call-sites of functions and classes: direct, renamed, through ``self``, ``partial``, ``submit`` and threads."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.python.frame import Arg, Frame, bind
from audit.python.pathtext import last

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.python.module import Class, Module, Scope
    from audit.python.resolve import Resolver


@dataclass(frozen=True, slots=True, eq=False)
class CallSite:
    """A call of a function.

    Args:
        call: The call, or the call that hands the function on.
        frame: Where it stands.
        args: Arguments by parameter name.
        target: The function; ``None`` for a class without a constructor of its own.
    """

    call: ast.Call
    frame: Frame
    args: dict[str, Arg]
    target: Scope | None


def call_sites(target: Scope, resolver: Resolver) -> list[CallSite]:
    """Every call of a function that can be attributed to it, sorted by file and line."""
    if isinstance(target.node, ast.Module):
        return []
    name = target.node.name
    found: list[CallSite] = []
    for path in _paths(target, name, resolver):
        module = resolver.project.module(path)
        if module is not None:
            for node, scope in _naming(module, name, resolver):
                site = _site(node, target, Frame(scope), resolver)
                if site is not None and all(each.call is not node for each in found):
                    found.append(site)
    return found


def made(cls: Class, resolver: Resolver) -> list[CallSite]:
    """Every call that makes an instance of a class, ``super().__init__`` of its heirs included."""
    name = cls.node.name
    init = resolver.method(cls, "__init__")
    found: list[CallSite] = []
    for path in dict.fromkeys([cls.module.path, *resolver.project.mentioning(name)]):
        module = resolver.project.module(path)
        if module is None:
            continue
        for node, scope in _naming(module, name, resolver):
            frame = Frame(scope)
            if _ends_with(node.func, {name, *_other_names(module, name)}) and resolver.symbol(node.func, frame) is cls:
                found.append(CallSite(node, frame, resolver.given_to(cls, init, node, frame), init))
        for heir in module.classes.values():
            if any(resolver.symbol(base, Frame(module.top)) is cls for base in heir.node.bases):
                found += _of_heir(heir, cls, init)
    return found


def _of_heir(heir: Class, cls: Class, init: Scope | None) -> Iterator[CallSite]:
    own = heir.methods.get("__init__")
    for node in own.nodes if own is not None and init is not None else ():
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"):
            continue
        if own is not None and init is not None and last(node.func.value) in ("super", cls.node.name):
            shift = 1 if last(node.func.value) == "super" else 0
            yield CallSite(node, Frame(own), bind(init, node, Frame(own), shift), init)


def _paths(target: Scope, name: str, resolver: Resolver) -> dict[str, None]:
    near = target.module.path.rpartition("/")[2].removesuffix(".py")
    if near == "__init__":
        near = target.module.path.split("/")[-2] if "/" in target.module.path else name
    word = target.cls.node.name if target.cls is not None else near
    nested = target.cls is None and target.outer is not None and bool(target.outer.name)
    hidden = target.cls is not None and name.startswith("_") and not name.startswith("__")
    by_runner = name.startswith("test_") or name in ("setUp", "tearDown")
    own = nested or hidden or by_runner
    return dict.fromkeys([target.module.path, *([] if own else resolver.project.mentioning(word, name))])


def _naming(module: Module, name: str, resolver: Resolver) -> Iterator[tuple[ast.Call, Scope]]:
    """The calls of a module on whose lines a name stands, or another name that the module has for it."""
    for each in dict.fromkeys([name, *_other_names(module, name)]):
        for line in dict.fromkeys(resolver.project.lines_with(module.path, each)):
            scope = module.scope_at(line)
            for node in scope.nodes:
                if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or line):
                    yield node, scope


def _other_names(module: Module, name: str) -> set[str]:
    found = {alias for alias, (_, symbol) in module.imports.items() if symbol == name and alias != name}
    for scope in module.scopes if f"= {name}\n" in module.text or f".{name}\n" in module.text else ():
        for alias, places in scope.bindings.items():
            if any(isinstance(p.value, ast.Name | ast.Attribute) and last(p.value) == name for p in places):
                found.add(alias)
    return found - {name}


def _ends_with(func: ast.expr, names: set[str]) -> bool:
    return (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")) in names


def _site(node: ast.Call, target: Scope, frame: Frame, resolver: Resolver) -> CallSite | None:
    name = getattr(target.node, "name", "")
    wanted = {name, *_other_names(frame.scope.module, name)}
    if _ends_with(node.func, wanted):
        if resolver.symbol(node.func, frame) is target:
            return CallSite(node, frame, bind(target, spread(node, frame, resolver), frame), target)
        return None
    for place, value in enumerate(node.args):
        if _ends_with(value, wanted) and resolver.symbol(value, frame) is target:
            rest = ast.Call(value, node.args[place + 1 :], node.keywords)
            return CallSite(node, frame, bind(target, spread(rest, frame, resolver), frame), target)
    for keyword in node.keywords:
        starts = keyword.arg == "target" and _ends_with(keyword.value, wanted)
        if starts and resolver.symbol(keyword.value, frame) is target:
            made_by = _of_thread(keyword.value, node, frame, resolver)
            return CallSite(node, frame, bind(target, made_by, frame), target)
    return None


def _of_thread(func: ast.expr, node: ast.Call, frame: Frame, resolver: Resolver) -> ast.Call:
    """The call that ``Thread(target=f, args=…, kwargs=…)`` makes."""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    args = [ast.Starred(given["args"], ast.Load())] if "args" in given else []
    keywords = [ast.keyword(None, given["kwargs"])] if "kwargs" in given else []
    return spread(ast.Call(func, list(args), keywords), frame, resolver)


def spread(call: ast.Call, frame: Frame, resolver: Resolver) -> ast.Call:
    """A call with ``*args`` and ``**kwargs`` written out, as far as they are known."""
    if not any(isinstance(each, ast.Starred) for each in call.args) and all(each.arg for each in call.keywords):
        return call
    args: list[ast.expr] = []
    for value in call.args:
        ends = resolver.chase(value.value, frame) if isinstance(value, ast.Starred) else []
        known = next((end for end, _ in ends if isinstance(end, ast.Tuple | ast.List)), None)
        args += known.elts if known is not None else [value]
    keywords: list[ast.keyword] = []
    for each in call.keywords:
        keywords += [each] if each.arg else _pairs(each.value, frame, resolver)
    return ast.Call(call.func, args, keywords)


def _pairs(value: ast.expr, frame: Frame, resolver: Resolver) -> list[ast.keyword]:
    for end, _ in resolver.chase(value, frame):
        if isinstance(end, ast.Dict):
            pairs = zip(end.keys, end.values, strict=True)
            return [ast.keyword(str(k.value), v) for k, v in pairs if isinstance(k, ast.Constant)]
        if isinstance(end, ast.Call) and last(end.func) == "dict":
            return [each for each in end.keywords if each.arg]
    return []

"""Call-sites of a function: direct, imported, through ``self``, ``partial``, ``submit`` and threads."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.frame import Arg, Frame, bind

if TYPE_CHECKING:
    from audit.module import Scope
    from audit.resolve import Resolver


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call of a function.

    Args:
        call: The call, or the call that hands the function on.
        frame: Where it stands.
        args: Arguments by parameter name.
    """

    call: ast.Call
    frame: Frame
    args: dict[str, Arg]


def call_sites(target: Scope, resolver: Resolver) -> list[CallSite]:
    """Every call of a function that can be attributed to it, sorted by file and line."""
    if isinstance(target.node, ast.Module):
        return []
    name = target.node.name
    project = resolver.project
    near = target.module.path.rpartition("/")[2].removesuffix(".py")
    if near == "__init__":
        near = target.module.path.split("/")[-2] if "/" in target.module.path else name
    word = target.cls.node.name if target.cls is not None else near
    nested = target.cls is None and target.outer is not None and bool(target.outer.name)
    own = nested or (target.cls is not None and name.startswith("_") and not name.startswith("__"))
    paths = dict.fromkeys([target.module.path, *([] if own else project.mentioning(name, word))])
    found: list[CallSite] = []
    for path in paths:
        module = project.module(path)
        if module is None:
            continue
        for line in dict.fromkeys(project.lines_with(path, name)):
            scope = module.scope_at(line)
            for node in scope.nodes:
                if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or line):
                    site = _site(node, line, target, Frame(scope), resolver)
                    if site is not None and all(each.call is not node for each in found):
                        found.append(site)
    return found


def _site(node: ast.Call, line: int, target: Scope, frame: Frame, resolver: Resolver) -> CallSite | None:
    func = node.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    wanted = getattr(target.node, "name", "")
    if name == wanted and (func.end_lineno or line) == line:
        if resolver.symbol(func, frame) is target:
            return CallSite(node, frame, bind(target, node, frame))
        return None
    for place, value in enumerate(node.args):
        last = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
        if last == wanted and resolver.symbol(value, frame) is target:
            rest = ast.Call(value, node.args[place + 1 :], node.keywords)
            return CallSite(node, frame, bind(target, rest, frame))
    for keyword in node.keywords:
        last = keyword.value.attr if isinstance(keyword.value, ast.Attribute) else getattr(keyword.value, "id", "")
        if keyword.arg == "target" and last == wanted and resolver.symbol(keyword.value, frame) is target:
            given = next(
                (k.value.elts for k in node.keywords if k.arg == "args" and isinstance(k.value, ast.Tuple)), []
            )
            return CallSite(node, frame, bind(target, ast.Call(keyword.value, given, []), frame))
    return None

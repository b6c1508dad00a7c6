"""Defaults of command line options: ``argparse``, ``click`` and ``typer``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from audit.python.frame import Frame
from audit.python.pathtext import last

if TYPE_CHECKING:
    from audit.python.module import Module, Scope
    from audit.python.resolve import Resolver

NAMES = frozenset(
    {"args", "opts", "options", "arguments", "namespace", "ns", "flags", "parsed", "config", "cfg", "params", "opt"}
)
"""What a parameter that takes parsed options is called, when its callers are worth a search."""
PARSED = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args", "parse_args_into_dataclasses"})
MOST_SITES = 10


def default_of(scope: Scope, name: str) -> ast.expr | None:
    """The default of a parameter, that of the option which it stands for included.

    Args:
        scope: The function.
        name: The parameter.
    """
    default = scope.default(name)
    if isinstance(default, ast.Call) and last(default.func) in ("Option", "Argument", "Field", "Query"):
        given = _keyword(default, "default") or (default.args[0] if default.args else None)
        return None if isinstance(given, ast.Constant) and given.value in (None, ...) else given
    if default is not None:
        return default
    for each in getattr(scope.node, "decorator_list", ()):
        if isinstance(each, ast.Call) and last(each.func) in ("option", "argument") and name in _names(each):
            return _keyword(each, "default")
    return None


def declared(node: ast.Attribute, frame: Frame, resolver: Resolver) -> list[tuple[ast.expr, Frame]]:
    """The default of the ``argparse`` option that an attribute such as ``args.output`` is.

    Args:
        node: The attribute.
        frame: Where it stands.
        resolver: Follows names.
    """
    found: list[tuple[ast.expr, Frame]] = []
    for module in _modules(node.value, frame, resolver):
        for call, scope in _declarations(module, resolver):
            default = _keyword(call, "default")
            if node.attr in _names(call)[:1] and default is not None and not _is_none(default):
                found.append((default, Frame(scope)))
    return found


def _modules(base: ast.expr, frame: Frame, resolver: Resolver, depth: int = 0) -> list[Module]:
    """The modules in which the options of an object are declared."""
    found: list[Module] = []
    for end, where in resolver.chase(base, frame):
        if isinstance(end, ast.Call) and last(end.func) in PARSED:
            found.append(where.scope.module)
        elif isinstance(end, ast.Name) and end.id in where.scope.params and depth < 2:
            if "add_argument(" in where.scope.module.text:
                found.append(where.scope.module)
                continue
            for site in resolver.sites(where.scope)[:MOST_SITES] if end.id in NAMES else ():
                if end.id in site.args:
                    found += _modules(*site.args[end.id], resolver, depth + 1)
    return list(dict.fromkeys(found))


def _declarations(module: Module, resolver: Resolver) -> list[tuple[ast.Call, Scope]]:
    lines = resolver.project.lines_with(module.path, "add_argument")
    return [
        (call, scope)
        for scope in dict.fromkeys(module.scope_at(line) for line in lines)
        for each in scope.loads.get(".add_argument", ())
        if isinstance(call := scope.parents.get(each), ast.Call)
    ]


def _names(call: ast.Call) -> list[str]:
    """The names under which an option is stored, the one that counts first."""
    dest = _keyword(call, "dest")
    flags = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    plain = [flag for flag in flags if not flag.startswith("-")]
    long = [flag for flag in flags if flag.startswith("--")]
    names = [flag.lstrip("-").replace("-", "_") for flag in dict.fromkeys([*plain, *long, *flags])]
    return [str(dest.value), *names] if isinstance(dest, ast.Constant) else names


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (None, "")

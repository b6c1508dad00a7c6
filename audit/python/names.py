"""What an expression names outside the project: ``zstd.open`` is ``zstandard.open`` when it was imported so."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from audit.python.pathtext import last

if TYPE_CHECKING:
    from audit.python.frame import Frame
    from audit.python.module import Scope
    from audit.python.resolve import Resolver

JSON_MODULES = frozenset(
    {"json", "orjson", "ujson", "simplejson", "rapidjson", "msgspec", "json5", "cjson", "hyperjson", "nujson", "bson"}
)
"""Modules whose ``dumps``, ``dump``, ``loads`` and ``load`` are about JSON."""

OTHER_FORMATS = frozenset(
    {
        "pickle", "cPickle", "cloudpickle", "dill", "marshal", "joblib", "yaml", "ruamel", "oyaml", "toml", "tomllib",
        "tomli", "tomli_w", "tomlkit", "plistlib", "msgpack", "shelve", "numpy", "np", "torch", "csv", "cbor2",
        "bencode", "ast", "base64", "xmltodict", "configparser",
    }
)  # fmt: skip
"""Modules whose functions of the same names are about something else."""


def origin(node: ast.expr, scope: Scope) -> str:
    """The full dotted name of what an expression names through imports, a plain name as it is; or an empty string.

    Args:
        node: A name or an attribute.
        scope: Where it stands.
    """
    if isinstance(node, ast.Name):
        source, symbol = scope.module.imports.get(node.id, ("", ""))
        if not source:
            return node.id
        return f"{source}.{symbol}" if symbol else source
    if isinstance(node, ast.Attribute):
        base = origin(node.value, scope) if imported(node.value, scope) else ""
        return f"{base}.{node.attr}" if base else ""
    return ""


def imported(node: ast.expr, scope: Scope) -> bool:
    """Whether the first name of a dotted expression was imported."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in scope.module.imports and node.id not in scope.params


def callees(func: ast.expr, frame: Frame, resolver: Resolver) -> list[str]:
    """The full names that a called expression may have: what is bound to a local name is looked through.

    Args:
        func: What is called.
        frame: Where it stands.
        resolver: Follows names.
    """
    if isinstance(func, ast.Name) and func.id in frame.scope.bindings:
        ends = resolver.chase(func, frame)
        found = [origin(end, where.scope) for end, where in ends if isinstance(end, ast.Name | ast.Attribute)]
        if any(found):
            return [each for each in found if each]
    return [origin(func, frame.scope) or last(func)]

"""The file is not known from the sources alone.

Either the caller of a function or the maker of an object decides it, and then the parameter is named and its callers
are listed where they were found; or it comes from where no source says it: a configuration file, the environment, the
command line, the network, a library. Run the program under ``--trace`` to see which files it really opens.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.python.frame import Frame
    from audit.python.pathtext import Text
    from audit.python.resolve import Resolver

CODE = "A105"
MOST_LETTERS = 80


def given_by(text: Text) -> str:
    """Which parameters decide a file.

    Args:
        text: The file, which depends on some.
    """
    names = sorted({f"{name} of {scope.name or 'the module'}" for scope, name in text.params})
    return "decided by the parameter " + " and the parameter ".join(names)


def why(path: ast.expr, frame: Frame, resolver: Resolver) -> str:
    """Why a file is not known at all.

    Args:
        path: The expression that names it.
        frame: Where it stands.
        resolver: Follows names and calls.
    """
    end, where = next(iter(resolver.chase(path, frame)), (path, frame))
    shown = _short(end)
    if isinstance(end, ast.Call):
        return f"the result of {shown}, which the sources do not tell"
    if isinstance(end, ast.Attribute):
        return f"the attribute {shown} is given no value in the sources"
    if isinstance(end, ast.Subscript):
        return f"the entry {shown} is given no value in the sources"
    if isinstance(end, ast.Name):
        values = [place.value for place in where.scope.bindings.get(end.id, ()) if place.value is not None]
        if values:
            return f"the name {shown} is one of what {_short(values[-1])} gives, which the sources do not tell"
        return f"the name {shown} is given no value that can be followed"
    return f"the expression {shown} cannot be followed"


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"

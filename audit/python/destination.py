"""Which files an opening may mean: where a temporary file is moved to, and what callers and constructors choose."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from audit.python.calls import made
from audit.python.frame import Frame
from audit.python.opening import keyword
from audit.python.pathtext import last, solid
from audit.python.places import same

if TYPE_CHECKING:
    from audit.python.module import Class, Scope
    from audit.python.opening import Opening
    from audit.python.pathtext import Text
    from audit.python.resolve import Resolver

MOVES = frozenset({"replace", "rename", "renames", "move", "copy", "copyfile", "copy2"})


def final_path(opening: Opening) -> ast.expr:
    """The file that takes the place of another when the one that is opened is renamed to it afterwards."""
    if opening.mode == "append":
        return opening.path
    names = _names_of(opening)
    for node in opening.scope.nodes:
        if isinstance(node, ast.Call) and last(node.func) in MOVES and node.lineno > opening.call.lineno:
            source, target = _moved(node)
            if source is not None and target is not None and any(same(_bare(source), name) for name in names):
                return target
    return opening.path


def _moved(call: ast.Call) -> tuple[ast.expr | None, ast.expr | None]:
    given = [*call.args[:2], *filter(None, (keyword(call, "dst", "target"),))]
    if len(given) == 2:
        return given[0], given[1]
    if len(given) == 1 and isinstance(call.func, ast.Attribute) and not last(call.func).startswith("copy"):
        return call.func.value, given[0]
    return None, None


def _bare(node: ast.expr) -> ast.expr:
    """A path without the calls that only change its type."""
    while isinstance(node, ast.Call) and last(node.func) in ("str", "Path", "fspath") and len(node.args) == 1:
        node = node.args[0]
    return node


def _names_of(opening: Opening) -> list[ast.expr]:
    """The expressions that name what is opened."""
    if opening.mechanism == "mkstemp":
        bound = opening.scope.parents.get(opening.path)
        target = bound.targets[0] if isinstance(bound, ast.Assign) else None
        return target.elts[1:2] if isinstance(target, ast.Tuple) else []
    if opening.mechanism == "temporary-file":
        return [ast.Attribute(name, "name", ast.Load()) for name in _handle_names(opening)]
    return [_bare(opening.path)]


def _handle_names(opening: Opening) -> list[ast.expr]:
    parent = opening.scope.parents.get(opening.call)
    if isinstance(parent, ast.withitem) and parent.optional_vars is not None:
        return [parent.optional_vars]
    return list(parent.targets) if isinstance(parent, ast.Assign) else []


def by_constructor(path: ast.expr, scope: Scope, resolver: Resolver) -> list[Text]:
    """What a path may be for the instances that are made of a class, when it depends on how they are made.

    Args:
        path: The expression.
        scope: A method of the class, or a function within one.
        resolver: Follows names and calls.
    """
    cls = _class_of(scope)
    if cls is None or not any(isinstance(node, ast.Name) and node.id == "self" for node in ast.walk(path)):
        return []
    found: list[Text] = []
    for site in made(cls, resolver)[:MOST_INSTANCES]:
        own = Frame(resolver.method(cls, "__init__") or cls.module.top, site.args)
        found += [text for text in resolver.texts(path, Frame(scope, {}, own)) if solid(text.text)]
    return found


MOST_INSTANCES = 40


def _class_of(scope: Scope | None) -> Class | None:
    while scope is not None and scope.cls is None:
        scope = scope.outer
    return scope.cls if scope is not None else None


def ranked(texts: tuple[Text, ...], others: list[Text]) -> tuple[Text, ...]:
    """The files that an opening may mean, the one to show first.

    A name that is known counts before one that varies; a pattern that takes in another file within its own directory
    counts before it; and a path whose beginning varies gives way to the same path from the root.

    Args:
        texts: What the opening's own function says.
        others: What callers and constructors say.
    """
    order = sorted(texts, key=lambda each: (not solid(each.text), not solid(each.text.rpartition("/")[2])))
    first = next((each for each in order if _takes_in(each.text, order[0].text)), order[0])
    found = tuple(dict.fromkeys([first, *order, *others]))
    _, slash, rest = first.text.partition("/")
    anchored = first.text.startswith("{") and "/" in rest and next((each for each in found if each.text == rest), None)
    return tuple(dict.fromkeys([anchored, *found])) if slash and anchored else found


def _takes_in(pattern: str, text: str) -> bool:
    """Whether a pattern whose beginning is known stands for a text as well."""
    if pattern == text or "{" not in pattern or pattern.startswith("{") or "/" not in pattern:
        return False
    body = "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", pattern))
    return re.fullmatch(body, text) is not None


def described(texts: tuple[Text, ...]) -> tuple[str, str]:
    """The target to show for some texts, and its kind."""
    first = texts[0]
    if not solid(first.text):
        return first.text, "parameter" if first.params else "unknown"
    return first.text, "pattern" if "{" in first.text or "*" in first.text else "literal"

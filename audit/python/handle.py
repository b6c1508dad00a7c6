"""What the code does with an opened file: what is written to it, and whether its lines are parsed."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.python.content import is_pretty, printed, shape
from audit.python.flow import Flow, Held
from audit.python.frame import Frame
from audit.python.names import JSON_MODULES, OTHER_FORMATS, callees
from audit.python.opening import keyword
from audit.python.pathtext import last
from audit.python.places import loops

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.python.calls import CallSite
    from audit.python.frame import Arg
    from audit.python.module import Scope
    from audit.python.opening import Opening
    from audit.python.resolve import Resolver

PARSERS = frozenset({"model_validate_json", "parse_raw", "raw_decode", "from_json", "validate_json", "decode_lines"})
"""Methods that parse one JSON document, whatever they belong to."""


MOST_CALLERS = 20
"""How many callers of a function that writes are asked for the text."""


@dataclass(frozen=True, slots=True)
class Use:
    """One write to a handle.

    Args:
        node: The call.
        letters: The shape of what is written.
        loop: The loop that begins after the opening and in which it stands, or whether it is reached repeatedly.
        site: The call-site through which the handle left the function that opens it.
    """

    node: ast.AST
    letters: str
    loop: bool
    site: CallSite | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """Everything that holds an opened file or what was read from it.

    Args:
        opening: The call that opens it.
        held: What holds it.
        escaped: Whether it went where it cannot be followed.
    """

    opening: Opening
    held: tuple[Held, ...]
    escaped: bool


def followed(opening: Opening, resolver: Resolver) -> Handle:
    """Follow an opened file.

    Args:
        opening: The call that opens it.
        resolver: Follows names and calls.
    """
    flow = Flow(resolver)
    held = tuple(flow.run(_starts(opening)))
    return Handle(opening, held, flow.escaped)


def _starts(opening: Opening) -> list[Held]:
    frame = Frame(opening.scope)
    if opening.mechanism == "option":
        return [Held(node, Frame(scope), "handle") for node, scope in _option(opening)]
    level = "whole" if opening.mechanism.startswith("read_") else "handle"
    if opening.mechanism.startswith("write_"):
        return []
    return [Held(opening.call, frame, level, opening.call.lineno)]


def _option(opening: Opening) -> list[tuple[ast.expr, Scope]]:
    """Where the value of a declared option is read: ``args.name``, or the parameter of the decorated function."""
    parents = opening.scope.parents
    declaring = parents.get(parents.get(opening.call, opening.call))
    if not isinstance(declaring, ast.Call):
        return []
    flags = [a.value for a in declaring.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    names = [flag.lstrip("-").replace("-", "_") for flag in sorted(flags, key=len, reverse=True)]
    decorated = parents.get(declaring)
    module = opening.scope.module
    if isinstance(decorated, ast.FunctionDef | ast.AsyncFunctionDef):
        scope = next((each for each in module.scopes if each.node is decorated), None)
        return [(node, scope) for name in names for node in scope.loads.get(name, ())] if scope else []
    dest = keyword(declaring, "dest")
    names = [dest.value] if isinstance(dest, ast.Constant) and isinstance(dest.value, str) else names[:1]
    return [(node, scope) for name in names for scope in module.scopes for node in scope.loads.get("." + name, ())]


def written(handle: Handle, resolver: Resolver, given: Mapping[str, Arg] | None = None) -> list[Use]:
    """What is written through a handle, in source order.

    Args:
        handle: The opened file.
        resolver: Follows names and calls.
        given: Arguments of the function that opens it, by parameter.
    """
    opening = handle.opening
    own = Frame(opening.scope, given or {})
    if opening.mechanism.startswith("write_"):
        text = opening.call.args[0] if opening.call.args else keyword(opening.call, "data")
        return [Use(opening.call, shape(text, own, resolver), loop=False)] if text is not None else []
    found: list[tuple[tuple[int, int], Use]] = []
    order: dict[Scope, int] = {}
    for held in handle.held:
        if held.level not in ("handle", "write"):
            continue
        frame = own if held.frame.scope is opening.scope and held.back is None and given else held.frame
        node, letters = _write(held, frame, resolver)
        if "V" in letters and frame.scope is not opening.scope and not frame.args:
            letters = _by_callers(held, resolver) or letters
        if letters and node is not None:
            repeated = held.loop or loops(node, frame.scope, held.since)
            rank = order.setdefault(frame.scope, len(order))
            found.append(((rank, node.lineno), Use(node, letters, repeated, held.site)))
    found.sort(key=lambda each: each[0])
    return list({use.node: use for _, use in found}.values())


def _by_callers(held: Held, resolver: Resolver) -> str:
    """What is written when the function that writes is given the text: the first JSON that a caller gives."""
    scope = held.frame.scope
    for site in resolver.sites(scope)[:MOST_CALLERS]:
        letters = _write(held, Frame(scope, site.args), resolver)[1]
        if set(letters) & set("JP"):
            return letters
    return ""


def _write(held: Held, frame: Frame, resolver: Resolver) -> tuple[ast.Call | None, str]:
    """The call that writes to what is held, and the shape of what it writes."""
    parents = frame.scope.parents
    parent = parents.get(held.node)
    if held.level == "write":
        called = isinstance(parent, ast.Call) and parent.func is held.node and parent.args
        return (parent, shape(parent.args[0], frame, resolver)) if called else (None, "")  # type: ignore[union-attr,return-value]
    if isinstance(parent, ast.Attribute):
        call = parents.get(parent)
        if isinstance(call, ast.Call) and call.func is parent and call.args:
            return call, _method(parent.attr, call, frame, resolver)
        return None, ""
    call = parents.get(parent) if isinstance(parent, ast.keyword) else parent
    if isinstance(call, ast.Call) and held.node is not call.func:
        return call, _given(call, held.node, frame, resolver)
    return None, ""


def _method(name: str, call: ast.Call, frame: Frame, resolver: Resolver) -> str:
    if name == "write":
        return shape(call.args[0], frame, resolver)
    if name == "writelines":
        letters = shape(call.args[0], frame, resolver)
        return letters + ("L" if set(letters) <= {"?", "V"} else "")
    return "JNJN" if name == "write_all" else ""


def _given(call: ast.Call, node: ast.expr, frame: Frame, resolver: Resolver) -> str:
    """What a call writes to the handle that it is given."""
    name = last(call.func)
    if name == "print":
        return printed(call, frame, resolver) if node is keyword(call, "file") else ""
    full = callees(call.func, frame, resolver)[0]
    first = full.partition(".")[0]
    if first in ("ndjson", "jsonlines", "jsonl", "srsly"):
        return "JNJN"
    if first in OTHER_FORMATS and first not in JSON_MODULES:
        return "T"
    if name in ("dump", "to_json", "write_ndjson"):
        lines = keyword(call, "lines")
        if name == "write_ndjson" or (isinstance(lines, ast.Constant) and lines.value is True):
            return "JNJN"
        return "P" if is_pretty(call) else "J"
    if full == "os.write" and len(call.args) > 1:
        return shape(call.args[1], frame, resolver)
    if full.startswith("structlog.") and "JSONRenderer" in frame.scope.module.text:
        return "JN"
    if name == "copyfileobj":
        return "L" if len(call.args) > 1 and call.args[1] is node else ""
    return ""


def parsing_sites(handle: Handle, resolver: Resolver) -> list[CallSite | None]:
    """Through which call-sites single lines of a file go to a JSON parser; ``None`` for within its own function."""
    return list(dict.fromkeys(held.site for held in handle.held if _is_parsed(held, resolver)))


def _is_parsed(held: Held, resolver: Resolver) -> bool:
    parent = held.frame.scope.parents.get(held.node)
    call = held.frame.scope.parents.get(parent) if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call) or held.node is call.func:
        return False
    if held.level == "line":
        return parses(call.func, held.frame, resolver)
    if held.level not in ("handle", "lines"):
        return False
    full = callees(call.func, held.frame, resolver)[0]
    if full.partition(".")[0] in ("jsonlines", "ndjson", "jsonl") or last(call.func) in ("read_ndjson", "scan_ndjson"):
        return True
    if last(call.func) == "read_json":
        lines = keyword(call, "lines")
        return isinstance(lines, ast.Constant) and lines.value is True
    mapped = last(call.func) in ("map", "imap", "imap_unordered") and call.args
    return bool(mapped) and held.node is not call.args[0] and parses(call.args[0], held.frame, resolver)


def parses(func: ast.expr, frame: Frame, resolver: Resolver) -> bool:
    """Whether what is called parses one JSON document."""
    name = last(func)
    if name in PARSERS:
        return True
    for full in callees(func, frame, resolver):
        first, _, end = full.partition(".")
        if end.rpartition(".")[2] in ("loads", "decode", "parse", "load") and first in JSON_MODULES:
            return True
        if first not in OTHER_FORMATS and (full.endswith("loads") or "json_loads" in full):
            return True
    if name in ("decode", "raw_decode") and isinstance(func, ast.Attribute):
        ends = resolver.chase(func.value, frame)
        return "ecoder" in ast.unparse(func.value) or any("ecoder" in last(end) for end, _ in ends)
    return False


def goes_by_line(handle: Handle) -> bool:
    """Whether what was opened is gone through line by line."""
    for held in handle.held:
        parent = held.frame.scope.parents.get(held.node)
        iterates = isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension) and parent.iter is held.node
        if iterates and held.level in ("handle", "lines"):
            return True
    return False

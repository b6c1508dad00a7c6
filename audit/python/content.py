"""The shape of what is written: J a JSON document, P a pretty one, N a newline, T text, L raw lines, ? unknown.

V stands for what the caller of the function gives, O for what a file held before, F for the fence of a block in a text.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import orjson

from audit.python.frame import Frame, bind, gone_through, reaching
from audit.python.growth import grown, grown_attribute, is_repeated, poured
from audit.python.module import Scope
from audit.python.names import OTHER_FORMATS, callees, origin
from audit.python.pathtext import last

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audit.python.binding import Binding
    from audit.python.resolve import Resolver

DUMPS = frozenset(
    {"dumps", "to_json", "model_dump_json", "json_dumps", "MessageToJson", "dump_json", "dumpb", "jsonify"}
)
"""Functions and methods that give one JSON document."""
SAME = frozenset(
    {
        "encode", "decode", "str", "strip", "rstrip", "lstrip", "replace", "bytes", "sorted", "list", "tuple",
        "reversed", "iter", "b", "u", "ensure_text", "ensure_str", "to_unicode", "smart_str", "unicode", "cast",
        "set", "deepcopy", "copy", "compress", "tqdm", "getbuffer", "to_thread",
    }
)  # fmt: skip
"""Calls and methods that leave the shape of their argument as it is."""
DEPTH = 9


def shape(node: ast.expr, frame: Frame, resolver: Resolver, depth: int = 0) -> str:
    """The shape of the text or lines that an expression gives, as letters in order.

    Args:
        node: The expression.
        frame: Where it stands.
        resolver: Follows names and calls.
        depth: Steps taken so far.
    """
    if depth > DEPTH:
        return "?"
    rule = _RULES.get(type(node))
    return rule(node, frame, resolver, depth) if rule is not None else "?"


def printed(call: ast.Call, frame: Frame, resolver: Resolver) -> str:
    """The shape of what ``print`` writes, with its separator and its end."""
    texts = {each.arg: each.value for each in call.keywords}
    between = shape(texts["sep"], frame, resolver) if "sep" in texts else ""
    end = shape(texts["end"], frame, resolver) if "end" in texts else "N"
    parts = []
    for each in call.args:
        if isinstance(each, ast.Starred):
            one = _unit(shape(each.value, frame, resolver))
            parts += [one, one]
        else:
            parts.append(shape(each, frame, resolver))
    return between.join(parts) + end


def is_pretty(node: ast.Call) -> bool:
    """Whether a serialising call spreads its document over several lines."""
    for keyword in node.keywords:
        if keyword.arg == "indent":
            return not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
        if keyword.arg == "option" and "INDENT" in ast.dump(keyword.value):
            return True
    return last(node.func) == "MessageToJson"


def _unit(letters: str) -> str:
    """The shape of one of several things that are alike."""
    half = letters[: len(letters) // 2]
    return half if half and half * 2 == letters else letters


def _constant(node: ast.Constant, _frame: Frame, _resolver: Resolver, _depth: int) -> str:
    value = node.value
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str) or not text:
        return "" if text in ("", None) else "T"
    letters = ""
    for line in text.splitlines(keepends=True):
        body = line.strip()
        if body:
            letters += "J" if _is_document(body) else "F" if body.startswith("```") else "T"
        letters += "N" if line.endswith("\n") else ""
    return letters


def _is_document(text: str) -> bool:
    if text[0] not in "{[":
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _sum(node: ast.BinOp, frame: Frame, resolver: Resolver, depth: int) -> str:
    if isinstance(node.op, ast.Mod):
        template = node.left.value if isinstance(node.left, ast.Constant) else None
        values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        pattern = r"%(?:\(\w+\))?[-+#0 ]*\d*(?:\.\d+)?[a-zA-Z]"
        return _filled(template, pattern, values, frame, resolver, depth)
    if isinstance(node.op, ast.Mult):
        return shape(node.left, frame, resolver, depth + 1) * 2
    if not isinstance(node.op, ast.Add):
        return "?"
    right = shape(node.right, frame, resolver, depth + 1)
    left = shape(node.left, frame, resolver, depth + 1)
    return left + (right * 2 if is_repeated(node, frame.scope) else right)


def _filled(
    template: object, pattern: str, values: list[ast.expr], frame: Frame, resolver: Resolver, depth: int
) -> str:
    """A template with its places filled in; one that is JSON text itself is a document."""
    if isinstance(template, bytes):
        template = template.decode("utf-8", "replace")
    if not isinstance(template, str):
        return "?"
    if re.match(r'\s*\{+\s*"', template) and not re.fullmatch(pattern, template.strip()):
        return "JN" if template.endswith("\n") else "J"
    rest = iter(values)
    letters = ""
    at = 0
    for found in re.finditer(pattern, template):
        letters += _constant(ast.Constant(template[at : found.start()]), frame, resolver, depth)
        value = next(rest, None)
        letters += shape(value, frame, resolver, depth + 1) if value is not None else "?"
        at = found.end()
    return letters + _constant(ast.Constant(template[at:]), frame, resolver, depth)


def _joined(node: ast.JoinedStr, frame: Frame, resolver: Resolver, depth: int) -> str:
    first = node.values[0] if node.values else None
    if isinstance(first, ast.Constant) and re.match(r'\s*\{\s*"', str(first.value)):
        end = node.values[-1]
        return "JN" if isinstance(end, ast.Constant) and str(end.value).endswith("\n") else "J"
    parts = (each.value if isinstance(each, ast.FormattedValue) else each for each in node.values)
    return "".join(shape(part, frame, resolver, depth + 1) for part in parts)


def _twice(node: ast.ListComp | ast.GeneratorExp, frame: Frame, resolver: Resolver, depth: int) -> str:
    return shape(node.elt, frame, resolver, depth + 1) * 2


def _sequence(node: ast.List | ast.Tuple, frame: Frame, resolver: Resolver, depth: int) -> str:
    return "".join(shape(each, frame, resolver, depth + 1) for each in node.elts)


def _either(node: ast.IfExp, frame: Frame, resolver: Resolver, depth: int) -> str:
    return _clearest(shape(each, frame, resolver, depth + 1) for each in (node.body, node.orelse))


def _any(node: ast.BoolOp, frame: Frame, resolver: Resolver, depth: int) -> str:
    return _clearest(shape(each, frame, resolver, depth + 1) for each in node.values)


def _clearest(found: Iterable[str]) -> str:
    """Of several shapes the one that says most: documents before text before newlines."""
    return min(found, key=lambda each: next((i for i, one in enumerate("JPLTVNO?") if one in each), 9), default="?")


def _inner(
    node: ast.Await | ast.Starred | ast.NamedExpr | ast.Subscript, frame: Frame, resolver: Resolver, depth: int
) -> str:
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
        return _unit(shape(node.value, frame, resolver, depth + 1))
    return shape(node.value, frame, resolver, depth + 1)


def _named(node: ast.Name, frame: Frame, resolver: Resolver, depth: int) -> str:
    if node.id in frame.args:
        value, where = frame.args[node.id]
        return shape(value, where, resolver, depth + 1)
    scope: Scope | None = frame.scope
    while scope is not None:
        here = frame if scope is frame.scope else Frame(scope)
        for value in grown(scope, node.id):
            found = shape(value, here, resolver, depth + 1)
            if set(found) & set("JPL"):
                return found * 2
        bound = _bound(node, here, resolver, depth)
        if bound is not None:
            return bound
        if node.id in scope.params:
            return "V"
        scope = scope.outer
    return _elsewhere(node, frame, resolver, depth)


def _bound(node: ast.Name, frame: Frame, resolver: Resolver, depth: int) -> str | None:
    scope = frame.scope
    shapes: list[str] = []
    for place in reaching(scope, node.id, node.lineno, node):
        if place.value is None or place.how not in ("value", "element"):
            continue
        if place.how == "element" and isinstance(place.value, ast.Name) and _is_handle(place.value, scope):
            return "L"
        if place.how == "element":
            shapes.append(_element(place, frame, resolver, depth))
        else:
            shapes.append(shape(place.value, frame, resolver, depth + 1))
    known = [each for each in shapes if each != "?"]
    return _clearest(known) if known else None


def _element(place: Binding, frame: Frame, resolver: Resolver, depth: int) -> str:
    """The shape of one of what an expression yields; of ``zip`` and ``enumerate`` that of the right argument."""
    value = gone_through(place)
    return _unit(shape(value, frame, resolver, depth + 1)) if value is not None else "?"


def _elsewhere(node: ast.Name, frame: Frame, resolver: Resolver, depth: int) -> str:
    found = resolver.project.imported(frame.scope.module, node.id)
    if isinstance(found, tuple):
        for place in found[0].top.bindings[found[1]]:
            if place.value is not None:
                return shape(place.value, Frame(found[0].top), resolver, depth + 1)
    return "?"


def _is_handle(node: ast.Name, scope: Scope) -> bool:
    return any(
        place.how == "enter" and isinstance(place.value, ast.Call) and "open" in ast.dump(place.value.func)
        for place in scope.bindings.get(node.id, ())
    )


def _attribute(node: ast.Attribute, frame: Frame, resolver: Resolver, depth: int) -> str:
    if origin(node, frame.scope) == "os.linesep":
        return "N"
    for value, where in grown_attribute(node, frame, resolver):
        found = shape(value, where, resolver, depth + 1)
        if set(found) & set("JPL"):
            return found * 2
    ends = resolver.attribute(node, frame, depth)
    return _clearest(shape(value, where, resolver, depth + 2) for value, where in ends)


def _called(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> str:
    name = last(node.func)
    target = resolver.symbol(node.func, frame)
    if isinstance(target, Scope):
        return _of_function(target, node, frame, resolver, depth)
    known = _serialised(node, name, frame, resolver)
    if known:
        return known
    if name in ("join", "format", "getvalue") and isinstance(node.func, ast.Attribute):
        return _method_of_text(node, name, node.func.value, frame, resolver, depth)
    if name == "map" and len(node.args) > 1:
        one = ast.copy_location(ast.Call(node.args[0], [ast.Constant(None)], []), node)
        return shape(one, frame, resolver, depth + 1) * 2
    if name in ("read_text", "read") and isinstance(node.func, ast.Attribute):
        return "O"
    if name in SAME:
        of_module = isinstance(node.func, ast.Name) or name in ("compress", "to_thread", "copy", "deepcopy")
        inner = (node.args[0] if node.args else None) if of_module else getattr(node.func, "value", None)
        return shape(inner, frame, resolver, depth + 1) if inner is not None else "?"
    return "?"


def _method_of_text(node: ast.Call, name: str, text: ast.expr, frame: Frame, resolver: Resolver, depth: int) -> str:
    if name == "getvalue":
        parts = poured(text, frame.scope)
        return "".join(shape(each, frame, resolver, depth + 1) * times for each, times in parts) or "?"
    if name == "format":
        values = [*node.args, *(each.value for each in node.keywords)]
        template = text.value if isinstance(text, ast.Constant) else None
        return _filled(template, r"\{[^{}]*\}", values, frame, resolver, depth)
    if not node.args:
        return "?"
    separator = shape(text, frame, resolver, depth + 1)
    one = _unit(shape(node.args[0], frame, resolver, depth + 1))
    return one + separator + one if separator or one else "?"


def _serialised(node: ast.Call, name: str, frame: Frame, resolver: Resolver) -> str:
    """The shape of what a serialiser gives; empty when the call is none."""
    full = callees(node.func, frame, resolver)[0]
    first, end = full.partition(".")[0], full.rpartition(".")[2]
    if name == "to_json" and any(each.arg == "lines" and "True" in ast.dump(each.value) for each in node.keywords):
        return "JNJN"
    if name in ("to_jsonl", "write_ndjson", "encode_lines", "jsonl_dumps") or full == "ndjson.dumps":
        return "JNJN"
    documents = (name in DUMPS or end in DUMPS) and first not in OTHER_FORMATS
    if name == "dumps" and isinstance(node.func, ast.Attribute) and _made_otherwise(node.func.value, frame, resolver):
        documents = False
    if documents or full == "msgspec.json.encode" or (name == "json" and isinstance(node.func, ast.Attribute)):
        if is_pretty(node):
            return "P"
        return "JN" if any("APPEND_NEWLINE" in ast.dump(each.value) for each in node.keywords) else "J"
    if name in ("encode", "iterencode") and isinstance(node.func, ast.Attribute):
        makers = [end for end, _ in resolver.chase(node.func.value, frame)]
        for maker in makers:
            if isinstance(maker, ast.Call) and "ncoder" in last(maker.func):
                return "P" if is_pretty(maker) else "J"
        if first in ("jsonpickle", "demjson"):
            return "J"
    return ""


def _made_otherwise(receiver: ast.expr, frame: Frame, resolver: Resolver) -> bool:
    """Whether an object is of a class whose name says nothing of JSON, as a writer of tables that has a ``dumps``."""
    makers = [last(end.func) for end, _ in resolver.chase(receiver, frame) if isinstance(end, ast.Call)]
    return bool(makers) and all(name[:1].isupper() and "json" not in name.lower() for name in makers)


def _of_function(target: Scope, node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> str:
    args = bind(target, node, frame)
    returned = resolver.returned(target, args, depth)
    if returned:
        return _clearest(shape(value, where, resolver, depth + 2) for value, where in returned)
    inside = Frame(target, args)
    yielded = [each.value for each in target.nodes if isinstance(each, ast.Yield) and each.value is not None]
    return "".join(shape(value, inside, resolver, depth + 2) for value in yielded) * 2 or "?"


_RULES: dict[type[ast.expr], Callable[..., str]] = {
    ast.Constant: _constant,
    ast.BinOp: _sum,
    ast.JoinedStr: _joined,
    ast.ListComp: _twice,
    ast.GeneratorExp: _twice,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.IfExp: _either,
    ast.BoolOp: _any,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.NamedExpr: _inner,
    ast.Subscript: _inner,
    ast.Name: _named,
    ast.Attribute: _attribute,
    ast.Call: _called,
}

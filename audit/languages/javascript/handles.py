"""Streams and descriptors: where they are opened, and what is written to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.languages.javascript.syntax import Node, dotted

if TYPE_CHECKING:
    from audit.languages.javascript.source import Source

LINE_STREAMS = re.compile(
    r"(?i)ndjson\W*stringify|\bndjson\.(?:serialize|stringify)|jsonl\w*\W*(?:stringer|stringify|writer|encode)"
    r"|jsonlstringer|jsonlinesstringif|ldjson\W*serialize|tojsonlines|JSONStream\W*stringify\W*false"
)
"""Streams that make JSON lines of objects."""


@dataclass(frozen=True, slots=True)
class Handle:
    """What a call opened.

    Args:
        opening: The call.
        name: The name or chain that holds it, empty without one.
    """

    opening: Node
    name: str


def written(source: Source, handle: Handle) -> tuple[list[str], bool]:
    """What is written to a handle: the letters of each write, and whether one is repeated while it is open."""
    program = source.program
    found: list[tuple[int, str]] = []
    loop = False
    for call, content in _writes(source, handle):
        letters = source.letters(content, call.at)
        found.append((call.at, letters))
        same = program.function(call.at) is program.function(handle.opening.at)
        owner = program.owner[call.at] == program.owner[handle.opening.at]
        deeper = program.loops[call.at] > program.loops[handle.opening.at]
        loop = loop or deeper or not same or not owner
    if piped(source, handle):
        return ["JNJN"], True
    return [letters for _, letters in sorted(found)], loop


def _writes(source: Source, handle: Handle) -> list[tuple[Node, Node]]:
    """The calls that write to a handle, each with what it writes."""
    found: list[tuple[Node, Node]] = []
    names = {handle.name, *_passed(source, handle)} - {""}
    for call in source.calls("write", "end", "appendFile", "writeFile", "writeSync", "appendFileSync", "writeFileSync"):
        callee = call.parts[0]
        if callee.kind != "member" or not call.args:
            continue
        receiver = dotted(callee.parts[0])
        chained = callee.parts[0].kind == "call" and callee.parts[0].at == handle.opening.at
        if (receiver in names and _same(source, handle, call)) or chained:
            found.append((call, call.args[0]))
        elif dotted(call.args[0]) in names and len(call.args) > 1:
            found.append((call, call.args[1]))
    for call in source.calls("write", "writeSync", "appendFileSync"):
        given = call.args
        if call.parts[0].kind == "name" and len(given) > 1 and dotted(given[0]) in names:
            found += [(call, given[1])]
    return found


def _same(source: Source, handle: Handle, call: Node) -> bool:
    """Whether a name means the same at a write and where the handle was opened."""
    name = handle.name.partition(".")[0]
    if name in ("this", "self"):
        return source.program.class_of(call.at) == source.program.class_of(handle.opening.at)
    base = dotted(call.parts[0].parts[0]).partition(".")[0]
    if base != name:
        return True  # a parameter that was given the handle
    return source.program.home(name, call.at) is source.program.home(name, handle.opening.at)


def _passed(source: Source, handle: Handle) -> set[str]:
    """The parameters of functions of this source that are given the handle."""
    names: set[str] = set()
    if not handle.name or "." in handle.name:
        return names
    for scope in source.program.scopes[:400]:
        if scope.kind != "function" or not scope.params or not scope.name:
            continue
        for site in source.values.sites(scope)[:10]:
            bound = source.values.bind(scope, site)
            names |= {param for (_, param), node in bound.items() if dotted(node) == handle.name}
    return names


def piped(source: Source, handle: Handle) -> bool:
    """Whether a stream that makes JSON lines is piped into a handle."""
    tokens, start = source.program.tokens, source.parser.start(handle.opening.at)
    first = max(0, start - 120)
    for at in range(start - 1, first, -1):
        if tokens.at(at) == ";" or (
            at in tokens.breaks and tokens.at(at) in ("const", "let", "var", "await", "return")
        ):
            first = at
            break
    before = "".join(tokens.texts[first:start])
    if "pipe" in before and LINE_STREAMS.search(before):
        return True
    if "pipe" in before and _named_streams(source, before):
        return True
    if not handle.name:
        return False
    for call in source.calls("pipe", "pipeline", "pipeTo"):
        if any(dotted(arg) == handle.name for arg in call.args):
            whole = dotted(call.parts[0]) + " " + " ".join(dotted(arg) for arg in call.args)
            start = source.parser.start(call.at)
            whole += "".join(tokens.texts[max(0, start - 60) : call.end])
            if LINE_STREAMS.search(whole) or _named_streams(source, whole):
                return True
    return False


def _pushes(source: Source, start: int) -> bool:
    """Whether a stream of the source's own, ``new Transform(…)``, passes on documents with a newline."""
    end = source.program.tokens.ends(start)
    pushed = (call for call in source.calls("push", "callback", "done", "cb") if start < call.at < end and call.args)
    return any("JN" in source.letters(call.args[-1], call.at) for call in pushed)


def _named_streams(source: Source, text: str) -> bool:
    """Whether a text has the name of a variable that holds a stream which makes JSON lines."""
    tokens = source.program.tokens
    for name in set(re.findall(r"[A-Za-z_$][\w$]*", text[:4000])):
        for binding in source.program.names.get(name, ())[:3]:
            value = "".join(tokens.texts[binding.value : binding.value + 12])
            if binding.how == "=" and (
                LINE_STREAMS.search(value) or ("Transform" in value and _pushes(source, binding.value))
            ):
                return True
    return False

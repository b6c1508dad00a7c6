"""What an expression of JavaScript writes: documents, newlines, text, or what cannot be followed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.languages.javascript.syntax import Node, dotted
from audit.languages.shape import DOCUMENT, PRETTY, UNKNOWN, letters, preferred

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.languages.javascript.scopes import Binding
    from audit.languages.javascript.values import Values

DEPTH = 12

_SERIALISERS = re.compile(r"(?i)^(?:\w*json\w*\.)?(?:\w*stringify|to_?json_?string|serialize_?json)$")
_OTHER_FORMATS = frozenset("qs querystring yaml toml ini csv papa xml query-string js-yaml".split())
_SAME = frozenset("from String encode toString trim trimEnd replace replaceAll concat toWellFormed".split())
_TEXTS = frozenset("inspect format toISOString toLocaleString now".split())


@dataclass(eq=False, slots=True)
class Contents:
    """Follows what is written in one source.

    Args:
        values: Follows names.
    """

    values: Values
    _active: set[int] = field(default_factory=set)

    def letters(self, node: Node, frame: Mapping[tuple[int, str], Node]) -> str:
        """What an expression writes, as ``content_verdict`` takes it."""
        return letters(self.shape(node, frame))

    def shape(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int = 0) -> str:
        """The text with a sign for each part that varies."""
        if depth > DEPTH or id(node) in self._active:
            return UNKNOWN
        self._active.add(id(node))
        try:
            return self._shape(node, frame, depth + 1)
        finally:
            self._active.discard(id(node))

    def _shape(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> str:
        if node.kind in ("string", "number"):
            return re.sub(r"[\x01-\x03]", "", node.name)
        if node.kind == "concat":
            return "".join(self.shape(part, frame, depth) for part in node.parts)
        if node.kind == "either":
            return preferred([self.shape(part, frame, depth) for part in node.parts])
        if node.kind in ("call", "new"):
            return self._call(node, frame, depth)
        if node.kind == "member":
            if node.name == "EOL":
                return "\n"
            return self._bound(self.values.attributes(node), frame, depth)
        return self._name(node, frame, depth) if node.kind == "name" else UNKNOWN

    def _name(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> str:
        program = self.values.program
        if program.imports.get(node.name, ("", ""))[1] == "EOL":
            return "\n"
        home = program.home(node.name, node.at)
        if home is None:
            return UNKNOWN
        if node.name in home.params:
            given = frame.get((home.number, node.name))
            return self.shape(given, {}, depth) if given else UNKNOWN
        return self._bound(program.bindings(node.name, home), frame, depth)

    def _bound(self, bindings: list[Binding], frame: Mapping[tuple[int, str], Node], depth: int) -> str:
        values, loops = self.values, self.values.program.loops
        first = [self.shape(values.parser.expression(b.value), frame, depth) for b in bindings[:8] if b.how == "="]
        added = [b for b in bindings[:40] if b.how == "+="]
        if not first and not added:
            return UNKNOWN
        parts = [self.shape(values.parser.expression(b.value), frame, depth) for b in added]
        looped = any(loops[min(b.value, len(loops) - 1)] for b in added)
        return preferred(first or [""]) + "".join(parts) * (2 if looped else 1)

    def _call(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> str:
        callee, args = node.parts[0], node.args
        name, chain = callee.name, dotted(callee)
        if _SERIALISERS.match(chain.replace("this.", "")) or (name == "stringify" and callee.kind == "member"):
            return self._serialised(callee, args)
        if name == "join" and callee.kind == "member":
            items = self.items(callee.parts[0], frame, depth)
            between = self.shape(args[0], frame, depth) if args else ","
            return between.join(items if len(items) > 1 else items * 2)
        if name in _TEXTS:
            return "text"
        for target in self.values.functions(callee)[:2]:
            inner = {**frame, **self.values.bind(target, node)}
            return preferred([self.shape(each, inner, depth) for each in self.values.returned(target)] or [UNKNOWN])
        if name in _SAME:
            if callee.kind == "member" and name not in ("from", "encode"):
                tail = "".join(self.shape(each, frame, depth) for each in args) if name == "concat" else ""
                return self.shape(callee.parts[0], frame, depth) + tail
            return self.shape(args[0], frame, depth) if args else ""
        return UNKNOWN

    def _serialised(self, callee: Node, args: list[Node]) -> str:
        base = callee.parts[0].name.lower() if callee.kind == "member" else callee.name
        module = self.values.program.imports.get(
            callee.parts[0].name if callee.kind == "member" else callee.name, ("",)
        )
        if base in _OTHER_FORMATS or any(word in module[0].lower() for word in _OTHER_FORMATS):
            return "text"
        if len(args) > 2 and args[2].name not in ("undefined", "null", "0", ""):
            return PRETTY
        return DOCUMENT

    def items(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> list[str]:
        """The shapes of the elements of a list."""
        if depth > DEPTH:
            return [UNKNOWN]
        if node.kind == "array":
            spread = [p.parts[0] for p in node.parts if p.kind == "spread"]
            inner = [item for each in spread for item in self.items(each, frame, depth + 1)]
            return inner + [self.shape(part, frame, depth) for part in node.parts[:8] if part.kind != "spread"]
        if node.kind == "call" and node.parts[0].kind == "member":
            receiver, name = node.parts[0].parts[0], node.parts[0].name
            if name in ("map", "flatMap") and node.args:
                return [self.mapped(node.args[0], frame, depth)] * 2
            if name in ("filter", "slice", "reverse", "sort", "concat", "flat"):
                return self.items(receiver, frame, depth + 1)
            if name == "from" and len(node.args) > 1:
                return [self.mapped(node.args[1], frame, depth)] * 2
        if node.kind in ("name", "member"):
            return self._pushed(node, frame, depth) or [UNKNOWN]
        return [UNKNOWN]

    def mapped(self, function: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> str:
        if dotted(function) == "JSON.stringify":
            return DOCUMENT
        if function.kind == "function":
            if function.parts:
                return self.shape(function.parts[0], frame, depth)
            scope = next((s for s in self.values.program.scopes if function.at <= s.start < function.end), None)
            found = self.values.returned(scope) if scope else []
            return preferred([self.shape(each, frame, depth) for each in found] or [UNKNOWN])
        for target in self.values.functions(function)[:1]:
            return preferred([self.shape(each, frame, depth) for each in self.values.returned(target)] or [UNKNOWN])
        return UNKNOWN

    def _pushed(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> list[str]:
        """What a list holds that is filled with ``push``, or that a name stands for."""
        program, parser = self.values.program, self.values.parser
        found: list[str] = []
        for at in program.called.get("push", ())[:200]:
            call = parser.call(at)
            if (
                call.kind == "call"
                and call.parts[0].kind == "member"
                and dotted(call.parts[0].parts[0]) == dotted(node)
            ):
                found += [self.shape(arg, frame, depth) for arg in call.args if arg.kind != "spread"] * 2
        if found:
            return found[:8]
        home = program.home(node.name, node.at) if node.kind == "name" else None
        bound = program.bindings(node.name, home) if home else self.values.attributes(node) if node.parts else []
        for binding in bound[:4]:
            if binding.how == "=" and binding.value != node.at:
                found += self.items(parser.expression(binding.value), frame, depth + 1)
        return found[:8]

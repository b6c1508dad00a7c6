"""Expressions of JavaScript, parsed where they are needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.languages.javascript.tokens import CHUNK, NAME, NUMBER, REGEX, STRING

if TYPE_CHECKING:
    from audit.languages.javascript.tokens import Tokens

DEEPEST = 30
"""How deep brackets may be nested in an expression that is looked at."""

LONGEST_CHAIN = 40
"""How many names and calls of a chain are looked at."""

_OTHER_OPERATORS = frozenset(
    ["-", "*", "/", "%", "<", ">", "<=", ">=", "==", "!=", "===", "!==", "&", "|", "^", "in", "instanceof"]
)
_ASSIGNMENTS = frozenset(["=", "+=", "??=", "||=", "&&=", "-=", "*=", "/=", "%=", "|=", "&=", "^="])
_ENDS = frozenset([")", "]", "}", ",", ";", ":", ""])
_PREFIXES = frozenset(["await", "typeof", "void", "delete", "yield", "!", "-", "+", "~", "++", "--"])
_KEYWORDS = frozenset(
    "const let var if else for while do return switch case break continue function class import export try catch"
    " finally throw new in of instanceof typeof void delete default with debugger".split()
)


@dataclass(eq=False, slots=True)
class Node:
    """An expression.

    Args:
        kind: ``string``, ``number``, ``regex``, ``name``, ``member``, ``index``, ``call``, ``new``, ``concat``,
            ``either`` (one of its parts), ``object``, ``array``, ``spread``, ``function`` or ``other``.
        at: Index of the token that stands for it: the name that is called, the first one otherwise.
        name: What a string says, a name, the property of a member.
        parts: The expressions in it: object of a member; callee and arguments of a call; values of an object.
        keys: Keys of an object, in the order of its parts.
        end: Index behind its last token.
    """

    kind: str
    at: int
    name: str = ""
    parts: list[Node] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    end: int = 0

    def get(self, key: str) -> Node | None:
        """The value of a key of an object, ``None`` without one."""
        return self.parts[self.keys.index(key)] if self.kind == "object" and key in self.keys else None

    @property
    def args(self) -> list[Node]:
        """The arguments of a call."""
        return self.parts[1:]


def dotted(node: Node) -> str:
    """A chain of names as written, such as ``fs.promises.appendFile``; calls in it appear as ``name()``."""
    names: list[str] = []
    while True:
        if node.kind == "member":
            names.append(node.name)
            node = node.parts[0]
        elif node.kind in ("call", "new") and node.parts[0].kind in ("member", "name"):
            node = node.parts[0]
            names.append(node.name + "()")
            if node.kind == "name":
                break
            node = node.parts[0]
        else:
            if node.kind == "name":
                names.append(node.name)
            break
    return ".".join(reversed(names))


@dataclass(eq=False, slots=True)
class Parser:
    """Gives the expression that begins at a token.

    Args:
        tokens: The source.
    """

    tokens: Tokens
    _known: dict[int, Node] = field(default_factory=dict)
    _depth: int = 0

    def expression(self, at: int) -> Node:
        """The expression that begins at a token; what cannot be understood is of kind ``other``."""
        known = self._known.get(at)
        if known is not None:
            return known
        self._depth += 1
        try:
            node = self._other(at) if self._depth > DEEPEST else self._choice(at)
        finally:
            self._depth -= 1
        node.end = max(node.end, at)
        self._known[at] = node
        return node

    def call(self, at: int) -> Node:
        """The call whose callee's last name stands at a token that an opening bracket or a type argument follows."""
        start = self.start(at)
        found = self._postfix(start, until=at)
        return found if found.kind in ("call", "new") else Node("other", at, end=at + 1)

    def start(self, at: int) -> int:
        """Where the chain of names and calls begins that ends with the name at a token."""
        tokens = self.tokens
        for _ in range(LONGEST_CHAIN):
            if tokens.at(at - 1) not in (".", "?.") or at <= 1:
                break
            before = at - 2 - (tokens.at(at - 2) == "!")
            while tokens.at(before) in (")", "]") and 0 < tokens.pairs[before] < before:
                before = tokens.pairs[before] - 1
                if tokens.kind(before) != NAME and tokens.at(before) not in (")", "]"):
                    before += 1
                    break
            if tokens.kind(before) != NAME and tokens.pairs[before] < before:
                return before if tokens.pairs[before] > before or tokens.kind(before) == STRING else at
            at = before
            if tokens.kind(at) != NAME or tokens.at(at) in _KEYWORDS:
                break
        return at - (tokens.at(at - 1) == "new")

    def _other(self, at: int) -> Node:
        """Skip to where the expression ends."""
        return Node("other", at, end=self.tokens.ends(at))

    def _choice(self, at: int) -> Node:
        node = self._either(at)
        word = self.tokens.at(node.end)
        if word == "?":
            one = self.expression(node.end + 1)
            if self.tokens.at(one.end) != ":":
                return node
            two = self.expression(one.end + 1)
            return Node("either", at, parts=[one, two], end=two.end)
        if word in _ASSIGNMENTS:
            value = self.expression(node.end + 1)
            return Node("either", at, parts=[value], end=value.end)
        return node

    def _either(self, at: int) -> Node:
        parts = [self._compare(at)]
        while self.tokens.at(parts[-1].end) in ("||", "??", "&&"):
            if self.tokens.at(parts[-1].end) == "&&":
                parts[-1:] = [self._compare(parts[-1].end + 1)]
            else:
                parts.append(self._compare(parts[-1].end + 1))
        return parts[0] if len(parts) == 1 else Node("either", at, parts=parts, end=parts[-1].end)

    def _compare(self, at: int) -> Node:
        parts = [self._postfix(at)]
        other = False
        while True:
            end = parts[-1].end
            word = self.tokens.at(end)
            if word in ("as", "satisfies") and end not in self.tokens.breaks:
                parts[-1].end = self._type(end + 1)
            elif word == "+" or word in _OTHER_OPERATORS:
                other = other or word != "+"
                parts.append(self._postfix(end + 1))
                if parts[-1].end <= end:
                    break
            else:
                break
        if other:
            return Node("other", at, end=parts[-1].end)
        return parts[0] if len(parts) == 1 else Node("concat", at, parts=parts, end=parts[-1].end)

    def _type(self, at: int) -> int:
        """The index behind a type."""
        tokens = self.tokens
        while tokens.kind(at) in (NAME, STRING, NUMBER) or tokens.at(at) in ("{", "(", "["):
            at = tokens.after(at)
            while tokens.at(at) in ("[", "<") or tokens.at(at) == ".":
                at = self.angle(at) if tokens.at(at) == "<" else at + 2 if tokens.at(at) == "." else tokens.after(at)
            if tokens.at(at) not in ("|", "&"):
                break
            at += 1
        return at

    def angle(self, at: int) -> int:
        """The index behind type arguments that begin at a token, or that index itself when they are none."""
        tokens, depth = self.tokens, 0
        for index in range(at, min(at + 60, len(tokens))):
            word = tokens.at(index)
            depth += (word == "<") - (word == ">")
            if depth == 0:
                return index + 1
            if word in (";", ")", "}", "=", "+", "&&", "||"):
                return at
        return at

    def _postfix(self, at: int, until: int = -1) -> Node:
        word = self.tokens.at(at)
        if word in _PREFIXES:
            inner = self.expression(at + 1) if self._depth > DEEPEST else self._deeper(at + 1)
            return inner if word in ("await", "yield") else Node("other", at, end=inner.end)
        new = word == "new"
        node = self._primary(at + new)
        while node.end < len(self.tokens):
            more = self._suffix(node, new=new)
            if more is None:
                break
            new = new and more.kind != "new"
            node = more
            if 0 <= until == node.at and node.kind in ("call", "new"):
                break
        return node

    def _deeper(self, at: int) -> Node:
        self._depth += 1
        try:
            return self._postfix(at)
        finally:
            self._depth -= 1

    def _suffix(self, node: Node, *, new: bool) -> Node | None:
        tokens, end = self.tokens, node.end
        word = tokens.at(end)
        if word in (".", "?.") and tokens.kind(end + 1) == NAME:
            return Node("member", end + 1, tokens.at(end + 1), [node], end=end + 2)
        if word == "?.":
            end += 1
            word = tokens.at(end)
        if word == "!" and tokens.at(end + 1) not in ("=", "") and end not in tokens.breaks:
            node.end = end + 1
            return node
        if word == "<" and node.kind in ("name", "member"):
            behind = self.angle(end)
            if tokens.at(behind) == "(" and behind > end:
                end, word = behind, "("
        if word == "(" and end not in tokens.breaks:
            return Node("new" if new else "call", node.at, parts=[node, *self._items(end)], end=tokens.after(end))
        if word == "[" and end not in tokens.breaks and tokens.pairs[end] > end:
            return Node("index", node.at, parts=[node, self.expression(end + 1)], end=tokens.after(end))
        if word == "`":
            return Node("other", node.at, end=tokens.after(end))
        return None

    def _items(self, at: int) -> list[Node]:
        """The expressions between brackets, split by commas."""
        tokens, items = self.tokens, []
        close = tokens.pairs[at]
        at += 1
        while at < close:
            if tokens.at(at) == ",":
                at += 1
                continue
            spread = tokens.at(at) == "..."
            item = self.expression(at + spread)
            items.append(Node("spread", at, parts=[item], end=item.end) if spread else item)
            at = max(item.end, at + 1)
            while at < close and tokens.at(at) != ",":
                at = tokens.after(at)
        return items

    def _primary(self, at: int) -> Node:
        tokens = self.tokens
        kind, word = tokens.kind(at), tokens.at(at)
        if kind == STRING:
            return Node("string", at, tokens.value(at), end=at + 1)
        if kind in (NUMBER, REGEX):
            return Node(kind, at, tokens.texts[at], end=at + 1)
        function = self._function(at)
        if function is not None:
            return function
        if kind == NAME and word not in _KEYWORDS:
            return Node("name", at, word, end=at + 1)
        if kind == NAME and word == "import" and tokens.at(at + 1) in (".", "("):
            return Node("name", at, word, end=at + 1)
        if tokens.pairs[at] > at if at < len(tokens) else False:
            return self._bracket(at, word)
        return Node("other", at, end=at if word in _ENDS else at + 1)

    def _bracket(self, at: int, word: str) -> Node:
        behind = self.tokens.after(at)
        if word == "`":
            return self._template(at)
        if word == "(":
            inner = self.expression(at + 1)
            return Node(inner.kind, inner.at, inner.name, inner.parts, inner.keys, behind)
        if word == "[":
            return Node("array", at, parts=self._items(at), end=behind)
        return self._object(at)

    def _template(self, at: int) -> Node:
        tokens, parts = self.tokens, []
        close, index = tokens.pairs[at], at + 1
        while index < close:
            if tokens.kind(index) == CHUNK:
                parts.append(Node("string", index, tokens.value(index), end=index + 1))
            elif tokens.at(index) == "${":
                parts.append(self.expression(index + 1))
            index = tokens.after(index)
        return Node("concat", at, parts=parts or [Node("string", at, "")], end=close + 1)

    def _object(self, at: int) -> Node:
        tokens, close = self.tokens, self.tokens.pairs[at]
        node, index = Node("object", at, end=close + 1), at + 1
        while index < close:
            key = tokens.value(index) if tokens.kind(index) == STRING else tokens.at(index)
            if tokens.at(index + 1) == ":":
                value = self.expression(index + 2)
            elif tokens.at(index) == "..." or tokens.kind(index) != NAME:
                key, value = "", Node("other", index, end=tokens.after(index))
            elif tokens.at(index + 1) in (",", "}"):
                value = Node("name", index, key, end=index + 1)
            else:
                value = Node("other", index, end=index + 1)
            node.keys.append(key)
            node.parts.append(value)
            index = max(value.end, index + 1)
            while index < close and tokens.at(index) != ",":
                index = tokens.after(index)
            index += 1
        return node

    def _function(self, at: int) -> Node | None:
        tokens, start = self.tokens, at
        if (tokens.at(at) == "async" and tokens.at(at + 1) in ("function", "(")) or tokens.at(at + 2) == "=>":
            at += tokens.at(at) == "async"
        if tokens.at(at) == "function":
            while at < len(tokens) and tokens.at(at) != "(":
                at += 1
            body = tokens.after(at)
            while body < len(tokens) and tokens.at(body) != "{":
                body += 1
            return Node("function", start, end=tokens.after(body) if body < len(tokens) else body)
        arrow = at + 1 if tokens.kind(at) == NAME else self._arrow(at)
        if arrow < 0 or tokens.at(arrow) != "=>":
            return None
        if tokens.at(arrow + 1) == "{":
            return Node("function", start, end=tokens.after(arrow + 1))
        body_node = self.expression(arrow + 1)
        return Node("function", start, parts=[body_node], end=body_node.end)

    def _arrow(self, at: int) -> int:
        """Where the arrow stands behind a list of parameters and perhaps a type, -1 without one."""
        tokens = self.tokens
        if tokens.at(at) != "(" or tokens.pairs[at] < 0:
            return -1
        behind = tokens.after(at)
        if tokens.at(behind) == ":":
            for index in range(behind + 1, min(behind + 30, len(tokens))):
                if tokens.at(index) == "=>":
                    return index
                if tokens.at(index) in (";", ",", "}", "="):
                    return -1
        return behind if tokens.at(behind) == "=>" else -1

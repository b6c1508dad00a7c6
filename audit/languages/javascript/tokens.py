"""The tokens of a JavaScript or TypeScript source: comments go, strings stay whole, brackets know their partners."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

NAME, STRING, NUMBER, REGEX, MARK, CHUNK = "name", "string", "number", "regex", "mark", "chunk"
"""Kinds of tokens; a chunk is a piece of text of a template."""

_SCAN = re.compile(
    r"""
    (?P<space>\s++)
    |(?P<note>//[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?|\A\#![^\n]*+)
    |(?P<name>[A-Za-z_$#@\x80-\U0010ffff][\w$]*+)
    |(?P<number>\.?[0-9][\w.]*+)
    |(?P<string>"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'?)
    |(?P<mark>=>|\?\?=|\?\?|\?\.(?![0-9])|\|\|=|\|\||&&=|&&|\.\.\.|\+\+|--|[-+*/%&|^]=|[=!]==?|<=|>=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_TEXT = re.compile(r"[^`\\$]*+(?:(?:\\.|\$(?!\{))[^`\\$]*+)*+", re.DOTALL)
_REGEX = re.compile(r"/(?:[^/\\\[\n]++|\\[^\n]|\[(?:[^\]\\\n]++|\\[^\n])*+\])++/[A-Za-z]*+")
_BEFORE_REGEX = frozenset(
    "return typeof case in of delete void throw new else do instanceof yield await default extends".split()
)
_SEPARATORS = frozenset([",", ";", ")", "]", "}"])
_CLOSERS = {"(": ")", "[": "]", "{": "}", "${": "}", "`": "`"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


@dataclass(eq=False, slots=True)
class Tokens:
    """Tokens as columns; one index means the same token in each.

    Args:
        text: The source.
        kinds: What each token is.
        texts: Each token as written.
        places: Where each begins in the source.
        pairs: Index of the partner of a bracket or of a template's end, -1 without one.
        breaks: Tokens before which a line ends.
    """

    text: str
    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)
    _lines: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        """How many tokens there are."""
        return len(self.kinds)

    def at(self, index: int) -> str:
        """The token as written, an empty string outside of the source and for strings and chunks."""
        if 0 <= index < len(self.kinds) and self.kinds[index] in (NAME, MARK):
            return self.texts[index]
        return ""

    def kind(self, index: int) -> str:
        """What the token is, an empty string outside of the source."""
        return self.kinds[index] if 0 <= index < len(self.kinds) else ""

    def line(self, index: int) -> int:
        """The line of a token, from 1."""
        if not self._lines:
            self._lines = [0, *(found.end() for found in re.finditer("\n", self.text))]
        return bisect_right(self._lines, self.places[index])

    def value(self, index: int) -> str:
        """What a string or a chunk means, without quotes and escapes."""
        raw = self.texts[index]
        if self.kinds[index] == STRING:
            raw = raw[1:-1] if len(raw) > 1 and raw[-1] == raw[0] else raw[1:]
        return _unescaped(raw) if "\\" in raw else raw

    def after(self, index: int) -> int:
        """The index behind a token, or behind the partner of a bracket."""
        return max(self.pairs[index], index) + 1

    def ends(self, index: int) -> int:
        """Where the expression that a token belongs to ends: the comma, semicolon, bracket or new line behind it."""
        if not self._ends:
            self._ends = _expression_ends(self)
        if index >= len(self.kinds) or self.at(index) in _SEPARATORS:
            return index
        return self._ends[index]


def _expression_ends(tokens: Tokens) -> list[int]:
    count = len(tokens)
    ends, outside, end = [count] * count, [count], count
    for index in range(count - 1, -1, -1):
        pair = tokens.pairs[index]
        if pair > index:
            end = outside.pop() if len(outside) > 1 else count
        ends[index] = end
        if 0 <= pair < index:
            outside.append(end)
            end = index
        elif tokens.at(index) in (",", ";") or _begins_statement(tokens, index):
            end = index
    return ends


def _begins_statement(tokens: Tokens, index: int) -> bool:
    """Whether a new line before a word ends the statement, as it does without a semicolon."""
    if index not in tokens.breaks or tokens.kinds[index] != NAME:
        return False
    return tokens.kinds[index - 1] != MARK or tokens.texts[index - 1] in (")", "]", "}", "`")


def tokenize(text: str) -> Tokens:
    """The tokens of a source. Takes time in proportion to its length; anything is accepted.

    Args:
        text: JavaScript or TypeScript. A string that is not closed ends with its line, a template with the source.
    """
    reader = _Reader(Tokens(text))
    reader.run()
    return reader.tokens


@dataclass(eq=False, slots=True)
class _Reader:
    tokens: Tokens
    at: int = 0
    fresh: bool = False
    no_regex_before: int = 0
    open: list[int] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_CLOSERS.values(), 0))

    def run(self) -> None:
        text, end, match = self.tokens.text, len(self.tokens.text), _SCAN.match
        while self.at < end:
            found = match(text, self.at)
            kind = found.lastgroup if found else None
            if found is None or kind is None:  # the last alternative takes any character
                break
            word = found.group()
            if kind in ("space", "note"):
                self.fresh = self.fresh or "\n" in word
                self.at = found.end()
            elif kind == MARK:
                self._mark(word)
            else:
                self._add(kind, word)

    def _add(self, kind: str, word: str) -> None:
        tokens = self.tokens
        if self.fresh:
            tokens.breaks.add(len(tokens.kinds))
            self.fresh = False
        tokens.kinds.append(kind)
        tokens.texts.append(word)
        tokens.places.append(self.at)
        tokens.pairs.append(-1)
        self.at += len(word)

    def _mark(self, word: str) -> None:
        if word[0] == "/" and self._regex_may_stand():
            found = _REGEX.match(self.tokens.text, self.at)
            if found:
                self._add(REGEX, found.group())
                return
            end = self.tokens.text.find("\n", self.at)
            self.no_regex_before = len(self.tokens.text) if end < 0 else end
        self._add(MARK, word)
        if word in ("(", "[", "{"):
            self._push(word)
        elif word == "`":
            self._push("`")
            self._chunk()
        elif word in (")", "]", "}"):
            self._close(word)

    def _push(self, word: str) -> None:
        self.open.append(len(self.tokens.kinds) - 1)
        self.waiting[_CLOSERS[word]] += 1

    def _close(self, word: str) -> None:
        last, tokens = len(self.tokens.kinds) - 1, self.tokens
        while self.waiting[word]:
            opener = self.open.pop()
            closer = _CLOSERS[tokens.texts[opener]]
            self.waiting[closer] -= 1
            if closer == word:
                tokens.pairs[opener], tokens.pairs[last] = last, opener
                if tokens.texts[opener] == "${":
                    self._chunk()
                return

    def _chunk(self) -> None:
        text = self.tokens.text
        found = _TEXT.match(text, self.at)
        if found and found.group():
            self._add(CHUNK, found.group())
        if text.startswith("${", self.at):
            self._add(MARK, "${")
            self._push("${")
        elif text.startswith("`", self.at):
            self._add(MARK, "`")
            self._close("`")
        elif self.at < len(text):
            self.at += 1

    def _regex_may_stand(self) -> bool:
        tokens = self.tokens
        last = len(tokens.kinds) - 1
        if self.at < self.no_regex_before:
            return False
        if last < 0:
            return True
        word = tokens.texts[last]
        if tokens.kinds[last] == NAME:
            return word in _BEFORE_REGEX
        if tokens.kinds[last] != MARK or word in ("]", "`", "<", "++", "--"):
            return False
        if word == ")":
            return tokens.at(tokens.pairs[last] - 1) in ("if", "while", "for", "with")
        return not (word == "}" and self.tokens.text.startswith("/>", self.at))


def _unescaped(raw: str) -> str:
    def one(found: re.Match[str]) -> str:
        word = found.group(1)
        if len(word) == 1:
            return _ESCAPES.get(word, word)
        code = int(word[1:].strip("{}"), 16)
        return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else "?"

    return re.sub(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|.|\Z)", one, raw, flags=re.DOTALL)

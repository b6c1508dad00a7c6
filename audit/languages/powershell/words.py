"""The tokens of a PowerShell script, and how they stand together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SCAN = re.compile(
    r"""
    (?P<space>(?:[ \t\r\ufeff]|`\r?\n)+)
    |(?P<note><\#.*?(?:\#>|\Z)|\#[^\n]*)
    |(?P<here>@(?P<mark>["'])[ \t]*\r?\n(?P<body>.*?)(?:^(?P=mark)@|\Z))
    |(?P<double>"(?:[^"`]|`.|"")*(?:"|\Z))
    |(?P<single>'(?:[^']|'')*(?:'|\Z))
    |(?P<variable>\$(?:\{[^}\n]*\}|(?:\w+:)?[\w?^]+|\$))
    |(?P<mark2>\d?>>|\d?>(?:&\d)?|\|\||&&|\+=|::|@\(|@\{|\$\(|[|;(){}\[\],=+&\n])
    |(?P<parameter>-[A-Za-z]\w*:?)
    |(?P<word>(?:[^\s"'`$|;(){}\[\],=+&<>\#]|`.|(?<=[\w\]])\#)+)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_CLOSERS = {")": ("(", "@(", "$("), "}": ("{", "@{"), "]": ("[",)}
_GOES_ON = frozenset({"|", ",", "=", "+=", "+", "(", "{", "&&", "||"})
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_VARYING = re.compile(r"`(.)|\$\(|\$\{([^}]*)\}|\$((?:\w+:)?\w+)|\"\"", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A token.

    Args:
        kind: ``double`` (a string with variables), ``single``, ``variable``, ``mark``, ``parameter``, ``word``
            or ``other``.
        text: As written; of a string what is between its quotes; of a variable its name in small letters.
        line: Where it begins, from 1.
    """

    kind: str
    text: str
    line: int


@dataclass(eq=False, slots=True)
class Tokens:
    """The tokens of a script.

    Args:
        all: All of them.
        pairs: Index of the partner of a bracket, -1 without one.
    """

    all: list[Token] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)

    def text(self, at: int) -> str:
        """What stands at an index; an empty string outside and for strings."""
        if not 0 <= at < len(self.all) or self.all[at].kind in ("double", "single"):
            return ""
        return self.all[at].text

    def after(self, at: int) -> int:
        """The index behind a token, or behind the bracket that closes it."""
        return max(self.pairs[at], at) + 1

    def split(self, start: int, end: int, marks: tuple[str, ...]) -> list[tuple[int, int]]:
        """The parts between two indexes, cut at marks that stand outside of brackets; empty parts go."""
        found: list[tuple[int, int]] = []
        first = at = start
        while at < end:
            if self.all[at].kind == "mark" and self.all[at].text in marks:
                found.append((first, at))
                first = at + 1
            at = self.after(at)
        found.append((first, end))
        return [(one, min(two, end)) for one, two in found if one < two]

    def statements(self, start: int, end: int) -> list[tuple[int, int]]:
        """The statements between two indexes."""
        return self.split(start, end, (";", "\n"))


def tokenize(text: str) -> Tokens:
    """The tokens of a script; anything is accepted.

    Args:
        text: The script.
    """
    tokens = Tokens()
    line = 1
    open_: list[int] = []
    for found in _SCAN.finditer(text):
        kind, raw = found.lastgroup or "other", found.group()
        if found["here"] is not None:
            kind, raw_text = ("double" if found["mark"] == '"' else "single"), found["body"].rstrip("\r\n")
        elif kind in ("double", "single"):
            raw_text = raw[1:-1] if len(raw) > 1 and raw[-1] == raw[0] else raw[1:]
        elif kind == "variable":
            raw_text = raw[1:].strip("{}").lower()
        else:
            kind, raw_text = ("mark" if kind == "mark2" else kind), raw
        if kind not in ("space", "note") and not (raw == "\n" and _continues(tokens, open_)):
            tokens.all.append(Token(kind, raw_text, line))
            tokens.pairs.append(-1)
            if kind == "mark":
                _pair(tokens, open_, raw)
        line += raw.count("\n")
    return tokens


def _continues(tokens: Tokens, open_: list[int]) -> bool:
    """Whether a new line ends no statement: inside of round brackets, or behind what asks for more."""
    if open_ and tokens.all[open_[-1]].text in ("(", "["):
        return True
    return not tokens.all or (tokens.all[-1].kind == "mark" and tokens.all[-1].text in _GOES_ON)


def _pair(tokens: Tokens, open_: list[int], mark: str) -> None:
    last = len(tokens.all) - 1
    if mark in ("(", "{", "[", "@(", "@{", "$("):
        open_.append(last)
    elif mark in _CLOSERS:
        for place in range(len(open_) - 1, max(len(open_) - 20, -1), -1):
            if tokens.all[open_[place]].text in _CLOSERS[mark]:
                tokens.pairs[open_[place]], tokens.pairs[last] = last, open_[place]
                del open_[place:]
                return


def pieces(text: str) -> list[tuple[str, str]]:
    """The parts of a string in which variables count: (``text`` or ``variable`` or ``command``, what it says)."""
    found: list[tuple[str, str]] = []
    at = 0
    while match := _VARYING.search(text, at):
        plain = text[at : match.start()]
        at = match.end()
        if match[1] is not None:
            plain += _ESCAPES.get(match[1], match[1])
        elif match[0] == '""':
            plain += '"'
        found += [("text", plain)] if plain else []
        if match[2] or match[3]:
            found.append(("variable", (match[2] or match[3]).lower()))
        elif match[0] == "$(":
            end = _closing(text, at)
            found.append(("command", text[at:end]))
            at = end + 1
    return [*found, ("text", text[at:])] if at < len(text) else found


def _closing(text: str, at: int) -> int:
    depth = 1
    for index in range(at, len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if not depth:
            return index
    return len(text)

"""The words and operators of a shell script, and the pieces that a word is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPERATOR = re.compile(
    r"(?P<fd>\d*)(?P<redirect><<<|<<-|<<|<>|<&|<|>>|>\||>&|>)|(?P<both>&>>|&>)|(?P<control>&&|\|\||\|&|;;&|;;|;&|[|&;()\n])"
)
_HEREDOC = re.compile(r"<<-?[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([\w.!-]+))")
DEEPEST = 30
"""How deep quotes and substitutions may be nested."""
_STOP = frozenset(" \t\n;&|<>()")
_ARRAY = re.compile(r"[A-Za-z_]\w*\+?=\Z")
_VARIABLE = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_BRACED = re.compile(r"[!#]?([A-Za-z_]\w*|[0-9]+|[@*#?$!-])(\[[^\]]*\])?(.*)\Z", re.DOTALL)
_C_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "e": "\x1b"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word or an operator.

    Args:
        kind: ``word``, ``redirect`` or ``control``.
        text: As written; of a redirection its operator without the number of a descriptor.
        line: Where it begins, from 1.
        fd: The descriptor before a redirection, an empty string without one; ``&`` for ``&>``.
        body: What a here-document holds, for ``<<``.
        quoted: Whether nothing in the here-document is replaced.
        body_line: The line on which the here-document begins.
    """

    kind: str
    text: str
    line: int
    fd: str = ""
    body: str = ""
    quoted: bool = False
    body_line: int = 0


def tokenize(text: str, line: int = 1) -> list[Token]:
    """The tokens of a script; anything is accepted.

    Args:
        text: The script.
        line: The line on which it begins.
    """
    tokens: list[Token] = []
    waiting: list[tuple[int, str, bool]] = []
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char in " \t\r" or text.startswith("\\\n", at):
            line += char == "\\"
            at += 1 + (char == "\\")
        elif char == "#":
            at = _line_end(text, at)
        elif text.startswith(("<(", ">("), at):
            behind = _paren_end(text, at + 1)
            tokens.append(Token("word", text[at:behind], line))
            line += text.count("\n", at, behind)
            at = behind
        elif found := _OPERATOR.match(text, at):
            at = found.end()
            control = found["control"]
            if control:
                tokens.append(Token("control", control, line))
                line += control == "\n"
                if control == "\n" and waiting:
                    at, line = _bodies(text, at, line, tokens, waiting)
                continue
            tokens.append(
                Token(
                    "redirect", found["redirect"] or found["both"][1:], line, found["fd"] or "&" * bool(found["both"])
                )
            )
            if found["redirect"] in ("<<", "<<-") and (mark := _HEREDOC.match(text, found.start("redirect"))):
                name = next(filter(None, mark.groups()))
                waiting.append((len(tokens) - 1, name, mark[3] is None))
                at = mark.end()
        else:
            behind = _word_end(text, at)
            tokens.append(Token("word", text[at:behind], line))
            line += text.count("\n", at, behind)
            at = behind
    return tokens


def _bodies(
    text: str, at: int, line: int, tokens: list[Token], waiting: list[tuple[int, str, bool]]
) -> tuple[int, int]:
    """Take the here-documents that begin behind a line; gives where they end, and on which line."""
    for index, name, quoted in waiting:
        stop = _heredoc_end(text, at, name)
        token = tokens[index]
        body = text[at : text.rfind("\n", at, max(stop - 1, at)) + 1]
        tokens[index] = Token(token.kind, token.text, token.line, token.fd, body, quoted, line)
        line += text.count("\n", at, stop)
        at = stop
    waiting.clear()
    return at, line


def _heredoc_end(text: str, at: int, name: str) -> int:
    found = re.compile(rf"^[ \t]*{re.escape(name)}[ \t]*\r?$\n?", re.MULTILINE).search(text, at)
    return found.end() if found else len(text)


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _word_end(text: str, at: int) -> int:
    start, end = at, len(text)
    while at < end and text[at] not in _STOP:
        at = skip(text, at)
        if text.startswith("(", at) and _ARRAY.match(text[start:at]):
            at = _paren_end(text, at)
    return max(at, start + 1)


def skip(text: str, at: int, depth: int = 0) -> int:
    """The index behind a character, or behind the quotes or the substitution that begin there."""
    char = text[at]
    if depth > DEEPEST:
        return at + 1
    if char == "\\":
        return min(at + 2, len(text))
    if char == "'":
        return _behind(text, "'", at + 1)
    if char == '"':
        return _double_end(text, at, depth + 1)
    if char == "`":
        return _back_end(text, at)
    if char == "$" and at + 1 < len(text):
        if text[at + 1] == "(":
            return _paren_end(text, at + 1, depth + 1)
        if text[at + 1] == "{":
            return _brace_end(text, at + 1, depth + 1)
        if text[at + 1] == "'":
            found = re.compile(r"(?:[^'\\]|\\.)*'", re.DOTALL).match(text, at + 2)
            return found.end() if found else len(text)
    return at + 1


def _behind(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found + 1


def _double_end(text: str, at: int, depth: int) -> int:
    at += 1
    while at < len(text):
        if text[at] == '"':
            return at + 1
        at = at + 1 if text[at] == "'" else skip(text, at, depth)
    return at


def _back_end(text: str, at: int) -> int:
    found = re.compile(r"(?:[^`\\]|\\.)*`", re.DOTALL).match(text, at + 1)
    return found.end() if found else len(text)


def _brace_end(text: str, at: int, depth: int) -> int:
    at += 1
    while at < len(text):
        if text[at] == "}":
            return at + 1
        at = skip(text, at, depth)
    return at


def _paren_end(text: str, at: int, inside: int = 0) -> int:
    """Behind the bracket that closes the one at an index; quotes, comments and here-documents in it are passed over."""
    depth, names = 0, []
    while at < len(text):
        char = text[at]
        if char == "(":
            depth += 1
            at += 1
        elif char == ")":
            depth -= 1
            at += 1
            if not depth:
                return at
        elif char == "#" and text[at - 1] in " \t\n;":
            at = _line_end(text, at)
        elif char == "<" and (mark := _HEREDOC.match(text, at)) and text[at - 1] != "<":
            names.append(next(filter(None, mark.groups())))
            at = mark.end()
        elif char == "\n" and names:
            at += 1
            for name in names:
                at = _heredoc_end(text, at, name)
            names = []
        else:
            at = skip(text, at, inside)
    return at


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a word.

    Args:
        kind: ``text``, ``variable`` or ``command``.
        text: The text without quotes, the name of the variable, or the script of the substitution.
        change: What follows the name in ``${name…}``, such as ``:-default`` or ``%.txt``.
        place: Where the piece begins in the word.
    """

    kind: str
    text: str
    change: str = ""
    place: int = 0


def pieces(word: str) -> list[Piece]:
    """The parts of a word, its quotes removed.

    Args:
        word: As written.
    """
    found: list[Piece] = []
    at, double = 0, False
    while at < len(word):
        char = word[at]
        if char == '"':
            double = not double
            at += 1
            continue
        if char == "$" and (name := _VARIABLE.match(word, at + 1)):
            piece, behind = Piece("variable", name[0], place=at), name.end()
        else:
            behind = at + 1 if double and char == "'" else skip(word, at)
            piece = _piece(word[at:behind], at, double=double)
        if piece.kind == "text" and found and found[-1].kind == "text":
            found[-1] = Piece("text", found[-1].text + piece.text, place=found[-1].place)
        else:
            found.append(piece)
        at = behind
    return found


def _piece(raw: str, at: int, *, double: bool) -> Piece:
    if raw.startswith("\\") and len(raw) > 1:
        plain = raw if double and raw[1] not in '"\\$`\n' else raw[1:].replace("\n", "")
        return Piece("text", plain, place=at)
    if raw.startswith("'") and len(raw) > 1:
        return Piece("text", raw[1:-1] if raw.endswith("'") else raw[1:], place=at)
    if raw.startswith("$'"):
        inner = raw[2:].removesuffix("'")
        return Piece("text", re.sub(r"\\(.)", lambda m: _C_ESCAPES.get(m[1], m[1]), inner, flags=re.DOTALL), place=at)
    if raw.startswith("$(("):
        return Piece("variable", "number", place=at)
    if raw.startswith("$("):
        return Piece("command", raw[2:].removesuffix(")"), place=at + 2)
    if raw.startswith("`"):
        return Piece("command", raw[1:].removesuffix("`").replace("\\`", "`"), place=at + 1)
    if raw.startswith("${") and (known := _BRACED.match(raw[2:].removesuffix("}"))):
        return Piece("variable", known[1], known[3], at)
    return Piece("text", raw, place=at)

"""Programs of other languages inside a shell script: ``python -c``, ``node -e`` and their here-documents."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from audit.languages.shell.commands import parse
from audit.languages.shell.content import name_of, plain
from audit.languages.shell.words import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.languages.shell.commands import Command, Pipelines
    from audit.languages.shell.values import Values
    from audit.languages.shell.words import Token

_LANGUAGES = {"python": "python", "pypy": "python", "node": "javascript", "deno": "javascript", "bun": "javascript"}
_SUBSTITUTED = re.compile(r"\$\{(\w+)\}|\$([A-Za-z_]\w*)")
DEPTH = 6


def programs(pipelines: Pipelines, values: Values, language: str, depth: int = 0) -> Iterator[tuple[int, str]]:
    """The programs of a language inside some commands, each with the line on which it begins.

    Args:
        pipelines: The commands.
        values: The variables of the script.
        language: ``python`` or ``javascript``.
        depth: How many scripts are around.
    """
    for command in (each for pipeline in pipelines for each in pipeline):
        yield from programs(command.body, values, language, depth)
        for word in (*command.given, *command.words) if depth < DEPTH else ():
            for piece in pieces(word.text) if "$(" in word.text else ():
                if piece.kind == "command":
                    inner = parse(piece.text, word.line + word.text.count("\n", 0, piece.place))
                    yield from programs(inner, values, language, depth + 1)
        yield from _programs(command, values, language)


def _programs(command: Command, values: Values, language: str) -> Iterator[tuple[int, str]]:
    words = plain(command)
    names = [re.sub(r"[\d.]+$", "", name_of([word])) for word in words[:4]]
    if language not in [_LANGUAGES.get(name) for name in names]:
        return
    option = "-c" if language == "python" else "-e"
    for before, word in pairwise(words):
        if before.text == option:
            text = "".join(p.text if p.kind == "text" else _value(p.text, values, word) for p in pieces(word.text))
            yield word.line, text
    for redirect in command.redirects:
        sign = redirect.sign
        if sign.body and sign.text.startswith("<<"):
            yield sign.body_line, sign.body if sign.quoted else _filled(sign, values)


def _filled(sign: Token, values: Values) -> str:
    """A here-document with its variables put in."""
    return _SUBSTITUTED.sub(lambda found: _value(found[1] or found[2], values, sign), sign.body)


def _value(name: str, values: Values, word: Token) -> str:
    """What a variable puts into the program; a name for what is not known, which parses in most places."""
    text = values.texts(f"${{{name}}}", 0, word.line)[0].text
    return re.sub(r"[\\\"'\n]", "", text)


def together(programs: Iterator[tuple[int, str]]) -> str:
    """Programs in one text, each on the lines on which it stands; empty without any."""
    lines: list[str] = []
    for line, text in sorted(programs):
        if len(lines) < line:
            lines += [""] * (line - 1 - len(lines))
            lines += text.expandtabs(8).rstrip().split("\n")
    return "\n".join(lines) + "\n" if lines else ""

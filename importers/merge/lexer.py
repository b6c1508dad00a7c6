"""Just enough of SQL's lexical rules to change a name at a known place of a statement that SQLite has stored.

SQLite stores `CREATE INDEX name …`, `CREATE TRIGGER name …` and `CREATE VIEW name …` without `IF NOT EXISTS` and
without a schema, so the name is the first token after fixed words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))
      | (?P<word>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|'(?:[^']|'')*'|[^\W\d][\w$]*|[\w.$@:?]+)
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {'"': '"', "`": "`", "[": "]", "'": "'"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign of a statement, and where it stands."""

    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The identifier that it is, without its quotes."""
        mark = self.text[0]
        if mark not in _CLOSING:
            return self.text
        closing = _CLOSING[mark]
        return self.text[1:-1].replace(closing * 2, closing) if mark != "[" else self.text[1:-1]


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of a statement, without space and comments."""
    for found in _TOKEN.finditer(sql):
        if found.lastgroup != "space":
            yield Token(found.group(), found.start(), found.end())


def renamed(sql: str, name: str) -> str:
    """The same CREATE INDEX, TRIGGER, VIEW or VIRTUAL TABLE, making a thing of another name.

    Args:
        sql: as SQLite has stored it.
        name: the new name.
    """
    words = {"CREATE", "UNIQUE", "INDEX", "TRIGGER", "VIEW", "VIRTUAL", "TABLE", "TEMP", "TEMPORARY"}
    found = next(each for each in tokens(sql) if each.text.upper() not in words)
    return sql[: found.start] + quoted(name) + sql[found.end :]


def is_instead_of(sql: str) -> bool:
    """Whether a trigger stands on a view."""
    return [each.text.upper() for each in tokens(sql)][3:5] == ["INSTEAD", "OF"]


def timed(sql: str, timing: str) -> str:
    """The same trigger with another timing: an INSTEAD OF trigger with BEFORE, or the other way round."""
    found = list(tokens(sql))
    last = found[4] if found[3].text.upper() == "INSTEAD" else found[3]
    return sql[: found[3].start] + timing + sql[last.end :]


def arguments(sql: str) -> list[tuple[str, int, int]]:
    """The arguments of CREATE VIRTUAL TABLE, each with its place in the statement."""
    depth, start = 0, 0
    found: list[tuple[str, int, int]] = []
    for token in tokens(sql):
        if token.text == "(":
            depth += 1
            start = token.end if depth == 1 else start
        if (token.text == "," and depth == 1) or (token.text == ")" and depth == 1):
            found.append((sql[start : token.start], start, token.start))
            start = token.end
        depth -= token.text == ")"
    return found


def argument(sql: str, key: str) -> str | None:
    """The value of an argument `key=value` of a virtual table, without quotes; None when it is not given."""
    for text, _, _ in arguments(sql):
        name, mark, value = text.partition("=")
        if mark and name.strip().lower() == key and value.strip():
            return Token(value.strip(), 0, 0).name
    return None


def with_argument(sql: str, key: str, value: str) -> str:
    """The same CREATE VIRTUAL TABLE with another value of an argument that it has."""
    for text, start, end in arguments(sql):
        name, mark, _ = text.partition("=")
        if mark and name.strip().lower() == key:
            return f"{sql[:start]}{name}={text_of(value)}{sql[end:]}"
    return sql

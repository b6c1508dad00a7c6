"""Just enough of SQL's lexical rules to change a name at a known place of a statement that SQLite has stored.

SQLite stores `CREATE INDEX name …`, `CREATE TRIGGER name …` and `CREATE VIEW name …` without `IF NOT EXISTS` and
without a schema, so the name is the first token after fixed words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))
      | (?P<word>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|'(?:[^']|'')*'|[^\W\d][\w$]*|[\w.$@:?]+)
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
#: What begins a quoted name → what ends it.
_CLOSING = {'"': '"', "`": "`", "[": "]", "'": "'"}
#: What may stand before the name of what is made.
_CREATING = frozenset({"CREATE", "UNIQUE", "INDEX", "TRIGGER", "VIEW", "VIRTUAL", "TABLE", "TEMP", "TEMPORARY"})


def tokens(sql: str) -> Iterator[re.Match[str]]:
    """The words and signs of a statement, without space and comments."""
    return (match for match in _TOKEN.finditer(sql) if match.lastgroup != "space")


def _unquoted(word: str) -> str:
    closing = _CLOSING.get(word[:1])
    return word if closing is None else word[1:-1].replace(closing * 2, closing)


def with_name(sql: str, name: str) -> str:
    """The same CREATE INDEX, TRIGGER, VIEW or VIRTUAL TABLE, making a thing of another name."""
    old = next(token for token in tokens(sql) if token.group().upper() not in _CREATING)
    return sql[: old.start()] + quoted(name) + sql[old.end() :]


def with_timing(sql: str, timing: str) -> str:
    """The same trigger with another timing: an INSTEAD OF trigger with BEFORE, or the other way round."""
    words = list(tokens(sql))
    last = words[4] if words[3].group().upper() == "INSTEAD" else words[3]
    return sql[: words[3].start()] + timing + sql[last.end() :]


def _value(sql: str, key: str) -> tuple[int, int] | None:
    """Where the value of an argument `key=value` of CREATE VIRTUAL TABLE begins and ends."""
    depth, start = 0, 0
    for token in tokens(sql):
        sign = token.group()
        if sign == "(":
            depth += 1
            start = token.end() if depth == 1 else start
        if depth == 1 and sign in (",", ")"):
            name, mark, _ = sql[start : token.start()].partition("=")
            if mark and name.strip().lower() == key:
                return start + len(name) + 1, token.start()
            start = token.end()
        depth -= sign == ")"
    return None


def argument(sql: str, key: str) -> str:
    """The value of an argument `key=value` of a virtual table, without quotes; empty when it is not given."""
    place = _value(sql, key)
    return _unquoted(sql[slice(*place)].strip()) if place else ""


def with_argument(sql: str, key: str, value: str) -> str:
    """The same CREATE VIRTUAL TABLE with another value of an argument, if it has that."""
    place = _value(sql, key)
    return f"{sql[: place[0]]}{text_of(value)}{sql[place[1] :]}" if place else sql

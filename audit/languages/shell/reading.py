"""Commands of a shell script that read JSON lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from audit.languages.place import named
from audit.languages.shell.content import LINE_FILTERS, jq, name_of, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audit.languages.shell.commands import Command
    from audit.languages.shell.script import Script
    from audit.languages.shell.words import Token

_JQ = frozenset({"jq", "gojq", "jaq"})
_LOADERS = frozenset(
    "mongoimport sqlite-utils duckdb mlr vd bq clickhouse-local gron in2csv fx jless jtbl lnav".split()
)
_TOOLS = LINE_FILTERS | frozenset("cat less more wc awk gawk cut tee comm join nl zgrep".split())
_WITH_PATTERN = frozenset("grep egrep fgrep rg sed awk gawk zgrep cut".split())
_PARSE = re.compile(r"\b(?:jq|gojq|fromjson|json\.loads?|JSON\.parse|json_decode|jshon|gron)\b")
_TAKES_VALUE = re.compile(r"-[ncmABCdFtkKsSo]|--(?:lines|bytes|max-count|delimiter|fields)")
_IN_CODE = re.compile(r"read_(?:nd)?json\w*\(\s*'([^']+)'")


@dataclass(frozen=True, slots=True)
class Read:
    """A file that a command reads.

    Args:
        word: What names the file.
        how: The mechanism.
        confidence: ``high``, ``medium`` or ``low``.
        reason: Why it is a reader of JSON lines.
    """

    word: Token
    how: str
    confidence: str
    reason: str


def read(script: Script, command: Command, later: list[Command], function: int) -> Iterator[Read]:
    """The JSON lines that a command reads.

    Args:
        script: The script.
        command: The command.
        later: The commands behind it in its pipeline.
        function: Number of the function around it.
    """
    words = plain(command)
    name = name_of(words)
    inputs = [
        each.target
        for each in command.redirects
        if each.sign.text == "<" and not each.target.text.startswith(("&", "<(", "/dev/"))
    ]
    if inputs:
        how = "while-read" if command.kind == "loop" else "redirect"
        yield from _judged(
            script, inputs[-1], function, how, by_line=_by_line(command), parsed=_parsed([command, *later])
        )
    if name in _JQ:
        yield from _by_jq(script, words, function)
    elif name in _TOOLS:
        files = [
            word
            for before, word in pairwise(words)
            if not re.match(r"[-+<>]|\d+$", word.text) and not _TAKES_VALUE.fullmatch(before.text)
        ]
        given = any(re.fullmatch(r"-e|-f|--regexp.*|-[a-zA-Z]*e", word.text) for word in words[1:])
        for word in files[1:] if name in _WITH_PATTERN and not given else files:
            if name != "tee":
                by_line = name != "cat" or any(_by_line(each) for each in later)
                yield from _judged(script, word, function, name, by_line=by_line, parsed=_parsed(later))
    elif name in _LOADERS or name == "curl":
        yield from _loaded(script, words, function, name)


def _judged(script: Script, word: Token, function: int, how: str, *, by_line: bool, parsed: bool) -> Iterator[Read]:
    if by_line and parsed:
        yield Read(word, how, "high", "single lines are parsed as JSON")
    elif named(script.values.texts(word.text, function, word.line)):
        yield Read(word, how, "medium", "reads a file named for JSON lines")


def _by_line(command: Command) -> bool:
    """Whether a command takes its input line by line."""
    if command.kind == "loop":
        return any(part.name == "read" for pipeline in command.body for part in pipeline[:1])
    name = name_of(plain(command))
    if name in _JQ:
        return jq(command.words).has("R", "--raw-input") or jq(command.words).has("s", "--slurp")
    return name in LINE_FILTERS or name in ("read", "mapfile", "readarray", "xargs")


def _parsed(commands: Iterable[Command], *, inner: bool = False) -> bool:
    """Whether commands parse JSON; those in a loop also in what they substitute."""
    for command in commands:
        words = [word.text if inner else word.text.partition("$(")[0] for word in (*command.given, *command.words)]
        if any(map(_PARSE.search, words)):
            return True
        if any(_PARSE.search(each.sign.body) for each in command.redirects):
            return True
        if any(_parsed(pipeline, inner=True) for pipeline in command.body):
            return True
    return False


def _by_jq(script: Script, words: list[Token], function: int) -> Iterator[Read]:
    call = jq(words)
    lines = call.has("R", "--raw-input") and "fromjson" in call.filter
    several = call.has("s", "--slurp") or re.search(r"\binputs\b", call.filter)
    for word in call.files:
        texts = script.values.texts(word.text, function, word.line)
        if named(texts):
            yield Read(word, "jq", "high", "jq reads a file named for JSON lines")
        elif lines:
            yield Read(word, "jq", "high", "single lines are parsed as JSON")
        elif several and not any(each.text.endswith(".json") for each in texts):
            yield Read(word, "jq", "medium", "jq gathers the documents of one file")


def _loaded(script: Script, words: list[Token], function: int, name: str) -> Iterator[Read]:
    """Programs that load JSON lines from a file that an argument names."""
    for before, word in pairwise(words):
        text = word.text
        if found := _IN_CODE.search(text):
            text = found[1]
        elif name == "curl":
            sent = re.fullmatch(r"""(?:--[a-z-]+=)?["']?@(.*?)["']?""", text, re.DOTALL)
            if not sent and before.text not in ("-T", "--upload-file"):
                continue
            text = sent[1] if sent else text
        if not text.startswith("-") and named(script.values.texts(text, function, word.line)):
            yield Read(type(word)("word", text, word.line), name, "medium", f"{name} reads a file named for JSON lines")

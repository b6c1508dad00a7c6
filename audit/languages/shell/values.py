"""What the variables and words of a shell script hold: paths, with a hole where something varies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.languages.place import WIDTH, Text, best, tidy
from audit.languages.shell.commands import ASSIGNMENT, Command, Pipelines, parse
from audit.languages.shell.words import Piece, Token, pieces
from audit.python.pathtext import join, up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEPTH = 12
"""How many steps a value is followed."""
_DECLARES = frozenset({"local", "export", "declare", "readonly", "typeset"})
_KNOWN = {"HOME": "~", "PWD": ".", "OLDPWD": ".", "TMPDIR": "{tmp}", "GITHUB_WORKSPACE": ".", "CI_PROJECT_DIR": "."}
_SAME = frozenset({"realpath", "readlink", "echo", "printf", "cygpath", "wslpath"})


@dataclass(frozen=True, slots=True)
class Site:
    """A call of a function of the script.

    Args:
        command: The call.
        function: Number of the function that it stands in, 0 at the top level.
    """

    command: Command
    function: int


@dataclass(frozen=True, slots=True)
class Given:
    """A value given to a variable.

    Args:
        function: Number of the function in which this happens, 0 at the top level.
        line: Where.
        words: The words that it may be, as written; more than one in a loop over them.
    """

    function: int
    line: int
    words: tuple[str, ...]


@dataclass(eq=False, slots=True)
class Values:
    """The variables and functions of a script.

    Args:
        path: The script relative to the root.
        given: What variables are given, by name.
        functions: The names of the functions; a number is an index, and 0 the top level.
        bodies: The commands of the functions, by number.
        sites: The calls of functions, by name.
        outside: Values that the surroundings give to variables, such as ``env`` of a workflow.
    """

    path: str
    given: dict[str, list[Given]] = field(default_factory=dict)
    functions: list[str] = field(default_factory=lambda: [""])
    bodies: dict[int, Pipelines] = field(default_factory=dict)
    sites: dict[str, list[Site]] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)
    _active: set[tuple[str, int]] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)

    def learn(self, pipelines: Pipelines, function: int = 0) -> None:
        """Take in the assignments, functions and calls of some commands."""
        for command in (each for pipeline in pipelines for each in pipeline):
            inner = function
            if command.kind == "function" and command.words:
                inner = len(self.functions)
                self.functions.append(command.name)
                self._numbers.setdefault(command.name, inner)
                self.bodies[inner] = command.body
            elif command.kind == "loop" and command.words:
                words = tuple(word.text for word in command.words[1:] if word.text != "in")
                self._give(command.name, function, command.line, words)
            self.sites.setdefault(command.name, []).append(Site(command, function))
            for word in self._assignments(command):
                found = ASSIGNMENT.match(word.text)
                if found:
                    self._give(found[1], function, word.line, (word.text[found.end() :],))
            self.learn(command.body, inner)

    @staticmethod
    def _assignments(command: Command) -> Iterator[Token]:
        yield from command.given
        if command.name in _DECLARES:
            yield from command.words[1:]
        for word in command.words[1:] if command.name == ":" else ():
            for piece in pieces(word.text):
                if piece.kind == "variable" and piece.change.startswith((":=", "=")):
                    text = piece.text + "=" + piece.change.lstrip(":").removeprefix("=")
                    yield Token("word", text, word.line)

    def _give(self, name: str, function: int, line: int, words: tuple[str, ...]) -> None:
        self.given.setdefault(name, []).append(Given(function, line, words))

    def reaching(self, name: str, function: int, line: int) -> list[Given]:
        """The values of a variable at a line, the last one before it first."""
        found = self.given.get(name, [])
        own = [each for each in found if each.function == function]
        if function and not own:
            own = [each for each in found if not each.function] or found
            line = 1 << 40  # the function runs later
        before = [each for each in own if each.line <= line]
        return [*reversed(before), *(each for each in own if each.line > line)] or found

    def texts(self, word: str, function: int, line: int, site: Site | None = None, depth: int = 0) -> tuple[Text, ...]:
        """The paths that a word may mean, the best known first; never empty.

        Args:
            word: As written.
            function: Number of the function in which it stands.
            line: Where it stands.
            site: The call that gives the parameters of the function.
            depth: Steps taken so far.
        """
        key = (word, function)
        if depth > DEPTH or key in self._active:
            return (Text("{value}"),)
        self._active.add(key)
        try:
            result: tuple[Text, ...] = (Text(""),)
            for piece in pieces(word):
                if piece.kind == "text":
                    found: tuple[Text, ...] = (Text(piece.text),)
                elif piece.kind == "command":
                    found = self._substituted(piece, function, line, site, depth + 1)
                else:
                    found = self._variable(piece, function, line, site, depth + 1)
                result = tuple(Text(a.text + b.text, a.params | b.params) for a in result for b in found)[:WIDTH]
            return best(Text(tidy(each.text), each.params) for each in result)
        finally:
            self._active.discard(key)

    def _variable(self, piece: Piece, function: int, line: int, site: Site | None, depth: int) -> tuple[Text, ...]:
        name, change = piece.text, piece.change
        if name in ("0", "BASH_SOURCE"):
            found: list[Text] = [Text(self.path)]
        elif name.isdigit():
            found = self._position(int(name), function, site, depth)
        else:
            found = self._named(name, function, line, site, depth)
        if change.startswith((":-", "-", ":=", "=")):
            usual = self.texts(change.lstrip(":")[1:], function, line, site, depth)
            found = [*usual, *(each for each in found if each.text not in ("", f"{{${name}}}", f"{{{name}}}"))]
            return best(found)
        if change[:1] in ("%", "#", "/", "^", ",", ":"):
            return tuple(Text(_changed(each.text, change, name), each.params) for each in found)
        return best(found)

    def _named(self, name: str, function: int, line: int, site: Site | None, depth: int) -> list[Text]:
        found: list[Text] = []
        for given in self.reaching(name, function, line)[:WIDTH]:
            for word in given.words:
                for text in self.texts(word, given.function, given.line, site, depth):
                    own = re.fullmatch(r"\{\d+\}", text.text) and text.params
                    found.append(Text(f"{{{name}}}", text.params) if own else text)
        if name in self.outside:
            found += self.texts(self.outside[name], 0, line, None, depth)
        if not any(each.text for each in found):
            upper = name.upper() == name
            found = [Text(_KNOWN.get(name, f"{{${name}}}" if upper and name.isidentifier() else f"{{{_word(name)}}}"))]
        return found

    def _position(self, number: int, function: int, site: Site | None, depth: int) -> list[Text]:
        if site is not None and function:
            words = site.command.words
            if number < len(words):
                return list(self.texts(words[number].text, site.function, site.command.line, None, depth))
            return [Text("")]
        return [Text(f"{{{number}}}", frozenset({(function, str(number))} if function else ()))]

    def _substituted(self, piece: Piece, function: int, line: int, site: Site | None, depth: int) -> tuple[Text, ...]:
        pipelines = parse(piece.text, line)
        command = next((each for pipeline in pipelines for each in pipeline[:1]), None)
        if command is None:
            return (Text("{value}"),)
        args = [word.text for word in command.words[1:] if not word.text.startswith("-")]
        name = command.name
        if name == "cd" and args and len(pipelines) > 1:
            return self.texts(args[0], function, line, site, depth)
        if name == "dirname" and args:
            return tuple(Text(up(t.text, 1), t.params) for t in self.texts(args[0], function, line, site, depth))
        if name == "basename" and args:
            return tuple(
                Text(t.text.rpartition("/")[2], t.params) for t in self.texts(args[0], function, line, site, depth)
            )
        if name in _SAME and len(args) == 1:
            return self.texts(args[0], function, line, site, depth)
        if name == "find" and args:
            words = [word.text for word in command.words]
            pattern = words[words.index("-name") + 1] if "-name" in words[:-1] else "*"
            return tuple(
                Text(join(t.text, p.text), t.params)
                for t in self.texts(args[0], function, line, site, depth)
                for p in self.texts(pattern, function, line, site, depth)
            )
        plain = {"pwd": ".", "date": "{date}", "mktemp": "{tmp}"}.get(name)
        if name == "git" and "--show-toplevel" in command.words[-1].text:
            plain = "."
        return (Text(plain or f"{{{_word(name)}}}"),)

    def number(self, name: str) -> int:
        """The number of a function, 0 when the script has none of that name."""
        return self._numbers.get(name, 0)


def _word(name: str) -> str:
    name = name.rpartition("/")[2]
    return name if name.isidentifier() else "value"


def _changed(text: str, change: str, name: str) -> str:
    """A value cut as ``${name%.txt}`` and ``${name%/*}`` cut it; a hole for other changes."""
    pattern = change.lstrip("%#")
    if change.startswith("%") and pattern == "/*":
        return up(text, 1)
    if change.startswith("##") and pattern == "*/":
        return text.rpartition("/")[2]
    if change.startswith("%") and not re.search(r"[*?\[$]", pattern):
        return text.removesuffix(pattern.strip("\"'"))
    return text if change.startswith((":?", "?")) or "{" in text else f"{{{_word(name)}}}"

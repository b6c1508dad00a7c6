"""One source of JavaScript or TypeScript with all that its rules ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.finding import Evidence
from audit.languages.javascript.content import Contents
from audit.languages.javascript.program import read
from audit.languages.javascript.syntax import Node, Parser
from audit.languages.javascript.tokens import NAME, tokenize
from audit.languages.javascript.values import Values
from audit.languages.place import Place, Text, best, described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audit.languages.javascript.modules import Modules
    from audit.languages.javascript.scopes import Program

_LOCKS = frozenset("lock lockSync lockFile acquire runExclusive withLock flock flockSync".split())
MOST_CALLS = 2000
"""Calls of one name that are looked at in one source."""


@dataclass(eq=False, slots=True)
class Source:
    """A source, and what was found in it.

    Args:
        path: Relative to the root.
        text: The source.
        modules: The sources that it imports from.
    """

    path: str
    text: str
    modules: Modules
    program: Program = field(init=False)
    parser: Parser = field(init=False)
    values: Values = field(init=False)
    contents: Contents = field(init=False)
    places: list[Place] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the source."""
        self.program = read(tokenize(self.text))
        self.parser = Parser(self.program.tokens)
        self.values = Values(self.program, self.parser, self.path, self.modules)
        self.contents = Contents(self.values)

    def calls(self, *names: str) -> Iterator[Node]:
        """The calls of functions and methods of some names; definitions are left out."""
        tokens = self.program.tokens
        aliases = [
            (alias, name) for alias, (_, name) in self.program.imports.items() if name in names and alias != name
        ]
        for word, name in [*((name, name) for name in names), *aliases]:
            for at in self.program.called.get(word, ())[:MOST_CALLS]:
                node = self.parser.call(at)
                if word != name and node.kind == "call" and node.parts[0].kind == "name":
                    node.parts[0].name = name
                if node.kind not in ("call", "new") or self.program.scope(at).kind == "class":
                    continue
                typed = any(tokens.at(arg.end) not in (",", ")") for arg in node.args)
                if not typed and tokens.at(node.end) != "{" and tokens.at(self.parser.start(at) - 1) != "function":
                    yield node

    def frames(self, at: int) -> list[Mapping[tuple[int, str], Node]]:
        """What the call-sites of the functions around a token give to their parameters; empty without parameters."""
        scope = self.program.scope(at)
        found: list[Mapping[tuple[int, str], Node]] = []
        while scope.number:
            if scope.kind == "function" and scope.params:
                found += [self.values.bind(scope, site) for site in self.values.sites(scope)[:20]]
            scope = self.program.scopes[scope.outer]
        return found

    def letters(self, node: Node, at: int) -> str:
        """What an expression at a token writes, followed into the call-sites of its function when it is a parameter."""
        found = self.contents.letters(node, {})
        if "J" in found or "?" not in found:
            return found
        for frame in self.frames(at):
            given = self.contents.letters(node, frame)
            if "J" in given:
                return given
        return found

    def with_sites(self, texts: tuple[Text, ...], path: Node) -> tuple[Text, ...]:
        """Texts of a path together with what call-sites give."""
        given = [text for _, each in self._sites(texts, path) for text in each if not text.params]
        return tuple(dict.fromkeys([*texts, *given]))

    def add(
        self,
        node: Node,
        path: Node | tuple[Text, ...],
        kind: str,
        mechanism: str,
        mode: str,
        why: tuple[str, str, str],
        risks: tuple[Evidence, ...] = (),
    ) -> None:
        """Keep a place.

        Args:
            node: The call.
            path: What names the file.
            kind: ``writer`` or ``reader``.
            mechanism: Such as ``fs.appendFile``.
            mode: ``append``, ``truncate`` or ``read``.
            why: Confidence, rule and reason.
            risks: What may go wrong with its lines.
        """
        texts = self.values.texts(path, {}) if isinstance(path, Node) else best(path)
        sites = self._sites(texts, path) if isinstance(path, Node) else []
        if kind == "reader":
            texts = tuple(dict.fromkeys([*texts, *(text for _, each in sites for text in each)]))
        confidence, code, reason = why
        evidence = (Evidence(code, reason), *risks)
        line, title = self.program.tokens.line(node.at), self.program.title(node.at)
        function = self.program.function(node.at)
        locked = any(self.program.tokens.texts[at] in _LOCKS for at in self.words(function.start, function.end))
        lock = bool(function.number) and locked
        self.places.append(Place(line, kind, title, mechanism, mode, texts, confidence, evidence, lock))
        if kind == "reader":
            return
        for site, given in sites:
            reason = f"chooses the file for {self.path}:{line}"
            where = self.program.tokens.line(site.at), self.program.title(site.at)
            self.places.append(
                Place(
                    where[0], "call-site", where[1], "helper-call", mode, given, confidence, (Evidence("A104", reason),)
                )
            )

    def _sites(self, texts: tuple[Text, ...], path: Node) -> list[tuple[Node, tuple[Text, ...]]]:
        """The calls that choose the file, each with the texts that it gives."""
        functions = sorted({number for text in texts for number, _ in text.params})
        found = []
        for number in functions[:4]:
            scope = self.program.scopes[number]
            if scope.name in ("", "constructor"):
                continue
            for site in self.values.sites(scope):
                given = self.values.texts(path, self.values.bind(scope, site))
                if described(given)[1] in ("literal", "pattern"):
                    found.append((site, given))
        return found

    def words(self, start: int, end: int) -> Iterator[int]:
        """The names between two tokens."""
        tokens = self.program.tokens
        return (at for at in range(start, min(end, len(tokens))) if tokens.kinds[at] == NAME)

    def holder(self, node: Node) -> str:
        """The name or chain that a call's result is put in, an empty string without one."""
        tokens = self.program.tokens
        at = self.parser.start(node.at) - 1
        while tokens.at(at) in ("await", "(", "||", "??", "||=", "??=") or tokens.at(at) in ("new", ")"):
            at -= 1
        if tokens.at(at) not in ("=", "??=", "||="):
            return ""
        at -= 1
        for index in range(at, max(at - 20, 0), -1):
            if tokens.at(index) == ":" and tokens.kind(index - 1) == NAME:
                at = index - 1
                break
            if tokens.at(index) in (";", "{", "}", "const", "let", "var", "(", "=", "this"):
                break
        start = self.parser.start(at)
        return "".join(tokens.texts[start : at + 1])

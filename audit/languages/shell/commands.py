"""The commands of a shell script: pipelines, redirections, functions and loops."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from audit.languages.shell.words import Token, tokenize

DEEPEST = 16
"""How deep loops, groups and substitutions may be nested."""

ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\[[^\]]*\])?\+?=")
_OPENERS = {"if": "fi", "while": "done", "until": "done", "for": "done", "select": "done", "case": "esac", "{": "}"}
_INNER = frozenset({"then", "do", "else", "elif", "in"})
_CLOSERS = frozenset({"fi", "done", "esac", "}", ")", ";;", ";&", ";;&"})
_ENDS = frozenset({"\n", ";", "&", "&&", "||"})


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirection.

    Args:
        sign: The operator, such as ``>>``, ``<`` or ``<<<``; it holds the here-document.
        target: The word behind it; of a here-document the operator again.
    """

    sign: Token
    target: Token


@dataclass(eq=False, slots=True)
class Command:
    """A command, a group of commands, or a function.

    Args:
        line: Where it begins.
        kind: ``simple``, ``group``, ``loop`` or ``function``.
        words: Its words; of a loop those behind ``for``; of a function its name.
        given: Assignments before it, as words.
        redirects: Its redirections, in order.
        body: The pipelines in a group, a loop or a function.
    """

    line: int
    kind: str = "simple"
    words: list[Token] = field(default_factory=list)
    given: list[Token] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    body: list[list[Command]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The first word as written, empty without one."""
        return self.words[0].text if self.words else ""


Pipelines = list[list[Command]]


def parse(text: str, line: int = 1) -> Pipelines:
    """The pipelines of a script; anything is accepted.

    Args:
        text: The script.
        line: The line on which it begins.
    """
    reader = _Reader(tokenize(text, line))
    found: Pipelines = []
    while reader.at < len(reader.tokens):
        found += reader.pipelines(0)
        reader.at += 1  # a closing word without its partner
    return found


@dataclass(eq=False, slots=True)
class _Reader:
    tokens: list[Token]
    at: int = 0

    def _next(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def pipelines(self, depth: int) -> Pipelines:
        """The pipelines up to a word that closes what is around, which is left to be read."""
        found: Pipelines = []
        current: list[Command] = []
        while (token := self._next()) is not None:
            if token.kind == "control" and token.text in _ENDS:
                self.at += 1
                current = []
            elif token.kind == "control" and token.text in ("|", "|&"):
                self.at += 1
                while (token := self._next()) is not None and token.text == "\n":
                    self.at += 1
            elif token.text in _CLOSERS and token.kind != "redirect":
                break
            elif token.kind == "word" and (token.text in _INNER or token.text in ("!", "time")):
                self.at += 1
                current = []
            else:
                command = self.command(depth)
                if not current:
                    found.append(current)
                current.append(command)
        return found

    def command(self, depth: int) -> Command:
        token = self.tokens[self.at]
        if depth > DEEPEST:
            return self._simple()
        if token.kind == "control":  # an opening bracket
            return self._group("group", ")", depth)
        if token.kind == "word":
            if token.text in ("while", "until", "for", "select"):
                return self._loop(depth)
            if token.text == "case":
                return self._case(depth)
            if token.text in _OPENERS:
                return self._group("group", _OPENERS[token.text], depth)
            if token.text == "function" or self._texts(1, 2) == ["(", ")"]:
                return self._function(depth)
        return self._simple()

    def _texts(self, start: int, count: int) -> list[str]:
        return [each.text for each in self.tokens[self.at + start : self.at + start + count]]

    def _group(self, kind: str, closer: str, depth: int) -> Command:
        made = Command(self.tokens[self.at].line, kind)
        self.at += 1
        self._body(made, closer, depth)
        return made

    def _body(self, made: Command, closer: str, depth: int) -> None:
        made.body = self.pipelines(depth + 1)
        token = self._next()
        if token is not None and token.text == closer:
            self.at += 1
            self._redirects(made)

    def _loop(self, depth: int) -> Command:
        made = Command(self.tokens[self.at].line, "loop")
        counted = self.tokens[self.at].text in ("for", "select")
        self.at += 1
        if counted:
            while (token := self._next()) is not None and token.text not in (";", "\n", "do"):
                made.words.append(token)
                self.at += 1
        self._body(made, "done", depth)
        return made

    def _case(self, depth: int) -> Command:
        """A choice: its patterns are passed over, its commands are a group."""
        made = Command(self.tokens[self.at].line, "group")
        while (token := self._next()) is not None and token.text != "in":
            self.at += 1
        self.at += 1
        while (token := self._next()) is not None and token.text != "esac":
            self._pattern()
            made.body += self.pipelines(depth + 1)
            token = self._next()
            if token is not None and token.text != "esac":
                self.at += 1  # a closing word without its partner
        self.at += 1
        self._redirects(made)
        return made

    def _pattern(self) -> None:
        for index in range(self.at, min(self.at + 60, len(self.tokens))):
            if self.tokens[index].text == ")":
                self.at = index + 1
                return
            if self.tokens[index].text in ("esac", ";;"):
                return

    def _function(self, depth: int) -> Command:
        made = Command(self.tokens[self.at].line, "function")
        if self.tokens[self.at].text == "function":
            self.at += 1
        while (token := self._next()) is not None and token.text not in ("{", "if", "while", "for", "case"):
            if token.kind == "control" and token.text not in ("(", ")", "\n"):
                return made
            made.words += [token] * (token.kind == "word")
            self.at += 1
            if len(made.words) > 1:
                return made
        if self._next() is not None:
            inner = self.command(depth + 1)
            made.body, made.redirects = [[inner]], []
        return made

    def _simple(self) -> Command:
        made = Command(self.tokens[self.at].line)
        first = self.at
        while (token := self._next()) is not None:
            if token.kind == "control":
                if token.text in ("(", ")") and self.at == first:
                    self.at += 1
                break
            if token.kind == "redirect":
                self._redirect(made, token)
                continue
            given = not made.words and ASSIGNMENT.match(token.text)
            (made.given if given else made.words).append(token)
            self.at += 1
        return made

    def _redirects(self, made: Command) -> None:
        while (token := self._next()) is not None and token.kind == "redirect":
            self._redirect(made, token)

    def _redirect(self, made: Command, token: Token) -> None:
        self.at += 1
        if token.text in ("<<", "<<-"):
            made.redirects.append(Redirect(token, token))
        elif (word := self._next()) is not None and word.kind == "word":
            made.redirects.append(Redirect(token, word))
            self.at += 1

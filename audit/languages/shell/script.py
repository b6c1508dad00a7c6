"""One shell script: every redirection, and every command that names a file, judged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from audit.finding import Evidence
from audit.languages.place import Place, Text, described, named
from audit.languages.shape import content_verdict, letters, write_risks
from audit.languages.shell.commands import Command, Pipelines, parse
from audit.languages.shell.content import Contents, leaves, name_of, plain
from audit.languages.shell.reading import read
from audit.languages.shell.values import Site, Values
from audit.languages.shell.words import Token, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WRITER, READER, SITE = "A101", "A201", "A104"
_NOWHERE = re.compile(r"/dev/|&|\d+$|-$")
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh", "eval", "su", "ssh", "parallel", "watch"})
_COPIERS = frozenset({"gzip", "bzip2", "xz", "zstd", "pigz", "lz4", "base64", "tar", "gpg", "openssl"})
DEPTH = 8
"""How deep scripts in substitutions and arguments are followed."""


@dataclass(eq=False, slots=True)
class Script:
    """A script in the making of its places.

    Args:
        path: Relative to the root.
        outside: Values that the surroundings give to variables.
    """

    path: str
    outside: Mapping[str, str] = field(default_factory=dict)
    values: Values = field(init=False)
    contents: Contents = field(init=False)
    places: list[Place] = field(default_factory=list)
    handles: dict[str, tuple[Token, int, str, list[str]]] = field(default_factory=dict)
    _moved: dict[str, str] = field(default_factory=dict)
    _locked: bool = False

    def __post_init__(self) -> None:
        """Begin without variables."""
        self.values = Values(self.path, outside=self.outside)
        self.contents = Contents(self.values)

    def read(self, text: str) -> list[Place]:
        """The places of the script.

        Args:
            text: The source.
        """
        pipelines = parse(text)
        self.values.learn(pipelines)
        self._locked = bool(self.values.sites.get("flock"))
        for site in self.values.sites.get("mv", ()):
            args = [word.text for word in site.command.words[1:] if not word.text.startswith("-")]
            if len(args) == 2:
                self._moved[args[0]] = args[1]
        self.run(pipelines, 0, 0)
        for target, function, mode, shapes in self.handles.values():
            self._written(target, function, mode, "".join(shapes), "exec")
        return self.places

    def run(self, pipelines: Pipelines, function: int, depth: int) -> None:
        """Judge some commands and all that is in them."""
        for pipeline in pipelines if depth < DEPTH else ():
            flow = "\x02\n"
            for index, command in enumerate(pipeline):
                inner = self.values.number(command.name) if command.kind == "function" else function
                given, flow = flow, self.contents.output(command, function, flow)
                self._writes(command, function, flow, given)
                found = read(self, command, pipeline[index + 1 :], function)
                for each in found:
                    self._add(each.word, function, "reader", each.how, "read", (each.confidence, READER, each.reason))
                self.run(command.body, inner, depth)
                for script, line in self._scripts(command):
                    self.run(parse(script, line), function, depth + 1)

    def _scripts(self, command: Command) -> Iterator[tuple[str, int]]:
        """The scripts in substitutions, and those given to another shell, each with its line."""
        words = plain(command)
        for word in (*command.given, *command.words, *(each.target for each in command.redirects)):
            if word.text.startswith(("<(", ">(")):
                yield word.text[2:].removesuffix(")"), word.line
            elif "$(" in word.text or "`" in word.text:
                for piece in pieces(word.text):
                    if piece.kind == "command":
                        yield piece.text, word.line + word.text.count("\n", 0, piece.place)
        shell = name_of(words) in _SHELLS or any(name_of([word]) in ("bash", "sh") for word in words[:6])
        for before, word in pairwise(words):
            if (before.text in ("-c", "-lc", "-ec", "-euc") and shell) or (name_of(words) == "eval"):
                yield (
                    "".join(
                        piece.text if piece.kind == "text" else f"${{{piece.text}}}" for piece in pieces(word.text)
                    ),
                    word.line,
                )
        for word in words[2:] if name_of(words) == "ssh" else ():
            if " " in word.text:
                yield "".join(piece.text for piece in pieces(word.text)), word.line
        for each in command.redirects:
            if each.sign.body and shell:
                yield each.sign.body, each.sign.body_line

    def _writes(self, command: Command, function: int, printed: str, given: str) -> None:
        name = name_of(plain(command))
        for redirect in command.redirects:
            target, sign = redirect.target, redirect.sign
            if sign.text == ">&" and (handle := self.handles.get(target.text)):
                handle[3].append(printed)
            if sign.text not in (">", ">>", ">|") or _NOWHERE.match(target.text):
                continue
            mode = "append" if sign.text == ">>" else "truncate"
            if command.name == "exec" and len(command.words) == 1:
                self.handles[sign.fd or "1"] = (target, function, mode, [])
            elif leaves(redirect) and name not in _COPIERS:
                self._written(target, function, mode, printed, "redirect")
        if name in ("tee", "sponge"):
            mode = (
                "append" if any(re.fullmatch(r"-\w*a\w*|--append", word.text) for word in command.words) else "truncate"
            )
            for word in plain(command)[1:]:
                if not word.text.startswith(("-", ">(")) and not _NOWHERE.match(word.text):
                    self._written(word, function, mode, given, name)

    def _written(self, target: Token, function: int, mode: str, printed: str, how: str) -> None:
        moved = self._moved.get(target.text, "")
        texts = self.values.texts(moved or target.text, function, target.line)
        found = letters(printed)
        verdict = content_verdict(
            found, mode, promised=named(texts) or self._sites_promise(texts, target, function), loop=how == "exec"
        )
        if not printed or verdict is None:
            return
        word = replace(target, text=moved) if moved else target
        self._add(word, function, "writer", how, mode, (verdict[0], WRITER, verdict[1]), write_risks([found]))

    def _sites_promise(self, texts: tuple[Text, ...], target: Token, function: int) -> bool:
        return any(named(given) for _, given in self._sites(texts, target, function))

    def _add(
        self,
        word: Token,
        function: int,
        kind: str,
        how: str,
        mode: str,
        why: tuple[str, str, str],
        risks: tuple[Evidence, ...] = (),
    ) -> None:
        texts = self.values.texts(word.text, function, word.line)
        sites = self._sites(texts, word, function)
        if kind == "reader":
            texts = tuple(dict.fromkeys([*texts, *(text for _, each in sites for text in each)]))
        title = self.values.functions[function]
        evidence = (Evidence(why[1], why[2]), *risks)
        self.places.append(Place(word.line, kind, title, how, mode, texts, why[0], evidence, self._locked))
        reason = Evidence(SITE, f"chooses the file for {self.path}:{word.line}")
        for site, given in sites if kind == "writer" else ():
            title = self.values.functions[site.function]
            self.places.append(
                Place(site.command.line, "call-site", title, "helper-call", mode, given, why[0], (reason,))
            )

    def _sites(self, texts: tuple[Text, ...], word: Token, function: int) -> list[tuple[Site, tuple[Text, ...]]]:
        """The calls that choose the file, each with what it gives."""
        if not any(number == function for text in texts for number, _ in text.params):
            return []
        found = []
        for site in self.values.sites.get(self.values.functions[function], ())[:50]:
            if site.command.kind == "simple":
                given = self.values.texts(word.text, function, word.line, site)
                if described(given)[1] in ("literal", "pattern"):
                    found.append((site, given))
        return found

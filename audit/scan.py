"""The audit of Python sources: every opening judged, every helper followed to its call-sites."""

from __future__ import annotations

import ast
import hashlib
import itertools
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit.calls import call_sites
from audit.context import contexts, locked
from audit.finding import Evidence, Finding, Unparsed
from audit.frame import Frame
from audit.handle import Opening, Use, goes_by_line, openings
from audit.resolve import Resolver
from audit.rules import json_log_handler, line_library, lines_read, lines_written
from audit.syntax import tolerant
from audit.walk import LINE_SUFFIXES, is_test

if TYPE_CHECKING:
    from audit.module import Module, Scope
    from audit.pathtext import Text
    from audit.project import Project

OPENS = ("open(", "_text(", "_bytes(", "Handler(", "GzipFile(", "BZ2File(", "LZMAFile(", "_ndjson(", "lines=True")
"""What a call that opens a file has in its text."""
HOPES = (
    "'a",
    '"a',
    "'w",
    '"w',
    "'x",
    '"x',
    "mode",
    "write",
    "line",
    "loads",
    "jsonl",
    "ndjson",
    "split",
    "Handler",
    "File(",
    "_json",
)
"""What a function that writes, or that reads by line, has in its text."""
SERIALISED = ("dumps(", "loads(", "jsonl", "ndjson", "to_json", "_json", "Json", "JSON", "json_")
"""What a file that handles JSON lines has in its text, apart from ``json.dump`` and a newline."""


@dataclass(eq=False, slots=True)
class Scan:
    """Findings of one project, in the making.

    Args:
        project: The sources.
    """

    project: Project
    findings: list[Finding] = field(default_factory=list)
    unparsed: list[Unparsed] = field(default_factory=list)
    resolver: Resolver = field(init=False)
    _done: set[tuple[Scope, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Make the resolver."""
        self.resolver = Resolver(self.project)

    def file(self, path: str) -> None:
        """Judge every opening of a file. Nothing that the source holds makes this raise.

        Args:
            path: Relative to the root, one of the project's sources.
        """
        text = self.project.sources[path]
        if not _promising(text):
            return
        module = self.project.module(path)
        broken = module is None
        if module is None:
            tree = tolerant(text)
            if tree is None:
                return
            module = self.project.adopt(path, tree)
        try:
            before = len(self.findings)
            self.resolver.forget()
            for scope in self._opening_scopes(module):
                self._scope(scope)
            if len(self.findings) == before:
                self.project.drop(path)
            if broken:
                self.findings[before:] = [replace(f, confidence="low") for f in self.findings[before:]]
        except Exception as error:  # noqa: BLE001 - a rule that fails is a finding, and the scan goes on
            self.unparsed.append(Unparsed(path, 0, "A402", f"{type(error).__name__}: {error}"))

    def _opening_scopes(self, module: Module) -> list[Scope]:
        text = module.text
        places: list[int] = []
        for word in OPENS:
            at = text.find(word)
            while at >= 0:
                places.append(at)
                at = text.find(word, at + 1)
        scopes: dict[Scope, None] = {}
        at, line = 0, 1
        for place in sorted(places):
            line += text.count("\n", at, place)
            at = place
            scopes[module.scope_at(line)] = None
        lines = text.split("\n")
        return [scope for scope in scopes if _hopeful(scope, lines)]

    def _scope(self, scope: Scope) -> None:
        for opening in openings(scope, self.resolver):
            named = self._named(opening.path, scope)
            if opening.mode == "read":
                verdict = lines_read.check(opening, self.resolver, named=named)
                if verdict is None and goes_by_line(opening) and self._given_named(opening):
                    verdict = "medium", "is given files named for JSON lines and goes through their lines"
                if verdict:
                    self._add(opening, "reader", verdict[0], [Evidence(lines_read.CODE, verdict[1])])
                continue
            judged = lines_written.check(opening, self.resolver, named=named)
            if judged:
                reasons = [Evidence(lines_written.CODE, judged[2]), *_write_risks(judged[1])]
                self._add(opening, "writer", judged[0], reasons)
        for node in scope.nodes:
            if isinstance(node, ast.Call):
                self._library(node, scope)

    def _library(self, node: ast.Call, scope: Scope) -> None:
        handled = line_library.check(node)
        if handled:
            path, mode = handled
            kind = "reader" if mode == "read" else "writer"
            self._add(
                Opening(node, scope, path, mode, "library"),
                kind,
                "high",
                [Evidence(line_library.CODE, "a JSON lines library call")],
            )
        handler = json_log_handler.path_of(node)
        if handler is not None:
            named = self._named(handler, scope)
            formatted = json_log_handler.is_json(node, scope, self.resolver)
            if named or formatted:
                why = "its formatter writes JSON" if formatted else "its file is named for JSON lines"
                opening = Opening(node, scope, handler, "append", "logging-handler")
                self._add(opening, "writer", "high" if formatted else "medium", [Evidence(json_log_handler.CODE, why)])

    def _named(self, path: ast.expr, scope: Scope) -> bool:
        texts = self.resolver.texts(path, Frame(scope))
        return any(text.text.lower().endswith(LINE_SUFFIXES) for text in texts) or any(
            "jsonl" in name or "ndjson" in name for name in re.findall(r"\{(\w+)\}$", texts[0].text.lower())
        )

    def _given_named(self, opening: Opening) -> bool:
        """Whether a call-site gives the opening a file that is named for JSON lines."""
        texts = self.resolver.texts(opening.path, Frame(opening.scope))
        if opening.scope not in {scope for text in texts for scope, _ in text.params}:
            return False
        return any(
            text.text.lower().endswith(LINE_SUFFIXES)
            for site in call_sites(opening.scope, self.resolver)
            for text in self.resolver.texts(opening.path, Frame(opening.scope, site.args))
        )

    def _add(self, opening: Opening, kind: str, confidence: str, evidence: list[Evidence]) -> None:
        if kind == "writer":
            opening = replace(opening, path=_final_path(opening))
        texts = self.resolver.texts(opening.path, Frame(opening.scope))
        sites = self._sites(opening, texts, kind)
        if kind == "reader":
            texts = tuple(dict.fromkeys([*texts, *(t for _, _, given in sites for t in given)]))
            sites = []
        self._finding(opening.call, opening.scope, kind, opening, texts, confidence, evidence)
        for call, frame, chosen in sites:
            why = [Evidence("A104", f"chooses the file for {opening.scope.module.path}:{opening.call.lineno}")]
            self._finding(call, frame.scope, "call-site", opening, chosen, confidence, why)

    def _sites(
        self, opening: Opening, texts: tuple[Text, ...], kind: str
    ) -> list[tuple[ast.Call, Frame, tuple[Text, ...]]]:
        found: list[tuple[ast.Call, Frame, tuple[Text, ...]]] = []
        functions = dict.fromkeys(scope for text in texts for scope, _ in sorted(text.params, key=lambda p: p[1]))
        for scope in functions:
            key = (scope, kind)
            if key in self._done or scope.name.endswith("__init__"):
                continue
            self._done.add(key)
            for site in call_sites(scope, self.resolver):
                own = scope is opening.scope
                chosen = self.resolver.texts(opening.path, Frame(scope, site.args)) if own else texts
                if kind == "writer" or described(chosen)[1] in ("literal", "pattern"):
                    found.append((site.call, site.frame, chosen))
        return found

    def _finding(
        self,
        call: ast.Call,
        scope: Scope,
        kind: str,
        opening: Opening,
        texts: tuple[Text, ...],
        confidence: str,
        evidence: list[Evidence],
    ) -> None:
        target, sort = described(texts)
        path = scope.module.path
        mechanism = "helper-call" if kind == "call-site" else opening.mechanism
        seed = f"{path}|{scope.name}|{kind}|{mechanism}|{target}"
        count = sum(1 for each in self.findings if each.id.startswith(hashlib.sha256(seed.encode()).hexdigest()[:10]))
        self.findings.append(
            Finding(
                id=hashlib.sha256(seed.encode()).hexdigest()[:10] + (f"-{count + 1}" if count else ""),
                path=path,
                line=call.lineno,
                kind=kind,
                function=scope.name,
                language="python",
                mechanism=mechanism,
                mode=opening.mode,
                target=target,
                target_kind=sort,
                alternatives=tuple(text.text for text in texts),
                lock=locked(opening.call, opening.scope),
                context=contexts(opening.scope, self.project),
                test=is_test(path),
                confidence=confidence,
                evidence=tuple(evidence),
            )
        )


def _hopeful(scope: Scope, lines: list[str]) -> bool:
    """Whether the text of a function can write anything, or read line by line."""
    if isinstance(scope.node, ast.Module):
        return True
    own = "\n".join(lines[scope.node.lineno - 1 : scope.node.end_lineno])
    return any(word in own for word in HOPES)


def _final_path(opening: Opening) -> ast.expr:
    """The file that takes the place of another when the one that is opened is renamed to it afterwards."""
    if not isinstance(opening.path, ast.Name) or opening.mode != "truncate":
        return opening.path
    for node in opening.scope.nodes:
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.lineno > opening.call.lineno
        ):
            continue
        if node.func.attr not in ("replace", "rename", "move"):
            continue
        names = [getattr(each, "id", "") for each in (node.func.value, *node.args[:1])]
        if names[0] == opening.path.id and len(node.args) == 1:
            return node.args[0]
        if len(node.args) == 2 and names[1] == opening.path.id:
            return node.args[1]
    return opening.path


def _promising(text: str) -> bool:
    if not any(word in text for word in OPENS):
        return False
    if any(word in text for word in SERIALISED):
        return True
    return "\\n" in text and ("dump(" in text or '{"' in text)


def described(texts: tuple[Text, ...]) -> tuple[str, str]:
    """The target to show for some texts, and its kind."""
    first = texts[0]
    solid = re.sub(r"\{[^}]*\}|\*", "", first.text)
    if not solid.strip("/. "):
        return first.text, "parameter" if first.params else "unknown"
    return first.text, "pattern" if "{" in first.text or "*" in first.text else "literal"


def _write_risks(uses: list[Use]) -> list[Evidence]:
    letters = [use.letters for use in uses]
    if any(a.endswith("J") and b.startswith("N") for a, b in itertools.pairwise(letters)):
        return [Evidence("A304", "the record and its newline are written by two calls")]
    if letters and "N" not in "".join(letters) and "J" in "".join(letters):
        return [Evidence("A305", "no newline is written between documents")]
    return []

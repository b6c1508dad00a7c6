"""The audit of Python sources: every opening judged, every helper followed to its call-sites."""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit.finding import Evidence, Finding, Unparsed
from audit.python.context import contexts, locked
from audit.python.destination import by_constructor, described, final_path, ranked
from audit.python.frame import Frame
from audit.python.judge import Verdict, judge, named
from audit.python.opening import Opening, openings
from audit.python.pathtext import solid
from audit.python.resolve import Resolver
from audit.rules import json_log_handler, line_library, unresolved
from audit.syntax import tolerant
from audit.walk import is_test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.python.calls import CallSite
    from audit.python.frame import Arg
    from audit.python.module import Module, Scope
    from audit.python.pathtext import Text
    from audit.python.project import Project

OPENS = (
    "open(", "opener(", "_file(", "File(", "FileType(", "_text(", "_bytes(", "Handler(", "Handler)", "_ndjson(",
    "jsonl(", "lines=True", "basicConfig(", "dictConfig(", "serialize=True", "fileinput.", "load_dataset(", "to_json(",
)  # fmt: skip
"""What a call that opens a file has in its text."""
SERIALISED = (
    "dumps(", "loads(", "jsonl", "ndjson", "to_json", "_json", "Json", "JSON", "json_", ".json(", "msgspec",
    "serialize", "json.decode", "json.encode", "json.lines", "dumps as ", "loads as ", "dumps,", "loads,",
    "import dumps", "import loads",
)  # fmt: skip
"""What a file that handles JSON lines has in its text, apart from ``json.dump`` and a newline."""
HANDLERS = re.compile(r"^[ \t]*class (\w+)\([^)\n]*Handler\b", re.MULTILINE)
"""Classes that may be logging handlers."""
GIVES = re.compile(r"\b(?:return|yield)\b[^\n]*open\(|\bwrite\([^\n]*\\n")
"""What a file has in its text that opens files for others, or writes lines for them."""


MOST_CALLERS = 20
"""How many callers of a function that passes a path on are asked for it."""


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
    _done: set[tuple[ast.Call, str]] = field(default_factory=set)
    _firsts: list[tuple[Opening, Verdict]] = field(default_factory=list)

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
            self._add_firsts(self.findings[before:])
            if len(self.findings) == before:
                self.project.drop(path)
            if broken:
                self.findings[before:] = [replace(f, confidence="low") for f in self.findings[before:]]
        except Exception as error:  # noqa: BLE001 - a rule that fails is a finding, and the scan goes on
            self.unparsed.append(Unparsed(path, 0, "A402", f"{type(error).__name__}: {error}"))

    def _opening_scopes(self, module: Module) -> list[Scope]:
        text = module.text
        places: list[int] = []
        handlers = [f"{name}(" for name in HANDLERS.findall(text)]
        for word in (*OPENS, *handlers):
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
        return list(scopes)

    def _scope(self, scope: Scope) -> None:
        for opening in openings(scope, self.resolver):
            verdict = judge(opening, self.resolver)
            if verdict is not None and verdict.kind == "first":
                self._firsts.append((opening, verdict))
            elif verdict is not None:
                self._add(replace(opening, mode=verdict.mode), verdict)
        for node in scope.nodes:
            if isinstance(node, ast.Call):
                self._library(node, scope)

    def _add_firsts(self, findings: list[Finding]) -> None:
        """Openings that count as writers when the same class, or module, appends JSON lines to their file."""
        appended = {(f.function.rpartition(".")[0], f.target) for f in findings if f.mode == "append"}
        for opening, verdict in self._firsts:
            target, sort = described(ranked(self.resolver.texts(opening.path, Frame(opening.scope)), []))
            homes = {opening.scope.name.rpartition(".")[0]} if sort == "parameter" else {home for home, _ in appended}
            if any((home, target) in appended for home in homes):
                self._add(opening, replace(verdict, kind="writer"))
        self._firsts.clear()

    def _library(self, node: ast.Call, scope: Scope) -> None:
        handled = line_library.check(node, scope, self.resolver)
        if handled:
            path, mode = handled
            kind = "reader" if mode == "read" else "writer"
            reason = Evidence(line_library.CODE, "a JSON lines library call")
            self._add(Opening(node, scope, path, mode, "library"), Verdict(kind, mode, "high", (reason,)))
        for call, path, sure, why in json_log_handler.check(node, scope, self.resolver):
            opening = Opening(call, scope, path, "append", "logging-handler")
            if sure or named(opening, self.resolver):
                reason = Evidence(json_log_handler.CODE, why if sure else "its file is named for JSON lines")
                self._add(opening, Verdict("writer", "append", "high" if sure else "medium", (reason,)))
            else:
                reason = Evidence(json_log_handler.CODE, "it writes text to a file that JSON lines are appended to")
                self._firsts.append((opening, Verdict("first", "append", "medium", (reason,))))

    def _add(self, opening: Opening, verdict: Verdict) -> None:
        writes = verdict.kind == "writer"
        if writes:
            opening = replace(opening, path=final_path(opening))
        texts = self.resolver.texts(opening.path, Frame(opening.scope))
        sites = self._sites(opening, texts, verdict)
        made = [] if described(texts)[1] == "literal" else by_constructor(opening.path, opening.scope, self.resolver)
        made += [text for _, given in sites for text in given if not writes or solid(text.text)]
        if not writes:
            sites = []
        texts = ranked(texts, made)
        self._finding(opening.call, opening.scope, opening, texts, verdict)
        for site, chosen in sites:
            why = Evidence("A104", f"chooses the file for {opening.scope.module.path}:{opening.call.lineno}")
            chooses = replace(verdict, kind="call-site", evidence=(why,))
            args = site.args if site.target is opening.scope else {}
            self._finding(site.call, site.frame.scope, opening, chosen, chooses, args)

    def _sites(
        self, opening: Opening, texts: tuple[Text, ...], verdict: Verdict
    ) -> list[tuple[CallSite, tuple[Text, ...]]]:
        found: list[tuple[CallSite, tuple[Text, ...]]] = []
        functions = dict.fromkeys(scope for text in texts for scope, _ in sorted(text.params, key=lambda p: p[1]))
        for scope in functions:
            if scope.name.endswith("__init__"):
                continue
            own = scope is opening.scope
            for site in verdict.sites if verdict.sites is not None and own else self.resolver.sites(scope):
                if (site.call, verdict.kind) in self._done:
                    continue
                self._done.add((site.call, verdict.kind))
                chosen = self._chosen(opening, site) if own else texts
                if verdict.kind == "writer" or described(chosen)[1] in ("literal", "pattern"):
                    found.append((site, chosen))
        return found

    def _chosen(self, opening: Opening, site: CallSite) -> tuple[Text, ...]:
        """The files that a call-site chooses; when its own function passes them on, those of its callers as well."""
        chosen = self.resolver.texts(opening.path, Frame(opening.scope, site.args))
        if described(chosen)[1] != "parameter":
            return chosen
        outer = site.frame.scope
        above: list[Text] = []
        for each in self.resolver.sites(outer)[:MOST_CALLERS]:
            args = {name: (value, Frame(outer, each.args)) for name, (value, _) in site.args.items()}
            above += [t for t in self.resolver.texts(opening.path, Frame(opening.scope, args)) if not t.params]
        return tuple(dict.fromkeys([*chosen, *above]))

    def _finding(
        self,
        call: ast.Call,
        scope: Scope,
        opening: Opening,
        texts: tuple[Text, ...],
        verdict: Verdict,
        args: Mapping[str, Arg] | None = None,
    ) -> None:
        target, sort = described(texts)
        kind = verdict.kind
        reasons = self._reasons(sort, texts[0], opening.path, Frame(opening.scope, args or {}))
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
                confidence=verdict.confidence,
                evidence=(*verdict.evidence, *reasons),
            )
        )

    def _reasons(self, sort: str, text: Text, path: ast.expr, frame: Frame) -> list[Evidence]:
        """Why a file is not known; nothing when it is."""
        if sort == "parameter":
            return [Evidence(unresolved.CODE, unresolved.given_by(text))]
        if sort == "unknown":
            return [Evidence(unresolved.CODE, unresolved.why(path, frame, self.resolver))]
        return []


def _promising(text: str) -> bool:
    if not any(word in text for word in OPENS):
        return False
    if any(word in text for word in SERIALISED):
        return True
    if "\\n" in text and ("dump(" in text or '{"' in text):
        return True
    return GIVES.search(text) is not None

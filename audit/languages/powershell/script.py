"""One PowerShell script: every command and call that writes or reads a file, judged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.finding import Evidence
from audit.languages.place import Place, Text, described, named
from audit.languages.powershell.values import Call, Function, Span, Values
from audit.languages.powershell.words import tokenize
from audit.languages.shape import UNKNOWN, content_verdict, letters

if TYPE_CHECKING:
    from audit.languages.powershell.words import Tokens

WRITER, READER, SITE = "A101", "A201", "A104"
_WRITERS = {
    "add-content": "append",
    "ac": "append",
    "set-content": "truncate",
    "sc": "truncate",
    "out-file": "truncate",
}
_STATIC = {
    "appendalltext": "append",
    "appendalllines": "append",
    "writealltext": "truncate",
    "writealllines": "truncate",
}
_OPENERS = {"appendtext": "append", "createtext": "truncate"}
_READERS = frozenset({"get-content", "gc", "cat", "type"})
_READ = frozenset({"readlines", "readalllines", "readalltext", "opentext"})
_PATH = ("-path", "-literalpath", "-filepath")
_EACH = frozenset({"foreach-object", "%", "foreach"})


@dataclass(eq=False, slots=True)
class Script:
    """A script in the making of its places.

    Args:
        path: Relative to the root.
        text: The source.
    """

    path: str
    text: str
    tokens: Tokens = field(init=False)
    values: Values = field(init=False)
    places: list[Place] = field(default_factory=list)
    _owner: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the source: its functions first, then what its variables are given."""
        self.tokens = tokenize(self.text)
        self.values = Values(self.path, self.tokens)
        end = len(self.tokens.all)
        self.values.functions.append(Function("", (0, end)))
        self._owner = [0] * (end + 1)
        for at in range(end):
            if self.tokens.text(at).lower() in ("function", "filter"):
                self._function(at)
        for at in range(end):
            self._assignment(at)

    def _function(self, at: int) -> None:
        tokens = self.tokens
        opening = at + 2
        params: list[str] = []
        if tokens.text(opening) == "(":
            params = self._params(opening)
            opening = tokens.after(opening)
        while tokens.text(opening) == "\n":
            opening += 1
        if tokens.text(opening) != "{" or tokens.pairs[opening] < 0:
            return
        end = tokens.pairs[opening]
        for index in range(opening, min(opening + 40, end)):
            if tokens.text(index).lower() == "param" and tokens.text(index + 1) == "(":
                params = self._params(index + 1)
                break
        self.values.functions.append(Function(tokens.text(at + 1), (opening + 1, end), params))
        number = len(self.values.functions) - 1
        self._owner[opening:end] = [number] * (end - opening)

    def _params(self, opening: int) -> list[str]:
        tokens = self.tokens
        found = []
        for start, end in tokens.split(opening + 1, tokens.after(opening) - 1, (",",)):
            at = start
            while at < end and tokens.all[at].kind != "variable":
                at = tokens.after(at)
            if at < end:
                found.append(tokens.all[at].text)
        return found

    def _assignment(self, at: int) -> None:
        """Keep ``$name = value``, ``$this.name = value`` and the entries of ``$name = @{ … }``."""
        tokens, token = self.tokens, self.tokens.all[at]
        if token.kind != "variable":
            return
        name, sign = token.text, at + 1
        if tokens.text(sign).startswith("."):
            name, sign = name + tokens.text(sign).lower(), sign + 1
        if tokens.text(sign) not in ("=", "+="):
            return
        name = re.sub(r"^(?:script|global|local|private):", "", name)
        end = sign + 1
        while end < len(tokens.all) and tokens.text(end) not in ("\n", ";", ")", "}", ","):
            end = tokens.after(end)
        self.values.given.setdefault(name, []).append((self._owner[at], (sign + 1, end)))
        if tokens.text(sign + 1) == "@{":
            for start, stop in tokens.statements(sign + 2, tokens.after(sign + 1) - 1):
                if tokens.text(start + 1) == "=":
                    key = f"{name}.{tokens.all[start].text.lower()}"
                    self.values.given.setdefault(key, []).append((self._owner[at], (start + 2, stop)))

    def read(self) -> list[Place]:
        """The places of the script."""
        self._block((0, len(self.tokens.all)))
        for at in range(len(self.tokens.all)):
            if self.tokens.text(at) == "::" and self.tokens.text(at + 2) == "(":
                self._static(at)
            elif self.tokens.text(at).lower() == "new-object":
                self._new_object(at)
        return self.places

    def _block(self, span: Span) -> None:
        tokens = self.tokens
        for statement in tokens.statements(*span):
            self._statement(statement)
            at = statement[0]
            while at < statement[1]:
                if tokens.pairs[at] > at:
                    self._block((at + 1, tokens.pairs[at]))
                at = tokens.after(at)

    def _statement(self, span: Span) -> None:
        tokens = self.tokens
        at = span[0]
        if tokens.all[at].kind == "variable" or tokens.text(at) == "[":
            while at < span[1] and tokens.text(at) not in ("=", "+="):
                at = tokens.after(at)
            at = at + 1 if at < span[1] else span[0]
        if tokens.text(at).lower() in ("return", "$null"):
            at += 1
        stages = tokens.split(at, span[1], ("|",))
        for index, stage in enumerate(stages):
            before = (stages[0][0], stage[0] - 1) if index else None
            self._stage(stage, before, (stage[1], span[1]))
        self._redirected(at, span[1])

    def _stage(self, stage: Span, before: Span | None, behind: Span) -> None:
        call = self.values.call(stage)
        number = self._owner[call.at]
        if call.name in _WRITERS or call.name == "tee-object":
            path = call.arg(*_PATH, place=0)
            value = call.arg("-value", "-inputobject", place=1 if not call.arg(*_PATH) else 0) or before
            mode = "append" if "-append" in call.named else _WRITERS.get(call.name, "truncate")
            shape = self.values.shape(value, number) if value else UNKNOWN
            newline = "" if "-nonewline" in call.named else "\n"
            if path:
                self._write(call.at, path, number, mode, shape + newline, call.name)
        elif call.name in _READERS:
            self._get_content(call, behind, number)
        elif call.name == "select-string" and (path := call.arg(*_PATH)):
            self._named_read(call.at, path, number, "Select-String")

    def _redirected(self, start: int, end: int) -> None:
        for at in range(start, end - 1):
            sign = self.tokens.text(at)
            if self.tokens.all[at].kind == "mark" and sign in (">>", ">", "1>>", "1>"):
                mode = "append" if ">>" in sign else "truncate"
                shape = self.values.shape((start, at), self._owner[at]) + "\n"
                self._write(at, (at + 1, end), self._owner[at], mode, shape, "redirect")
                return

    def _static(self, at: int) -> None:
        """A call such as ``[IO.File]::AppendAllText(path, text)``."""
        tokens, name = self.tokens, self.tokens.text(at + 1).lower()
        args = tokens.split(at + 3, tokens.after(at + 2) - 1, (",",))
        kind, number = tokens.text(at - 2).lower(), self._owner[at]
        if not args:
            return
        if kind.endswith("file") and name in _STATIC and len(args) > 1:
            shape = self.values.shape(args[1], number)
            if name.endswith("lines"):
                shape = f"{shape}\n{shape}\n"
            self._write(at, args[0], number, _STATIC[name], shape, f"[IO.File]::{tokens.text(at + 1)}")
        elif (kind.endswith("file") and name in _OPENERS) or (kind.endswith("streamwriter") and name == "new"):
            mode = _OPENERS.get(name) or ("append" if len(args) > 1 and self._true(args[1]) else "truncate")
            self._stream(at, args[0], number, mode)
        elif kind.endswith("file") and name in _READ:
            self._read_lines(at, args[0], number, name)
        elif kind.endswith("streamreader") and name == "new":
            self._read_lines(at, args[0], number, "readlines")

    def _new_object(self, at: int) -> None:
        end = at
        while end < len(self.tokens.all) and self.tokens.text(end) not in ("\n", ";", ")"):
            end = self.tokens.after(end)
        call = self.values.call((at, end))
        words = "".join(self.tokens.text(index) for index in range(at + 1, min(at + 4, end))).lower()
        if "streamwriter" not in words and "streamreader" not in words:
            return
        opening = next((i for i in range(at, end) if self.tokens.text(i) in ("(", "@(")), -1)
        given = call.arg("-argumentlist")
        span = (opening + 1, self.tokens.after(opening) - 1) if opening > 0 else (given[0], end) if given else None
        args = self.tokens.split(*span, (",",)) if span else []
        if args and "streamwriter" in words:
            mode = "append" if len(args) > 1 and self._true(args[1]) else "truncate"
            self._stream(at, args[0], self._owner[at], mode)
        elif args:
            self._read_lines(at, args[0], self._owner[at], "readlines")

    def _true(self, span: Span) -> bool:
        return self.tokens.all[span[0]].text == "true"

    def _stream(self, at: int, path: Span, number: int, mode: str) -> None:
        """A writer that is opened and put in a variable."""
        tokens, start = self.tokens, at
        while start > 0 and tokens.text(start - 1) not in ("\n", ";", "{"):
            start -= 1
        name, shape = tokens.all[start].text, ""
        member = tokens.text(start + 1).lower() if tokens.text(start + 1).startswith(".") else ""
        for index, token in enumerate(tokens.all):
            if token.kind != "variable" or token.text != name or tokens.text(index + 2) != "(":
                continue
            call = tokens.text(index + 1).lower()
            if call in (member + ".writeline", member + ".write", member + ".writelineasync", member + ".writeasync"):
                inner = (index + 3, tokens.after(index + 2) - 1)
                shape += self.values.shape(inner, self._owner[index]) + ("\n" if "line" in call else "")
        self._write(at, path, number, mode, shape, "StreamWriter", loop=True)

    def _write(self, at: int, path: Span, number: int, mode: str, shape: str, how: str, *, loop: bool = False) -> None:
        texts = self.values.texts(path, number)
        sites = self._sites(path, texts, number)
        promised = named(texts) or any(named(given) for _, _, given in sites)
        verdict = content_verdict(letters(shape), mode, promised=promised, loop=loop)
        if verdict is None:
            return
        self._add(at, "writer", number, how, mode, texts, (verdict[0], WRITER, verdict[1]))
        for place, owner, given in sites:
            why = (verdict[0], SITE, f"chooses the file for {self.path}:{self.tokens.all[at].line}")
            self._add(place, "call-site", owner, "helper-call", mode, given, why)

    def _add(
        self, at: int, kind: str, number: int, how: str, mode: str, texts: tuple[Text, ...], why: tuple[str, str, str]
    ) -> None:
        title = self.values.functions[number].name
        line = self.tokens.all[at].line
        self.places.append(Place(line, kind, title, how, mode, texts, why[0], (Evidence(why[1], why[2]),)))

    def _sites(self, path: Span, texts: tuple[Text, ...], number: int) -> list[tuple[int, int, tuple[Text, ...]]]:
        """The calls of a function that choose the file: index, function around, and what they give."""
        if not number or not any(text.params for text in texts):
            return []
        function = self.values.functions[number]
        found = []
        for at in range(len(self.tokens.all)):
            if self.tokens.text(at).lower() != function.name.lower() or self.tokens.text(at - 1).lower() == "function":
                continue
            end = at
            while end < len(self.tokens.all) and self.tokens.text(end) not in ("\n", ";", "|", ")", "}"):
                end = self.tokens.after(end)
            call = self.values.call((at, end))
            places = enumerate(name for name in function.params if "-" + name not in call.named)
            frame = {name: call.rest[place] for place, name in places if place < len(call.rest)}
            frame |= {key.strip("-:"): span for key, span in call.named.items()}
            given = self.values.texts(path, number, frame)
            if described(given)[1] in ("literal", "pattern"):
                found.append((at, self._owner[at], given))
        return found

    def _get_content(self, call: Call, behind: Span, number: int) -> None:
        path = call.arg(*_PATH, place=0)
        if path is None:
            return
        stages = self.tokens.split(behind[0], behind[1], ("|",))
        each = any(self.values.call(stage).name in _EACH for stage in stages)
        parsed = self._parses(behind) or self._loop_parses(call.at)
        by_line = (
            each or self._loop_parses(call.at) or bool({"-tail", "-wait", "-last"} & call.named.keys())
        ) and "-raw" not in call.named
        if by_line and parsed:
            self._reader(call.at, path, number, "Get-Content", ("high", READER, "single lines are parsed as JSON"))
        else:
            self._named_read(call.at, path, number, "Get-Content")

    def _read_lines(self, at: int, path: Span, number: int, name: str) -> None:
        end = at
        while end < len(self.tokens.all) and self.tokens.text(end) not in ("\n", ";"):
            end = self.tokens.after(end)
        if name != "readalltext" and (self._parses((at, end)) or self._loop_parses(at)):
            self._reader(at, path, number, "[IO.File]", ("high", READER, "single lines are parsed as JSON"))
        else:
            self._named_read(at, path, number, "[IO.File]")

    def _named_read(self, at: int, path: Span, number: int, how: str) -> None:
        if named(self.values.texts(path, number)):
            self._reader(at, path, number, how, ("medium", READER, "reads a file named for JSON lines"))

    def _reader(self, at: int, path: Span, number: int, how: str, why: tuple[str, str, str]) -> None:
        texts = self.values.texts(path, number)
        given = [text for _, _, each in self._sites(path, texts, number) for text in each]
        self._add(at, "reader", number, how, "read", tuple(dict.fromkeys([*texts, *given])), why)

    def _parses(self, span: Span) -> bool:
        return any(
            "convertfrom-json" in self.tokens.text(at).lower()
            for at in range(span[0], min(span[1], len(self.tokens.all)))
        )

    def _loop_parses(self, at: int) -> bool:
        """Whether lines are parsed in a loop: over the call at a token, or over the variable that holds its result."""
        tokens, start = self.tokens, at
        while start > 0 and tokens.text(start - 1) not in ("\n", ";", "{"):
            start -= 1
        if tokens.text(start).lower() == "foreach":
            return self._parses((start, self._statement_end(start)))
        if tokens.all[start].kind != "variable" or tokens.text(start + 1) != "=":
            return False
        name = tokens.all[start].text
        for index in range(at, len(tokens.all)):
            if tokens.all[index].kind == "variable" and tokens.all[index].text == name:
                looped = tokens.text(index - 1).lower() == "in"
                piped = tokens.text(index + 1) == "|" and tokens.text(index + 2).lower() in _EACH
                stepped = tokens.text(index + 1).lower().startswith(".readline")
                if (looped or piped or stepped) and self._parses((index, self._statement_end(index) + 40 * stepped)):
                    return True
        return False

    def _statement_end(self, at: int) -> int:
        tokens = self.tokens
        while at < len(tokens.all) and tokens.text(at) not in ("\n", ";"):
            at = tokens.after(at)
            if tokens.text(at) == "\n" and tokens.text(at + 1) == "{":
                at += 1
        if tokens.text(at - 1) == ")" and tokens.text(at) == "\n" and tokens.text(at + 1) == "{":
            at = tokens.after(at + 1)
        return at

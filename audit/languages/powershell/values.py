"""What expressions of PowerShell give: the paths they name, and the text that is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from audit.languages.place import WIDTH, Text, best, tidy
from audit.languages.powershell.words import Token, Tokens, pieces
from audit.languages.shape import DOCUMENT, PRETTY, UNKNOWN, preferred
from audit.python.pathtext import join, up

DEPTH = 10
Span = tuple[int, int]
"""Two indexes of tokens: the first, and the one behind the last."""
_SWITCHES = frozenset(
    "-compress -append -force -nonewline -raw -wait -noclobber -passthru -asarray -line -recurse -file -directory"
    " -parent -leaf -nologo -confirm -whatif".split()
)
_SERIALISES = re.compile(r"(?i)jsonconvert\]?$|jsonserializer\]?$")
_ENVIRONMENT = {"env:home": "~", "env:userprofile": "~", "home": "~", "pwd": ".", "env:github_workspace": "."}


@dataclass(eq=False, slots=True)
class Function:
    """A function, or the top level.

    Args:
        name: As written, empty for the top level.
        body: Its tokens.
        params: Its parameters in order, in small letters.
    """

    name: str
    body: Span
    params: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Call:
    """A command with its arguments.

    Args:
        name: In small letters.
        at: Index of its first token.
        named: Arguments by parameter, in small letters with the hyphen; a switch has an empty span.
        rest: The other arguments.
    """

    name: str
    at: int
    named: dict[str, Span]
    rest: tuple[Span, ...]

    def arg(self, *names: str, place: int = -1) -> Span | None:
        """An argument by the names of its parameter, which may be cut short, or else by its place."""
        for name, span in self.named.items():
            if span[0] < span[1] and any(full.startswith(name.rstrip(":")) and len(name) > 2 for full in names):
                return span
        return self.rest[place] if 0 <= place < len(self.rest) else None


@dataclass(eq=False, slots=True)
class Values:
    """Follows values through one script.

    Args:
        path: Relative to the root.
        tokens: The script.
        functions: The top level first.
        given: What variables are given, by name: number of the function and the value.
    """

    path: str
    tokens: Tokens
    functions: list[Function] = field(default_factory=list)
    given: dict[str, list[tuple[int, Span]]] = field(default_factory=dict)
    _active: set[object] = field(default_factory=set)

    def call(self, span: Span) -> Call:
        """The command that a part of a pipeline is."""
        tokens, (at, end) = self.tokens, span
        if tokens.text(at) in ("&", "."):
            at += 1
        first, name = at, tokens.text(at).lower()
        named: dict[str, Span] = {}
        rest: list[Span] = []
        at += 1
        while at < end:
            token = tokens.all[at]
            if token.kind == "parameter":
                key = token.text.lower()
                stop = at + 1
                if key not in _SWITCHES and stop < end and tokens.all[stop].kind != "parameter":
                    stop = self._argument(stop, end)
                named[key] = (at + 1, stop)
                at = stop
            elif token.kind == "mark" and token.text in (">", ">>", ","):
                at += 2 if token.text != "," else 1
            else:
                stop = self._argument(at, end)
                rest.append((at, stop))
                at = stop
        return Call(name, first, named, tuple(rest))

    def _argument(self, at: int, end: int) -> int:
        """Behind an argument: a word, a string, a variable with its members, or what stands in brackets."""
        tokens = self.tokens
        at = tokens.after(at)
        while at < end and (
            tokens.text(at).startswith((".", "\\", "/"))
            or tokens.text(at) in ("[", "::")
            or (tokens.text(at) == "(" and tokens.all[at - 1].kind == "word")
        ):
            at = tokens.after(at)
        return min(at, end)

    def texts(
        self, span: Span, function: int, frame: dict[str, Span] | None = None, depth: int = 0
    ) -> tuple[Text, ...]:
        """The paths that an expression may give, the best known first; never empty.

        Args:
            span: The expression.
            function: Number of the function in which it stands.
            frame: What a call gives to the parameters of that function.
            depth: Steps taken so far.
        """
        key = (span, function, id(frame))
        if depth > DEPTH or key in self._active or span[0] >= span[1]:
            return (Text("{value}"),)
        self._active.add(key)
        try:
            found = best(self._texts(span, function, frame, depth + 1))
        finally:
            self._active.discard(key)
        return tuple(Text(tidy(each.text.replace("\\", "/")), each.params) for each in found) or (Text("{value}"),)

    def _texts(self, span: Span, function: int, frame: dict[str, Span] | None, depth: int) -> list[Text]:
        tokens, (at, end) = self.tokens, span
        parts = tokens.split(at, end, ("+",))
        if len(parts) > 1:
            return self._product([self.texts(part, function, frame, depth) for part in parts])
        token = tokens.all[at]
        if token.kind == "parameter" or tokens.text(at).startswith("-"):
            return []
        if tokens.text(at + 1).lower() == "-f" and end > at + 2:
            return [Text(re.sub(r"\{\d[^}]*\}", "{value}", token.text))]
        if token.kind == "double":
            return self._string(token, function, frame, depth)
        if token.kind == "single":
            return [Text(token.text)]
        if token.kind == "variable":
            name = token.text
            if at + 1 < end and tokens.text(at + 1).startswith("."):
                name += tokens.text(at + 1).lower()
            return self._variable(name, function, frame, depth)
        if tokens.text(at) in ("(", "$(", "@("):
            return list(self.texts((at + 1, tokens.after(at) - 1), function, frame, depth))
        if tokens.text(at) == "[":
            return self._static(span, function, frame, depth)
        if token.text.lower() == "if":
            blocks = [i for i in range(at, end) if tokens.text(i) == "{"]
            return [t for i in blocks for t in self.texts((i + 1, tokens.after(i) - 1), function, frame, depth)]
        return self._command(span, function, frame, depth)

    def _string(self, token: Token, function: int, frame: dict[str, Span] | None, depth: int) -> list[Text]:
        parts: list[tuple[Text, ...]] = []
        for kind, text in pieces(token.text):
            if kind == "text":
                parts.append((Text(text),))
            elif kind == "variable":
                parts.append(tuple(self._variable(text, function, frame, depth)))
            else:
                parts.append((Text(self._substitution(text)),))
        return self._product(parts) if parts else [Text("")]

    @staticmethod
    def _substitution(text: str) -> str:
        if "get-date" in text.lower() or "datetime" in text.lower():
            return "{date}"
        found = re.findall(r"\$(?:\w+:)?(\w+)|\.(\w+)", text)
        return f"{{{''.join(found[-1])}}}" if found else "{value}"

    def _variable(self, name: str, function: int, frame: dict[str, Span] | None, depth: int) -> list[Text]:
        short = name.partition(":")[2] if name.startswith(("script:", "global:", "local:", "private:")) else name
        if short in ("psscriptroot", "myinvocation.mycommand.path", "pscommandpath"):
            return [Text(up(self.path, 1) if short == "psscriptroot" else self.path)]
        if short in _ENVIRONMENT:
            return [Text(_ENVIRONMENT[short])]
        if short.startswith("env:"):
            return [Text(f"{{${short[4:].upper()}}}")]
        own = function and short in self.functions[function].params
        if own and frame is not None and short in frame:
            return list(self.texts(frame[short], 0, None, depth))
        mark = frozenset({(function, short)} if own else ())
        found = [text for span in self._reaching(short, function) for text in self.texts(span, function, frame, depth)]
        found = [Text(each.text, each.params | mark) for each in found]
        hole = Text("{" + re.sub(r"\W+", "_", short.rpartition(".")[2]) + "}", mark)
        return [*found, hole] if own or not found else found

    def _reaching(self, name: str, function: int) -> list[Span]:
        given = self.given.get(name, [])
        own = [span for number, span in given if number == function]
        return (own or [span for _, span in given])[:WIDTH]

    def _static(self, span: Span, function: int, frame: dict[str, Span] | None, depth: int) -> list[Text]:
        """A cast such as ``[string]$x``, or ``[IO.Path]::Combine(…)``."""
        tokens, behind = self.tokens, self.tokens.after(span[0])
        if tokens.text(behind) != "::":
            return list(self.texts((behind, span[1]), function, frame, depth))
        name, opening = tokens.text(behind + 1).lower(), behind + 2
        if name in ("combine", "join", "getfullpath", "getdirectoryname") and tokens.text(opening) == "(":
            args = tokens.split(opening + 1, tokens.after(opening) - 1, (",",))
            parts = [self.texts(arg, function, frame, depth) for arg in args]
            if name == "getdirectoryname":
                return [Text(up(each.text, 1), each.params) for each in parts[0]]
            return self._joined(parts)
        if "environment" in tokens.text(span[0] + 1).lower() and name.startswith("getenvironmentvariable"):
            return [Text(f"{{${tokens.all[opening + 1].text}}}")]
        kind = tokens.text(span[0] + 1).lower()
        return [Text("{date}" if "datetime" in kind else "{tmp}" if name.startswith("gettemp") else "{value}")]

    def _command(self, span: Span, function: int, frame: dict[str, Span] | None, depth: int) -> list[Text]:
        call = self.call(self.tokens.split(*span, ("|",))[0])
        first = call.arg("-path", "-literalpath", "-date", place=0)
        if call.name == "join-path":
            args = [
                call.arg("-path", place=0),
                *(call.arg("-childpath"), *call.rest[0 if "-path" in call.named else 1 :]),
            ]
            return self._joined([self.texts(arg, function, frame, depth) for arg in args if arg])
        if call.name == "split-path" and first:
            return [Text(up(each.text, 1), each.params) for each in self.texts(first, function, frame, depth)]
        if call.name in ("resolve-path", "convert-path", "get-item", "get-childitem") and first:
            return list(self.texts(first, function, frame, depth))
        plain = {"get-location": ".", "get-date": "{date}", "new-temporaryfile": "{tmp}"}.get(call.name)
        if plain:
            return [Text(plain)]
        token = self.tokens.all[span[0]]
        return [Text(token.text)] if token.kind in ("word", "other") and span[1] - span[0] == 1 else []

    @staticmethod
    def _product(parts: list[tuple[Text, ...]]) -> list[Text]:
        result = [Text("")]
        for part in parts:
            result = [Text(a.text + b.text, a.params | b.params) for a in result for b in part][:WIDTH]
        return result

    @staticmethod
    def _joined(parts: list[tuple[Text, ...]]) -> list[Text]:
        result = list(parts[0]) if parts else []
        for part in parts[1:]:
            result = [Text(join(a.text, b.text.lstrip("/")), a.params | b.params) for a in result for b in part][:WIDTH]
        return result

    def shape(self, span: Span, function: int, depth: int = 0) -> str:
        """What an expression or a pipeline gives as text, with a sign for each part that varies."""
        if depth > DEPTH or span[0] >= span[1]:
            return UNKNOWN
        tokens = self.tokens
        stages = tokens.split(*span, ("|",))
        for stage in reversed(stages):
            call = self.call(stage)
            if call.name in ("out-string", "where-object", "select-object", "sort-object", "tee-object", "?"):
                continue
            if call.name == "convertto-json":
                return DOCUMENT if "-compress" in call.named else PRETTY
            if call.name in ("foreach-object", "%", "foreach") and call.rest and tokens.text(call.rest[0][0]) == "{":
                block = (call.rest[0][0] + 1, tokens.after(call.rest[0][0]) - 1)
                inner = (
                    self.shape(tokens.statements(*block)[-1], function, depth + 1) if block[0] < block[1] else UNKNOWN
                )
                return f"{inner}\n{inner}"
            return self._value(stage, function, depth) if len(stages) == 1 else UNKNOWN
        return UNKNOWN

    def _value(self, span: Span, function: int, depth: int) -> str:
        tokens, at = self.tokens, span[0]
        parts = tokens.split(*span, ("+",))
        if len(parts) > 1:
            return "".join(self.shape(part, function, depth + 1) for part in parts)
        token = tokens.all[at]
        if token.kind == "single":
            return re.sub(r"[\x01-\x03]", "", token.text)
        if token.kind == "double":
            return self._written(token, function, depth)
        if token.kind == "variable" and tokens.after(at) >= span[1]:
            if token.text == "_":
                return UNKNOWN
            return (
                preferred([self.shape(each, function, depth + 1) for each in self._reaching(token.text, function)])
                or UNKNOWN
            )
        if tokens.text(at) in ("(", "$(", "@("):
            inner = tokens.statements(at + 1, tokens.after(at) - 1)
            return self.shape(inner[-1], function, depth + 1) if inner else UNKNOWN
        if tokens.text(at) == "[":
            behind = tokens.after(at)
            if tokens.text(behind) != "::":
                return self.shape((behind, span[1]), function, depth + 1)
            if _SERIALISES.search(tokens.text(behind - 2)) and tokens.text(behind + 1).lower().startswith("serialize"):
                words = "".join(tokens.text(index) for index in range(behind, span[1]))
                return PRETTY if "indented" in words.lower() else DOCUMENT
            return "\n" if tokens.text(behind + 1).lower() == "newline" else UNKNOWN
        return UNKNOWN

    def _written(self, token: Token, function: int, depth: int) -> str:
        made = ""
        for kind, text in pieces(token.text):
            if kind == "text":
                made += re.sub(r"[\x01-\x03]", "", text)
            elif kind == "variable":
                found = [self.shape(each, function, depth + 1) for each in self._reaching(text, function)]
                made += preferred(found) or UNKNOWN
            elif "convertto-json" in text.lower():
                made += DOCUMENT if "-compress" in text.lower() else PRETTY
            else:
                made += UNKNOWN
        return made

"""One pass over the tokens of a JavaScript source, which finds its functions, classes, bindings and loops."""

from __future__ import annotations

from dataclasses import dataclass, field

from audit.languages.javascript.scopes import NOT_METHODS, Binding, Program, Scope, destructured, params
from audit.languages.javascript.tokens import NAME, STRING, Tokens

_EACH = frozenset("forEach map filter reduce flatMap for every some".split())
_BEFORE_METHOD = frozenset("{ } ; , * async static get set public private protected override readonly".split())
_LONGEST_TYPE = 80
"""Tokens that the type of a variable or of a result may have."""


def read(tokens: Tokens) -> Program:
    """What the names of a source mean.

    Args:
        tokens: The source.
    """
    program = Program(tokens, [Scope(0, "top", "", 0, 0, len(tokens))])
    _Pass(program).run()
    return program


@dataclass(eq=False, slots=True)
class _Pass:
    program: Program
    starts: dict[int, Scope] = field(default_factory=dict)
    stack: list[Scope] = field(default_factory=list)
    loop_ends: list[int] = field(default_factory=list)

    def run(self) -> None:
        program, tokens = self.program, self.program.tokens
        self.stack = [program.scopes[0]]
        for at in range(len(tokens)):
            while self.stack[-1].end <= at and len(self.stack) > 1:
                self.stack.pop()
            if at in self.starts:
                scope = self.starts.pop(at)
                scope.outer, scope.number = self.stack[-1].number, len(program.scopes)
                program.scopes.append(scope)
                self.stack.append(scope)
            while self.loop_ends and self.loop_ends[-1] <= at:
                self.loop_ends.pop()
            program.owner.append(self.stack[-1].number)
            program.loops.append(len(self.loop_ends))
            if tokens.kinds[at] == NAME:
                self._name(at, tokens.texts[at])
            elif tokens.texts[at] == "=>" and tokens.kinds[at] != STRING:
                self._arrow(at)

    def _name(self, at: int, word: str) -> None:
        tokens = self.program.tokens
        behind = tokens.at(at + 1)
        if word == "function":
            self._function(at)
        elif word == "class":
            self._class(at)
        elif word in ("for", "while", "do"):
            self._loop(at)
        elif word in ("const", "let", "var"):
            self._declaration(at)
        elif word == "import":
            self._import(at)
        elif behind == "(" or (behind == "<" and tokens.at(at - 1) != "function") or behind == "?.":
            self.program.called.setdefault(word, []).append(at)
            self._method(at, word)
            if word in _EACH and behind == "(" and tokens.at(at - 1) == ".":
                self._repeat(tokens.after(at + 1))
        elif behind in ("=", "+=", "??=", "||=", ":"):
            self._assignment(at, word, behind)

    def _add_scope(self, kind: str, name: str, start: int, end: int, opening: int = -1) -> None:
        scope = Scope(0, kind, name, 0, start, end)
        if opening >= 0:
            scope.params = params(self.program.tokens, opening)
        self.starts.setdefault(start, scope)

    def _body(self, at: int) -> int:
        """The brace that opens the body behind a list of parameters that closes before a token, -1 without one."""
        tokens = self.program.tokens
        if tokens.at(at) == "{":
            return at
        if tokens.at(at) != ":":
            return -1
        end = min(at + _LONGEST_TYPE, len(tokens))
        at += 1
        while at < end:
            word = tokens.at(at)
            if word == "{" and tokens.at(at - 1) not in (":", "|", "&", "<", ",", "=>"):
                return at
            if word in (";", "=", ")", "]", "}") or (word == "," and tokens.at(at - 1) == ")"):
                return -1
            at = tokens.after(at)
        return -1

    def _function(self, at: int) -> None:
        tokens, program = self.program.tokens, self.program
        opening = at + 1
        if tokens.at(opening) == "*":
            opening += 1
        name = ""
        if tokens.kind(opening) == NAME:
            name = tokens.at(opening)
            self.stack[-1].declared.add(name)
            program.names.setdefault(name, []).append(Binding(self.stack[-1].number, at))
            opening += 1
        if tokens.at(opening) == "<":
            while opening < len(tokens) and tokens.at(opening) != "(" and opening < at + _LONGEST_TYPE:
                opening += 1
        if tokens.at(opening) != "(" or tokens.pairs[opening] < 0:
            return
        body = self._body(tokens.after(opening))
        if body > 0:
            self._add_scope("function", name or self._given_name(at), body, tokens.after(body), opening)

    def _given_name(self, at: int) -> str:
        """The name that a function without one gets from where it is put: ``name = …``, ``name: …``."""
        tokens = self.program.tokens
        if tokens.at(at - 1) == "async":
            at -= 1
        if tokens.at(at - 1) in ("=", ":") and tokens.kind(at - 2) == NAME:
            return tokens.at(at - 2)
        if tokens.at(at - 1) == "=":  # const name: Type = …
            for index in range(at - 2, max(at - 20, 0), -1):
                if tokens.at(index) == ":" and tokens.kind(index - 1) == NAME:
                    return tokens.at(index - 1)
                if tokens.at(index) in (";", "{", "}"):
                    break
        return ""

    def _arrow(self, at: int) -> None:
        tokens = self.program.tokens
        before = at - 1
        if tokens.at(before) != ")" and not (tokens.kind(before) == NAME and tokens.at(before - 1) != ":"):
            while before > max(0, at - _LONGEST_TYPE) and not (
                tokens.at(before) == ":" and tokens.at(before - 1) == ")"
            ):
                before -= 1
            before -= 1
        elif tokens.kind(before) == NAME and tokens.at(before - 1) == ":" and tokens.at(before - 2) == ")":
            before -= 2
        opening = tokens.pairs[before] if tokens.at(before) == ")" else before
        if opening < 0 or (tokens.at(opening) != "(" and tokens.kind(opening) != NAME):
            return
        end = tokens.after(at + 1) if tokens.at(at + 1) == "{" else self._expression_end(at + 1)
        self._add_scope("function", self._given_name(opening), at + 1, end, opening)

    def _expression_end(self, at: int) -> int:
        """Behind the expression that is the body of an arrow function."""
        return self.program.tokens.ends(at)

    def _class(self, at: int) -> None:
        tokens = self.program.tokens
        name = tokens.at(at + 1) if tokens.kind(at + 1) == NAME and tokens.at(at + 1) != "extends" else ""
        for index in range(at + 1, min(at + _LONGEST_TYPE, len(tokens))):
            if tokens.at(index) == "{" and tokens.at(index - 1) != "<":
                self._add_scope("class", name or self._given_name(at), index, tokens.after(index))
                return
            if tokens.at(index) in (";", ")", "="):
                return

    def _method(self, at: int, word: str) -> None:
        tokens = self.program.tokens
        if word in NOT_METHODS or not (tokens.at(at - 1) in _BEFORE_METHOD or at in tokens.breaks or at == 0):
            return
        opening = at + 1
        while tokens.at(opening) != "(" and opening < min(at + 30, len(tokens)):
            opening += 1
        if tokens.at(opening) != "(" or tokens.pairs[opening] < 0:
            return
        body = self._body(tokens.after(opening))
        if body < 0:
            return
        self._add_scope("function", word, body, tokens.after(body), opening)
        made = self.starts[body]
        if word == "constructor" and self.stack[-1].kind == "class":
            for param in made.params.values():
                key = (self.stack[-1].number, param.name)
                self.program.attributes.setdefault(key, []).append(Binding(-1, body, "param", param.name))

    def _loop(self, at: int) -> None:
        tokens = self.program.tokens
        head = at + 1 + (tokens.at(at + 1) == "await")
        if tokens.at(at) == "do":
            if tokens.at(head) == "{":
                self._repeat(tokens.after(head))
            return
        if tokens.at(head) != "(" or tokens.pairs[head] < 0:
            return
        body = tokens.after(head)
        end = tokens.after(body) if tokens.at(body) == "{" else body
        if tokens.at(body) != "{":
            end = tokens.ends(body)
        self._repeat(end)
        if (
            tokens.at(head + 1) in ("const", "let", "var")
            and tokens.kind(head + 2) == NAME
            and tokens.at(head + 3) == "of"
        ):
            self._bind(tokens.at(head + 2), head + 4, "each")

    def _repeat(self, end: int) -> None:
        if not self.loop_ends or end <= self.loop_ends[-1]:
            self.loop_ends.append(end)

    def _bind(self, name: str, value: int, how: str = "=", key: str = "") -> None:
        self.program.names.setdefault(name, []).append(Binding(self.stack[-1].number, value, how, key))

    def _declaration(self, at: int) -> None:
        tokens = self.program.tokens
        first = at + 1
        if tokens.at(first) == "{" and tokens.at(tokens.after(first)) == "=":
            value = tokens.after(first) + 1
            for name, key, default in destructured(tokens, first):
                self._declare(name)
                if tokens.at(value) == "require" and tokens.kind(value + 2) == STRING:
                    self.program.imports[name] = (tokens.value(value + 2), key)
                self._bind(name, value, "key", key)
                if default >= 0:
                    self._bind(name, default)
            return
        while tokens.kind(first) == NAME:
            self._declare(tokens.at(first))
            at = first + 1 + (tokens.at(first + 1) == "!")
            if tokens.at(at) == ":":
                at = self._typed(tokens.at(first), at)
            if tokens.at(at) == "=" and tokens.at(at + 1) == "require" and tokens.kind(at + 3) == STRING:
                self.program.imports[tokens.at(first)] = (tokens.value(at + 3), "*")
            if tokens.at(at) == "=":
                at = self._expression_end(at + 1)
            if tokens.at(at) != ",":
                return
            first = at + 1

    def _declare(self, name: str) -> None:
        self.stack[-1].declared.add(name)

    def _typed(self, name: str, at: int) -> int:
        """Bind a variable whose type stands before its value; gives the index of the sign between them."""
        tokens, end = self.program.tokens, min(at + _LONGEST_TYPE, len(self.program.tokens))
        index = at
        while index < end and tokens.at(index) not in ("=", ";", ",", ")", "of", "in"):
            index = tokens.after(index)
        if tokens.at(index) == "=":
            self._bind(name, index + 1)
        return index

    def _assignment(self, at: int, word: str, sign: str) -> None:
        tokens, program = self.program.tokens, self.program
        in_class = self.stack[-1].kind == "class"
        if sign == ":" and not in_class:
            return
        value, how = at + 2, "+=" if sign == "+=" else "="
        if sign == ":":
            while value < min(at + _LONGEST_TYPE, len(tokens)) and tokens.at(value) not in ("=", ";", ",", "}", "("):
                value = tokens.after(value)
            if tokens.at(value) != "=":
                return
            value += 1
        if tokens.at(at - 1) == "." and tokens.kind(at - 2) == NAME:
            key = (self._class_number() if tokens.at(at - 2) in ("this", "self") else -1, word)
            program.attributes.setdefault(key, []).append(Binding(self.stack[-1].number, value, how))
        elif in_class:
            program.attributes.setdefault((self.stack[-1].number, word), []).append(
                Binding(self.stack[-1].number, value, how)
            )
        elif tokens.at(at - 1) != ".":
            self._bind(word, value, how)

    def _class_number(self) -> int:
        for scope in reversed(self.stack):
            if scope.kind == "class":
                return scope.number
        return -1

    def _import(self, at: int) -> None:
        tokens, program = self.program.tokens, self.program
        names: list[tuple[str, str]] = []
        index, end = at + 1, min(at + 400, len(tokens))
        while index < end and tokens.kind(index) != STRING and tokens.at(index) not in (";", "(", "."):
            if tokens.at(index) == "{" and tokens.pairs[index] > 0:
                names += [(name, key) for name, key, _ in destructured(tokens, index)]
            elif tokens.at(index) == "*":
                names.append((tokens.at(index + 2), "*"))
                index += 2
            elif tokens.kind(index) == NAME and tokens.at(index) not in ("from", "type"):
                names.append((tokens.at(index), "*"))
            index = tokens.after(index)
        if tokens.kind(index) == STRING:
            for name, key in names:
                program.imports[name] = (tokens.value(index), key)

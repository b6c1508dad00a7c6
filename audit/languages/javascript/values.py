"""What text an expression of JavaScript gives: paths made of constants, templates, joins, defaults and parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.languages.javascript.syntax import Node, Parser, dotted
from audit.languages.place import WIDTH, Text, best, tidy
from audit.python.pathtext import join, up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audit.languages.javascript.modules import Modules
    from audit.languages.javascript.scopes import Binding, Program, Scope

DEPTH = 16
"""How many steps a value is followed."""

Frame = "Mapping[tuple[int, str], Node]"
"""Arguments of a call by (number of the function, parameter)."""
_NOTHING = frozenset({"null", "undefined", "false", "NaN"})
_SAME = frozenset(
    "toString trim trimEnd String normalize toLowerCase fileURLToPath pathToFileURL untildify realpathSync"
    " Buffer.from resolvePath expandTilde file".split()
)
_DATES = re.compile(r"toISOString|toLocale|dayjs|moment|strftime|getFullYear|format\(\)|DateTime|new Date")


@dataclass(eq=False, slots=True)
class Values:
    """Follows values through one source.

    Args:
        program: The source.
        parser: Its expressions.
        path: The source relative to the root.
        modules: The sources that it imports from.
    """

    program: Program
    parser: Parser
    path: str
    modules: Modules | None = None
    _active: set[int] = field(default_factory=set)
    _functions: dict[str, list[Scope]] = field(default_factory=dict)
    _returns: dict[int, list[Node]] = field(default_factory=dict)

    def texts(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int = 0) -> tuple[Text, ...]:
        """The texts that an expression may give, the best known first; never empty."""
        if depth > DEPTH or id(node) in self._active:
            return (Text(hole(node)),)
        self._active.add(id(node))
        try:
            found = best(self._texts(node, frame, depth + 1))
        finally:
            self._active.discard(id(node))
        return found or (Text(hole(node)),)

    def _texts(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        if node.kind in ("string", "number"):
            return (Text(node.name),) if node.name else ()
        if node.kind == "name":
            return self._name(node, frame, depth)
        if node.kind in ("member", "index"):
            return self._member(node, frame, depth)
        if node.kind == "either":
            return [text for part in node.parts for text in self._given(part, frame, depth)]
        if node.kind == "concat":
            parts = [self._part(part, frame, depth) for part in node.parts]
            return _product(parts, lambda left, right: left + right)
        if node.kind in ("call", "new"):
            return self._call(node, frame, depth)
        return ()

    def _part(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> tuple[Text, ...]:
        if node.kind == "string":
            return (Text(node.name),)
        return self.texts(node, frame, depth)

    def _given(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> tuple[Text, ...]:
        nothing = (node.kind == "name" and node.name in _NOTHING) or (node.kind == "string" and not node.name)
        return () if nothing else self.texts(node, frame, depth)

    def _name(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        if node.name == "__dirname":
            return (Text(up(self.path, 1)),)
        if node.name == "__filename":
            return (Text(self.path),)
        home = self.program.home(node.name, node.at)
        if node.name in _NOTHING:
            return ()
        if home is None:
            return self._imported(node, depth)
        found: list[Text] = []
        if node.name in home.params:
            found += self._param(home, node.name, frame, depth)
        for binding in self._reaching(node, home):
            found += self._bound(binding, frame, depth)
        return found

    def _imported(self, node: Node, depth: int) -> list[Text]:
        """What a name gives that another source of the tree exports."""
        module, key = self.program.imports.get(node.name, ("", ""))
        other = self.modules.values(self.path, module) if self.modules and module else None
        return other.exported(key, depth) if other and key != "*" and depth < DEPTH else []

    def exported(self, key: str, depth: int) -> list[Text]:
        """What a name gives that this source exports."""
        program, found = self.program, list[Text]()
        if key in program.names:
            found += self._name(Node("name", len(program.tokens) - 1, key), {}, depth + 1)
        for binding in program.attributes.get((-1, key), ()):
            found += self._bound(binding, {}, depth + 1)
        for binding in program.attributes.get((-1, "exports"), ()):
            for each in self.chase(self.parser.expression(binding.value)):
                value = each.get(key)
                found += self.texts(value, {}, depth + 1) if value is not None and value.name != key else ()
        return [Text(each.text) for each in found]

    def _foreign_call(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> list[Text]:
        """What a function of another source of the tree gives, its parameters filled in."""
        callee = node.parts[0]
        base = callee.parts[0] if callee.kind == "member" else callee
        module, key = self.program.imports.get(base.name, ("", ""))
        other = self.modules.values(self.path, module) if self.modules and module else None
        if other is None or depth >= DEPTH or (key == "*") != (callee.kind == "member"):
            return []
        name = callee.name if key == "*" else key
        found: list[Text] = []
        for target in other.functions(Node("name", 0, name))[:1]:
            for value in other.returned(target):
                for text in other.texts(value, {}, depth + 1):
                    filled = text.text
                    for param in target.params.values():
                        if param.position < len(node.args) and not param.key:
                            given = self.texts(node.args[param.position], frame, depth + 1)[0].text
                            filled = filled.replace(f"{{{param.name}}}", given)
                    found.append(Text(filled))
        return found

    def _param(self, home: Scope, name: str, frame: Mapping[tuple[int, str], Node], depth: int) -> list[Text]:
        given = frame.get((home.number, name))
        if given is not None:
            return list(self.texts(given, {}, depth))
        mark = frozenset({(home.number, name)})
        default = home.params[name].default
        usual = self._given(self.parser.expression(default), frame, depth) if default >= 0 else ()
        return [*(Text(each.text, each.params | mark) for each in usual), Text(f"{{{name}}}", mark)]

    def _reaching(self, node: Node, home: Scope) -> list[Binding]:
        """The bindings of a name, the last one before its use in the same function first."""
        found = self.program.bindings(node.name, home)
        here = self.program.scope(node.at).number
        before = [each for each in found if each.scope == here and each.value <= node.at]
        if before and self.program.loops[before[-1].value - 1] == 0 and before[-1].how == "=":
            return [before[-1]] if node.name in self.program.scopes[here].declared else before[::-1]
        return before[::-1] + [each for each in found if each not in before]

    def _bound(self, binding: Binding, frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        program = self.program
        if binding.how == "param":
            return self._param(program.scope(binding.value), binding.key, frame, depth)
        if program.tokens.at(binding.value) in ("function", "class"):
            return ()
        value = self.parser.expression(binding.value)
        if binding.how == "=":
            return self._given(value, frame, depth)
        if binding.how == "key":
            return self._property(value, binding.key, frame, depth)
        if binding.how == "each":
            items = [part for each in self.chase(value) if each.kind == "array" for part in each.parts]
            return [text for item in items[:WIDTH] for text in self.texts(item, frame, depth)]
        return ()

    def _member(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        base = dotted(node.parts[0])
        key = node.name
        if node.kind == "index":
            key = node.parts[1].name if node.parts[1].kind in ("string", "number") else ""
        if base.endswith("process.env") or base in ("Bun.env", "import.meta.env"):
            return (Text(f"{{${key}}}"),)
        if base == "import.meta" and key in ("dirname", "dir"):
            return (Text(up(self.path, 1)),)
        if base == "import.meta" and key in ("url", "filename", "path"):
            return (Text(self.path),)
        if key in ("href", "pathname", "fsPath", "path") and node.parts[0].kind == "new":
            return self.texts(node.parts[0], frame, depth)
        if node.kind == "index" and not key:
            return self._any_item(node.parts[0], frame, depth)
        return self._property(node.parts[0], key, frame, depth)

    def _any_item(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        return [
            text
            for each in self.chase(node)
            if each.kind in ("object", "array")
            for part in each.parts[:WIDTH]
            for text in self.texts(part, frame, depth)
        ]

    def attributes(self, node: Node) -> list[Binding]:
        """The bindings of ``this.name``, ``Class.name`` or ``object.name``."""
        program, base = self.program, node.parts[0]
        owner = -1
        if base.kind == "name" and base.name in ("this", "self"):
            owner = program.class_of(node.at)
        elif base.kind == "name":
            owner = next((s.number for s in program.scopes if s.kind == "class" and s.name == base.name), -1)
        found = program.attributes.get((owner, node.name), [])
        if base.kind == "name" and base.name not in ("this", "self") and owner < 0:
            found = [each for each in found if program.tokens.at(each.value - 4) == base.name]
        return found

    def _property(self, base: Node, key: str, frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        found: list[Text] = []
        module, whole = self.program.imports.get(base.name, ("", "")) if base.kind == "name" else ("", "")
        if base.kind == "call" and base.parts[0].name == "require" and base.args:
            module, whole = base.args[0].name, "*"
        other = self.modules.values(self.path, module) if self.modules and whole == "*" else None
        if other is not None and depth < DEPTH:
            found += other.exported(key, depth)
        for binding in self.attributes(Node("member", base.at, key, [base])):
            found += self._bound(binding, frame, depth)
        for each in self.chase(base, frame):
            value = each.get(key)
            if value is not None:
                found += self.texts(value, frame, depth)
            elif each.kind == "array" and key.isdigit() and int(key) < len(each.parts):
                found += self.texts(each.parts[int(key)], frame, depth)
        return found

    def chase(self, node: Node, frame: Mapping[tuple[int, str], Node] | None = None, depth: int = 0) -> list[Node]:
        """Follow names, attributes and calls to the expressions that make the value."""
        if depth > DEPTH // 2:
            return []
        program, step = self.program, depth + 1
        if node.kind == "name":
            home = program.home(node.name, node.at)
            if home is None:
                return []
            given = (frame or {}).get((home.number, node.name))
            if given is not None:
                return self.chase(given, None, step)
            bound = [b for b in program.bindings(node.name, home) if b.how == "="]
            return [end for b in bound[:WIDTH] for end in self.chase(self.parser.expression(b.value), frame, step)]
        if node.kind == "member":
            bound = [b for b in self.attributes(node) if b.how == "="]
            ends = [end for b in bound[:WIDTH] for end in self.chase(self.parser.expression(b.value), frame, step)]
            inner = [each.get(node.name) for each in self.chase(node.parts[0], frame, step)]
            return ends + [end for each in inner if each for end in self.chase(each, frame, step)]
        if node.kind == "either":
            return [end for part in node.parts for end in self.chase(part, frame, step)]
        if node.kind == "call" and dotted(node.parts[0]) == "Object.freeze" and node.args:
            return self.chase(node.args[0], frame, step)
        return [node]

    def _call(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        callee, args = node.parts[0], node.args
        name, chain = callee.name, dotted(callee)
        if name in ("join", "resolve", "joinPath", "joinpath") and self._of_path(callee):
            return self._joined(args, frame, depth)
        if name == "join" and callee.kind == "member" and args and args[0].name in ("/", ""):
            items = [each for each in self.chase(callee.parts[0], frame) if each.kind == "array"]
            return self._joined(items[0].parts, frame, depth) if items else ()
        if name == "dirname" and args:
            return [Text(up(text.text, 1), text.params) for text in self.texts(args[0], frame, depth)]
        if name == "cwd" or chain == "Deno.cwd":
            return (Text("."),)
        if name in ("homedir", "tmpdir", "mkdtempSync", "mkdtemp"):
            return (Text("~" if name == "homedir" else "{tmp}"),)
        if name == "URL" and len(args) > 1 and dotted(args[1]) == "import.meta.url":
            here = (Text(up(self.path, 1)),)
            return _product([here, self.texts(args[0], frame, depth)], join)
        own = callee.kind == "name" and self.functions(callee)
        if not own and (name in _SAME or chain in _SAME):
            inner = callee.parts[0] if callee.kind == "member" and not args else args[0] if args else None
            return self.texts(inner, frame, depth) if inner else ()
        if chain == "Deno.env.get" and args:
            return (Text(f"{{${args[0].name}}}"),)
        return self._own_call(node, frame, depth)

    def _own_call(self, node: Node, frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        found = self._foreign_call(node, frame, depth)
        for target in self.functions(node.parts[0])[:2]:
            inner = {**frame, **self.bind(target, node)}
            for value in self.returned(target):
                found += self.texts(value, inner, depth)
        return found

    def _of_path(self, callee: Node) -> bool:
        """Whether a call such as ``join`` is one of the module ``path``."""
        base = callee.parts[0] if callee.kind == "member" else callee
        if base.kind == "member":
            return base.name in ("posix", "win32", "path", "Uri")
        module = self.program.imports.get(base.name, ("", ""))[0]
        return module.endswith(("path", "pathe", "path/mod.ts", "path/posix")) or base.name in (
            "path",
            "Path",
            "p",
            "Uri",
        )

    def _joined(self, args: list[Node], frame: Mapping[tuple[int, str], Node], depth: int) -> Iterable[Text]:
        if not args:
            return (Text("."),)
        parts = [self._part(arg, frame, depth) for arg in args]
        flat = [
            tuple(Text(t.text.lstrip("/") or ".", t.params) for t in part) if i else part
            for i, part in enumerate(parts)
        ]
        return [Text(tidy(text.text), text.params) for text in _product(flat, join)]

    def functions(self, callee: Node) -> list[Scope]:
        """The functions of this source that a callee may name."""
        if not self._functions:
            for scope in self.program.scopes:
                if scope.kind == "function" and scope.name:
                    self._functions.setdefault(scope.name, []).append(scope)
        if callee.kind == "member" and callee.parts[0].kind not in ("name", "member"):
            return []
        return self._functions.get(callee.name, [])

    def bind(self, target: Scope, call: Node) -> dict[tuple[int, str], Node]:
        """Arguments of a call by the parameters of the function that it calls."""
        bound: dict[tuple[int, str], Node] = {}
        for name, param in target.params.items():
            if param.position >= len(call.args) or any(a.kind == "spread" for a in call.args[: param.position + 1]):
                continue
            given = call.args[param.position]
            value: Node | None = given
            if param.key:
                value = next((v for each in self.chase(given) if (v := each.get(param.key)) is not None), None)
            if value is not None:
                bound[(target.number, name)] = value
        return bound

    def returned(self, target: Scope) -> list[Node]:
        """The expressions that a function gives back."""
        known = self._returns.get(target.number)
        if known is not None:
            return known
        tokens, owner = self.program.tokens, self.program.owner
        if tokens.at(target.start) != "{":
            found = [self.parser.expression(target.start)]
        else:
            found = [
                self.parser.expression(at + 1)
                for at in range(target.start, min(target.end, len(tokens)))
                if owner[at] == target.number and tokens.at(at) == "return"
            ]
        self._returns[target.number] = found
        return found

    def sites(self, target: Scope) -> list[Node]:
        """The calls of a function of this source, by its name."""
        return [
            node
            for at in (self.program.called.get(target.name, ())[:200] if target.name else ())
            if (node := self.parser.call(at)).kind in ("call", "new")
            and self.program.tokens.at(node.end) != "{"
            and self.program.tokens.at(self.parser.start(at) - 1) != "function"
            and self.program.scope(at).kind != "class"
        ]


def hole(node: Node) -> str:
    """A placeholder named after an expression."""
    chain = dotted(node)
    if _DATES.search(chain) or chain.startswith("Date()"):
        return "{date}"
    names = re.findall(r"[A-Za-z_]\w*", chain)
    if node.kind == "index":
        names = [node.parts[1].name] if node.parts[1].kind == "string" else re.findall(r"\w+", dotted(node.parts[0]))
    names = [name for name in names if name not in ("this", "toString", "trim", "String", "slice", "replace", "split")]
    return f"{{{names[-1]}}}" if names and names[-1].isidentifier() else "{value}"


def _product(parts: list[tuple[Text, ...]], add: object) -> tuple[Text, ...]:
    result: tuple[Text, ...] = ()
    for part in parts:
        if not result:
            result = part
        else:
            pairs = [(a, b) for a in result for b in part][:WIDTH]
            result = tuple(Text(add(a.text, b.text), a.params | b.params) for a, b in pairs)  # type: ignore[operator]
    return best(result)

"""Calls of JavaScript that read JSON lines from a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.languages.javascript.syntax import Node, dotted
from audit.languages.place import named

if TYPE_CHECKING:
    from audit.languages.javascript.source import Source

CODE = "A201"
_WHOLE = frozenset({"readFile", "readFileSync", "readTextFile", "readTextFileSync", "text", "readAsStringAsync"})
_BY_LINE = frozenset({"eachLine", "readLines", "readLastLines", "Tail", "TailFile", "LineByLine", "LineByLineReader"})
_LINE_PARSERS = re.compile(
    r"(?i)ndjson\W*parse|split2?\(\s*(?:JSON\.parse|\(?\w+\)?=>JSON\.parse)|jsonl\w*\W*(?:parse|read|decode)"
    r"|jsonlparser|ldjson\W*parse|JSONStream\W*parse"
)
_SPLITTERS = re.compile(r"\bsplit2?\(|byline|createInterface|readline|readLines|TextLineStream|LineStream")
_PARSE = re.compile(r"JSON\.parse|\b(?:safe)?jsonparse\b|parsejson|superjson\.parse|destr\(", re.IGNORECASE)
_LINE_END = re.compile(r"\\n|\n|EOL")


def find(source: Source) -> None:
    """Add the readers of a source to its places."""
    for call in source.calls("readFile", "readFileSync", "readTextFile", "readTextFileSync"):
        _whole(source, call, call.args[0] if call.args else None, f"fs.{call.parts[0].name}")
    for call in source.calls("text", "lines"):
        inner = call.parts[0].parts[0] if call.parts[0].kind == "member" else call
        if inner.kind == "call" and dotted(inner.parts[0]) == "Bun.file" and inner.args:
            _whole(source, call, inner.args[0], "Bun.file.text")
    for call in source.calls("createReadStream", "open", "openSync"):
        _stream(source, call)
    for call in source.calls(*_BY_LINE):
        _by_line(source, call)


def _whole(source: Source, call: Node, path: Node | None, how: str) -> None:
    """A file is read at once: is it split into lines, and are they parsed?"""
    if path is None or path.kind in ("function", "object"):
        return
    base = dotted(call.parts[0]).partition(".")[0]
    how = f"Deno.{call.parts[0].name}" if base == "Deno" else how
    texts = source.with_sites(source.values.texts(path, {}), path)
    if _split_and_parsed(source, call):
        source.add(call, path, "reader", how, "read", ("high", CODE, "parses single lines as JSON"))
    elif named(texts):
        source.add(call, path, "reader", how, "read", ("medium", CODE, "reads a file named for JSON lines"))


def _split_and_parsed(source: Source, call: Node) -> bool:
    """Whether what a call gives is split at line ends, and the function parses JSON behind that."""
    function = source.program.function(call.at)
    holder = source.holder(call)
    names = _holders(source, holder, call)
    for split in source.calls("split"):
        if not (function.start <= split.at < function.end) or split.parts[0].kind != "member" or not split.args:
            continue
        if not _at_line_ends(source, split.args[0]):
            continue
        receiver = split.parts[0].parts[0]
        if _contains(receiver, call) or any(dotted(receiver).partition(".")[0] == name for name in names):
            return _parses(source, split.at, function.end, names)
    return False


def _holders(source: Source, holder: str, call: Node) -> set[str]:
    """The names that hold what a call gave, also as ``trim()`` and the like of it, or as a callback's parameter."""
    names = {holder} - {""}
    for arg in call.args[1:]:
        if arg.kind == "function":
            scope = next((s for s in source.program.scopes if arg.at <= s.start < arg.end), None)
            names |= {p.name for p in scope.params.values() if p.position == 1} if scope else set()
    tokens = source.program.tokens
    at = tokens.ends(call.at)
    for _ in range(2):
        for name, bindings in list(source.program.names.items()) if names else ():
            for binding in bindings[:6]:
                if binding.how == "=" and tokens.kind(binding.value) == "name" and tokens.at(binding.value) in names:
                    names.add(name)
    behind = "".join(tokens.texts[at : at + 3])
    if behind.startswith(").then"):
        names.add("")
    return names


def _at_line_ends(source: Source, node: Node) -> bool:
    if node.kind in ("string", "regex"):
        return bool(_LINE_END.search(node.name))
    return any(end.kind in ("string", "regex") and _LINE_END.search(end.name) for end in source.values.chase(node)) or (
        "EOL" in dotted(node)
    )


def _contains(node: Node, call: Node) -> bool:
    for _ in range(40):
        if node is call or (node.at == call.at and node.kind == call.kind):
            return True
        if not node.parts:
            return False
        if node.kind in ("call", "new") and any(arg.at == call.at for arg in node.args):
            return True
        node = node.parts[0]
    return False


def _parses(source: Source, start: int, end: int, whole: set[str]) -> bool:
    """Whether JSON is parsed between two tokens, other than the whole content of the file."""
    tokens = source.program.tokens
    for at in source.words(start, end):
        if tokens.texts[at] == "parse" and tokens.at(at - 2) == "JSON":
            given = tokens.at(at + 2) if tokens.at(at + 1) == "(" and tokens.at(at + 3) == ")" else ""
            if given not in whole or not given:
                return True
        elif _PARSE.fullmatch(tokens.texts[at]) or _parser_function(source, at):
            return True
    return False


def _parser_function(source: Source, at: int) -> bool:
    """Whether a name at a token is one of the source's own short functions that parse JSON."""
    tokens = source.program.tokens
    word = tokens.texts[at]
    if len(word) < 3 or tokens.at(at - 1) == "function":
        return False
    for scope in source.values.functions(Node("name", at, word))[:2]:
        body = tokens.texts[scope.start : min(scope.end, scope.start + 300)]
        if "JSON" in body and "parse" in body:
            return True
    return False


def _stream(source: Source, call: Node) -> None:
    """A file is opened to be read in pieces: does it go by line, and are lines parsed?"""
    callee, args = call.parts[0], call.args
    if not args or args[0].kind in ("object", "function"):
        return
    if callee.name != "createReadStream":
        flags = args[1].name if len(args) > 1 and args[1].kind == "string" else "r"
        if not flags.startswith("r") or not _followed(source, call, re.compile(r"readLines|createInterface")):
            return
    how = f"fs.{callee.name}"
    texts = source.with_sites(source.values.texts(args[0], {}), args[0])
    function = source.program.function(call.at)
    around = _joined(source, function.start, function.end)
    by_line = _followed(source, call, _SPLITTERS)
    if _followed(source, call, _LINE_PARSERS):
        source.add(call, args[0], "reader", how, "read", ("high", CODE, "a stream parses single lines as JSON"))
    elif by_line and (_PARSE.search(around) or _handlers_parse(source, call)):
        source.add(call, args[0], "reader", how, "read", ("high", CODE, "parses single lines as JSON"))
    elif named(texts):
        source.add(call, args[0], "reader", how, "read", ("medium", CODE, "reads a file named for JSON lines"))


def _joined(source: Source, start: int, end: int, most: int = 4000) -> str:
    return "".join(source.program.tokens.texts[start : min(end, start + most)])


def _statement(source: Source, call: Node) -> tuple[int, int]:
    """The tokens of the statement around a call."""
    tokens = source.program.tokens
    start = source.parser.start(call.at)
    first = start
    while first > max(0, start - 80) and tokens.at(first - 1) != ";":
        if tokens.at(first) in ("const", "let", "var", "return", "for"):
            break
        if tokens.at(first - 1) in ("{", "}") and tokens.at(first - 2) not in ("(", ",", ":", "="):
            break
        first -= 1
    end = call.end
    while end < min(len(tokens), call.end + 400) and tokens.at(end) != ";" and end not in tokens.breaks:
        end = tokens.after(end)
    while end < min(len(tokens), call.end + 800) and tokens.at(end) in (".", ")", "}", ","):
        end = tokens.after(end)
        while end < len(tokens) and tokens.at(end) != ";" and end not in tokens.breaks and end < call.end + 800:
            end = tokens.after(end)
    return first, end


def _followed(source: Source, call: Node, pattern: re.Pattern[str]) -> bool:
    """Whether a pattern stands in the statement around a call, or where the name that holds the result is used."""
    first, end = _statement(source, call)
    if pattern.search(_joined(source, first, end)):
        return True
    holder = source.holder(call)
    if not holder or "." in holder:
        return False
    tokens, function = source.program.tokens, source.program.function(call.at)
    for at in source.words(call.end, function.end):
        if tokens.texts[at] == holder and pattern.search(_joined(source, max(first, at - 12), at + 40)):
            return True
    return False


def _handlers_parse(source: Source, call: Node) -> bool:
    """Whether a short function that the function around a call mentions parses JSON."""
    function = source.program.function(call.at)
    return any(_parser_function(source, at) for at in source.words(call.end, min(function.end, call.end + 2000)))


def _by_line(source: Source, call: Node) -> None:
    """A library that gives a file's lines."""
    if not call.args or call.args[0].kind in ("object", "function"):
        return
    path = call.args[0]
    function = source.program.function(call.at)
    texts = source.with_sites(source.values.texts(path, {}), path)
    around = _joined(source, function.start, function.end)
    name = call.parts[0].name
    if _PARSE.search(around):
        source.add(call, path, "reader", name, "read", ("high", CODE, "parses single lines as JSON"))
    elif named(texts):
        source.add(call, path, "reader", name, "read", ("medium", CODE, "reads a file named for JSON lines"))

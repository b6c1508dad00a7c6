"""Calls of JavaScript that write JSON lines to a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.languages.javascript.handles import Handle, written
from audit.languages.javascript.syntax import Node, dotted
from audit.languages.place import named
from audit.languages.shape import content_verdict, write_risks

if TYPE_CHECKING:
    from audit.languages.javascript.source import Source

CODE = "A101"
LIBRARY = "A103"
_WHOLE = {
    "appendFile": "append",
    "appendFileSync": "append",
    "outputFile": "truncate",
    "outputFileSync": "truncate",
    "writeFile": "truncate",
    "writeFileSync": "truncate",
    "writeTextFile": "truncate",
    "writeTextFileSync": "truncate",
    "writeFileAtomic": "truncate",
    "writeFileAtomicSync": "truncate",
    "append": "append",
    "appendAsync": "append",
    "write": "truncate",
}
"""Functions that take a path and what to write."""
_RECEIVERS = {"write": ("Bun",), "append": ("jetpack", "fs"), "appendAsync": ("jetpack",)}
_OPENERS = ("open", "openSync", "createWriteStream", "writer")


def find(source: Source) -> None:
    """Add the writers of a source to its places."""
    for call in source.calls(*_WHOLE):
        _whole(source, call)
    for call in source.calls(*_OPENERS):
        _opened(source, call)
    for call in source.calls("writeFile", "writeFileSync", "write", "writeJson", "writeJSON", "append"):
        _library(source, call)


def mechanism(source: Source, call: Node) -> str:
    """The name of a call as it is known: ``fs.appendFile``, ``Deno.writeTextFile``, ``Bun.write``."""
    callee = call.parts[0]
    base = dotted(callee).partition(".")[0]
    if base in ("Bun", "Deno", "jetpack"):
        return f"{base}.{callee.name}"
    module = source.program.imports.get(base, ("",))[0]
    return "jsonfile" if module == "jsonfile" else f"fs.{callee.name}"


def _whole(source: Source, call: Node) -> None:
    callee, args = call.parts[0], call.args
    name = callee.name
    receiver = dotted(callee.parts[0]) if callee.kind == "member" else ""
    if len(args) < 2 or (name in _RECEIVERS and receiver not in _RECEIVERS[name]):
        return
    if callee.kind == "name" and source.values.functions(callee) and callee.name not in source.program.imports:
        return
    if (
        _is_jsonfile(source, callee)
        or _holds_handle(source, args[0])
        or _holds_handle(source, callee.parts[0] if callee.parts else args[0])
    ):
        return
    mode = "append" if _appends(source, args[2:]) else _WHOLE[name]
    texts = source.with_sites(source.values.texts(args[0], {}), args[0])
    letters = source.letters(args[1], call.at)
    verdict = content_verdict(letters, mode, promised=named(texts), loop=False)
    if verdict:
        why = (verdict[0], CODE, verdict[1])
        source.add(call, args[0], "writer", mechanism(source, call), mode, why, write_risks([letters]))


def _opened(source: Source, call: Node) -> None:
    callee, args = call.parts[0], call.args
    name = callee.name
    how = mechanism(source, call)
    if name == "writer":
        inner = callee.parts[0] if callee.kind == "member" else callee
        if inner.kind != "call" or dotted(inner.parts[0]) != "Bun.file" or not inner.args:
            return
        path, mode, how = inner.args[0], "truncate", "Bun.file.writer"
    elif not args or args[0].kind in ("object", "function"):
        return
    else:
        path = args[0]
        mode = "append" if _appends(source, args[1:]) else "truncate"
        if name in ("open", "openSync") and mode == "truncate" and not _truncates(source, args[1:]):
            return
    if name == "open" and how == "fs.open" and callee.kind == "name" and source.values.functions(callee):
        return
    holder = source.holder(call) or _callback_name(source, call)
    writes, loop = written(source, Handle(call, holder))
    letters = "".join(writes)
    texts = source.with_sites(source.values.texts(path, {}), path)
    promised = named(texts)
    if name == "createWriteStream" and not letters and promised:
        why = ("low", CODE, "opens a file named for JSON lines; what is written was not found")
        source.add(call, path, "writer", how, mode, why)
        return
    verdict = content_verdict(letters, mode, promised=promised, loop=loop)
    if verdict:
        source.add(call, path, "writer", how, mode, (verdict[0], CODE, verdict[1]), write_risks(writes))


def _callback_name(source: Source, call: Node) -> str:
    """The second parameter of a callback, as in ``fs.open(path, "a", (err, fd) => …)``."""
    if call.args and call.args[-1].kind == "function":
        function = call.args[-1]
        for scope in source.program.scopes:
            if function.at <= scope.start < function.end:
                return next((p.name for p in scope.params.values() if p.position == 1), "")
    return ""


def _appends(source: Source, args: list[Node]) -> bool:
    """Whether options or flags mean append."""
    for arg in args:
        for each in [arg, *source.values.chase(arg)]:
            if each.kind == "string" and re.fullmatch(r"a[sx]?\+?|as\+", each.name):
                return True
            flag = each.get("flags") or each.get("flag")
            if flag is not None and any(text.text.startswith("a") for text in source.values.texts(flag, {})):
                return True
            append = each.get("append")
            if append is not None and append.name == "true":
                return True
            if "O_APPEND" in dotted(each):
                return True
    return False


def _truncates(source: Source, args: list[Node]) -> bool:
    for arg in args:
        for each in [arg, *source.values.chase(arg)]:
            if each.kind == "string" and each.name.startswith("w"):
                return True
            if any(value is not None and value.name == "true" for value in (each.get("write"), each.get("truncate"))):
                return True
    return False


def _holds_handle(source: Source, node: Node) -> bool:
    """Whether a name holds what ``open`` gave."""
    if node.kind not in ("name", "member"):
        return False
    ends = source.values.chase(node)
    return any(end.kind == "call" and end.parts[0].name in ("open", "openSync") for end in ends)


def _is_jsonfile(source: Source, callee: Node) -> bool:
    base = dotted(callee).partition(".")[0]
    return source.program.imports.get(base, ("",))[0] == "jsonfile" or base == "jsonfile"


def _library(source: Source, call: Node) -> None:
    """Libraries that put one document and a newline behind what a file has."""
    callee, args = call.parts[0], call.args
    module = source.program.imports.get(dotted(callee).partition(".")[0], ("",))[0]
    if _is_jsonfile(source, callee) and len(args) > 2 and _appends(source, args[2:]):
        options = [each for arg in args[2:] for each in source.values.chase(arg)]
        if not any(each.get("spaces") for each in options):
            source.add(
                call, args[0], "writer", "jsonfile", "append", ("high", LIBRARY, "appends a document and a newline")
            )
    elif re.search(r"ndjson|jsonl(?!int)|json-lines|jsonlines", module) and len(args) > 1 and callee.name != "write":
        source.add(call, args[0], "writer", module, "truncate", ("medium", LIBRARY, "a JSON lines library call"))

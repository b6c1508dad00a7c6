"""Loggers of JavaScript whose files are JSON lines: pino, winston, bunyan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.languages.javascript.syntax import Node, dotted
from audit.languages.place import Text, named
from audit.languages.shape import DOCUMENT

if TYPE_CHECKING:
    from audit.languages.javascript.source import Source

CODE = "A102"
_PINO = "pino writes one JSON document per line"
_TRANSPORTS = frozenset({"File", "DailyRotateFile"})


def find(source: Source) -> None:
    """Add the loggers of a source to its places."""
    for call in source.calls("destination", "transport", "pino"):
        if dotted(call.parts[0]).partition(".")[0] in ("pino", "Pino"):
            _pino(source, call)
    for call in source.calls(*_TRANSPORTS):
        _winston(source, call)
    for call in source.calls("createLogger"):
        _bunyan(source, call)


def _pino(source: Source, call: Node) -> None:
    if call.parts[0].name == "destination":
        _destination(source, call)
        return
    for arg in call.args:
        for options in source.values.chase(arg):
            transport = options if call.parts[0].name == "transport" else options.get("transport")
            for each in _targets(source, transport):
                target, inner = each.get("target"), each.get("options")
                if target is None or inner is None or target.name not in ("pino/file", "pino-roll"):
                    continue
                path = inner.get("destination") or inner.get("file")
                if path is not None and path.kind != "number" and path.name not in ("1", "2"):
                    source.add(call, path, "writer", "pino.transport", "append", ("high", CODE, _PINO))


def _destination(source: Source, call: Node) -> None:
    path: Node | None = call.args[0] if call.args else None
    for options in source.values.chase(path) if path else ():
        if options.kind == "object":
            path = options.get("dest")
    if path is None or path.kind in ("number", "other") or "stdout" in dotted(path):
        return
    source.add(call, path, "writer", "pino.destination", "append", ("high", CODE, _PINO))


def _targets(source: Source, transport: Node | None) -> list[Node]:
    if transport is None:
        return []
    found = []
    for each in source.values.chase(transport):
        several = each.get("targets")
        found += [*several.parts] if several is not None and several.kind == "array" else [each]
    return [end for each in found for end in source.values.chase(each) if end.kind == "object"]


def _winston(source: Source, call: Node) -> None:
    callee = dotted(call.parts[0])
    if "transports" not in callee and "winston" not in source.text and "DailyRotateFile" not in callee:
        return
    options = next((each for arg in call.args for each in source.values.chase(arg) if each.kind == "object"), None)
    name = options.get("filename") if options else None
    if options is None or name is None:
        return
    texts = source.values.texts(name, {})
    folder = options.get("dirname")
    if folder is not None:
        texts = tuple(
            Text(f"{a.text.rstrip('/')}/{b.text}", a.params | b.params)
            for a in source.values.texts(folder, {})
            for b in texts
        )
    texts = tuple(Text(text.text.replace("%DATE%", "{date}"), text.params) for text in texts)
    given = options.get("format") or _logger_format(source, call)
    verdict = _formatted(source, given)
    if verdict is None and named(texts):
        verdict = "low", "its file is named for JSON lines"
    if verdict:
        source.add(call, texts, "writer", "winston.transports.File", "append", (verdict[0], CODE, verdict[1]))


def _logger_format(source: Source, call: Node) -> Node | None:
    """The format of the logger that a transport belongs to, or of the only one in the source."""
    for maker in source.calls("createLogger"):
        options = next((each for arg in maker.args for each in source.values.chase(arg)), None)
        inside = maker.at <= call.at < maker.end
        found = options.get("format") if options else None
        if found is not None and (inside or len(source.program.called.get("createLogger", ())) == 1):
            return found
    return None


def _formatted(source: Source, given: Node | None) -> tuple[str, str] | None:
    """Confidence and reason when a format of winston gives JSON; its default does."""
    if given is None:
        return "medium", "winston's own format is JSON"
    for each in [given, *source.values.chase(given)]:
        calls = [each, *each.parts[1:]] if each.kind == "call" else [each]
        names = [dotted(part.parts[0]).rpartition(".")[2] if part.kind == "call" else part.name for part in calls]
        printed = [part for part in calls if part.kind == "call" and part.parts[0].name == "printf" and part.args]
        if any(source.contents.mapped(part.args[0], {}, 0).strip() == DOCUMENT for part in printed):
            return "high", "its printf format gives one JSON document per line"
        if names and ("json" in names or "logstash" in names or "ecsFormat" in names) and not printed:
            return "high", "its format is JSON"
    return None


def _bunyan(source: Source, call: Node) -> None:
    if dotted(call.parts[0]).partition(".")[0] != "bunyan":
        return
    for arg in call.args:
        for options in source.values.chase(arg):
            streams = options.get("streams")
            for stream in streams.parts if streams is not None and streams.kind == "array" else []:
                path = stream.get("path")
                if path is not None:
                    why = ("high", CODE, "bunyan writes one JSON document per line")
                    source.add(call, path, "writer", "bunyan", "append", why)

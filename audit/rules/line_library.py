"""A library reads or writes JSON lines.

``jsonlines.open``, ``to_json(…, lines=True)``, ``read_json(…, lines=True)``, ``write_ndjson``, ``read_ndjson``,
``scan_ndjson``.
"""

from __future__ import annotations

import ast

CODE = "A103"
NAMES = {"write_ndjson": "truncate", "sink_ndjson": "truncate", "read_ndjson": "read", "scan_ndjson": "read"}


def check(call: ast.Call) -> tuple[ast.expr, str] | None:
    """The file and the mode when a call is one of these; ``None`` when it is not."""
    func = call.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if not call.args:
        return None
    if name in NAMES:
        return call.args[0], NAMES[name]
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    lines = keywords.get("lines")
    if name in ("to_json", "read_json") and isinstance(lines, ast.Constant) and lines.value is True:
        given = keywords.get("mode")
        append = isinstance(given, ast.Constant) and given.value == "a"
        return call.args[0], "read" if name == "read_json" else "append" if append else "truncate"
    if name == "open" and isinstance(func, ast.Attribute) and getattr(func.value, "id", "") == "jsonlines":
        mode = keywords.get("mode") or (call.args[1] if len(call.args) > 1 else None)
        text = str(mode.value) if isinstance(mode, ast.Constant) else "r"
        return call.args[0], "append" if "a" in text else "truncate" if set("wx") & set(text) else "read"
    return None

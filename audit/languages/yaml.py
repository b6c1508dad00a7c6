"""Shell and other scripts inside YAML: workflows, pipelines, compose files, manifests.

Read line by line, so that a script keeps its lines: the value of a key that holds commands (``run``, ``script``,
``command``, …) is a script. No document is built, and a file that is no proper YAML is read as far as it goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_KEY = re.compile(r"""(?P<dash>(?:-\s+)*)(?P<key>[\w.$/-]+|"[^"\n]*"|'[^'\n]*')\s*:(?:\s+(?P<value>.*)|\s*)$""")
_ITEM = re.compile(r"(?P<dash>(?:-\s+)+)(?P<value>.*)$")
_BLOCK = re.compile(r"(?:&\w+\s+|!\S+\s+)*([|>])[-+\d]*\s*(?:\#.*)?$")
_SHELL = frozenset(
    "run script before_script after_script command commands args entrypoint cmd cmds shell bash sh exec entry test"
    " preStop postStart install deploy build inline".split()
)
_POWERSHELL = frozenset({"powershell", "pwsh", "win_shell"})
_VARIABLES = frozenset({"env", "environment", "variables", "vars", "x-env"})


@dataclass(frozen=True, slots=True)
class Script:
    """A script in a YAML file.

    Args:
        language: ``shell``, ``powershell``, ``python`` or ``javascript``.
        line: The line on which it begins.
        text: Its text, indentation removed.
    """

    language: str
    line: int
    text: str

    @property
    def placed(self) -> str:
        """The text behind as many empty lines as stand before it in the file."""
        return "\n" * (self.line - 1) + self.text


@dataclass(frozen=True, slots=True)
class _Value:
    line: int
    indent: int
    keys: tuple[str, ...]
    text: str
    item: int

    @property
    def mapping(self) -> tuple[tuple[str, ...], int, int]:
        """What is the same for all keys of one mapping."""
        return self.keys[:-1], self.indent, self.item


def scripts(text: str) -> tuple[list[Script], dict[str, str]]:
    """The scripts of a file, and the variables that it gives them.

    Args:
        text: The file.
    """
    values = list(_values(text.split("\n")))
    variables: dict[str, str] = {}
    for each in values:
        if len(each.keys) > 1 and each.keys[-2] in _VARIABLES and "\n" not in each.text:
            variables.setdefault(each.keys[-1], _unquoted(each.text))
        elif each.keys and each.keys[-1] in _VARIABLES and (found := re.match(r"(\w+)=(.*)", _unquoted(each.text))):
            variables.setdefault(found[1], found[2])
    made: list[Script] = []
    shells = {each.mapping: _unquoted(each.text) for each in values if each.keys[-1:] == ("shell",)}
    for each in values:
        language = _language(each, shells)
        if language:
            made.append(Script(language, each.line, _evaluated(_script(each.text))))
    return made, variables


def _language(value: _Value, shells: dict[tuple[tuple[str, ...], int, int], str]) -> str:
    key = next((key for key in reversed(value.keys) if key != "-"), "")
    if key in _POWERSHELL:
        return "powershell"
    if key not in _SHELL or (key == "shell" and re.fullmatch(r"\w+", value.text)):
        return ""
    if key == "script" and "with" in value.keys[-2:]:
        return "javascript"
    shell = shells.get(value.mapping, "")
    if shell.startswith("python"):
        return "python"
    return "powershell" if shell.startswith(("pwsh", "powershell")) else "shell"


def _values(lines: list[str]) -> list[_Value]:
    """Every scalar with the keys that lead to it."""
    found: list[_Value] = []
    stack: list[tuple[int, str]] = []
    items: dict[int, int] = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        bare = line.strip()
        at += 1
        if not bare or bare.startswith(("#", "---", "...")):
            continue
        indent = len(line) - len(line.lstrip())
        match = _KEY.match(bare) or _ITEM.match(bare)
        if match is None:
            continue
        outer = indent if match["dash"] else indent - 1
        indent += len(match["dash"])
        key = match.groupdict().get("key")
        stack = [each for each in stack if each[0] <= outer]
        if match["dash"]:
            items[indent] = at
        if key:
            stack.append((indent, key.strip("\"'")))
        keys = tuple(name for _, name in stack)
        value = (match["value"] or "").strip()
        block = _BLOCK.match(value)
        if block:
            behind, body = _block(lines, at, indent if key else outer)
            found.append(_Value(at + 1, indent, keys, _folded(body) if block[1] == ">" else body, items.get(indent, 0)))
            at = behind
        elif value:
            found.append(_Value(at, indent, keys, value, items.get(indent, 0)))
    return found


def _block(lines: list[str], at: int, outer: int) -> tuple[int, str]:
    """The lines of a block that stand deeper than its key, without that indentation, and the index behind them."""
    start = at
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > outer):
        at += 1
    body = lines[start:at]
    depth = min((len(line) - len(line.lstrip()) for line in body if line.strip()), default=0)
    return at, "\n".join(line[depth:] for line in body) + "\n"


def _folded(body: str) -> str:
    """A folded block as a script on the same lines: what YAML joins with a space, a backslash joins."""
    return re.sub(r"(?<=\S)\n(?=\S)", " \\\\\n", body)


def _script(text: str) -> str:
    """The command that a value on one line is: quotes go, a list in brackets is its words, quoted."""
    if "\n" in text:
        return text
    if text.startswith("["):
        words = re.findall(r"""\"((?:[^"\\]|\\.)*)\"|'((?:[^']|'')*)'|([^\s,\[\]]+)""", text)
        plain = [_unescaped(one) or two.replace("''", "'") or three for one, two, three in words]
        return " ".join(
            "'" + each.replace("'", "'\\''") + "'" if re.search(r"[^\w./-]", each) else each for each in plain
        )
    return _unquoted(text)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _unescaped(text[1:-1])
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return re.sub(r"\s+#.*$", "", text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text)


def _evaluated(text: str) -> str:
    """Expressions such as ``${{ env.NAME }}`` as variables of the shell."""
    return re.sub(
        r"\$\{\{\s*(?:[\w.-]+\.)?([A-Za-z_]\w*)[^}]*\}\}|\$\$(?=\w|\{)",
        lambda found: f"${{{found[1]}}}" if found[1] else "$",
        text,
    )

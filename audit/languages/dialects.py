"""Makefiles, Dockerfiles and batch files: their commands as a shell script, each on the line where it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAKE_VARIABLE = re.compile(r"^(?:export\s+)?([A-Za-z_]\w*)\s*(?:\?|::?|\+)?=\s*(.*?)\s*(?:#.*)?$")
_DOCKER = re.compile(r"^\s*(RUN|CMD|ENTRYPOINT|HEALTHCHECK|SHELL|ENV|ARG)\s+(.*)$", re.IGNORECASE)
_DOCKER_OPTIONS = re.compile(r"^(?:--\S+\s+)*(?:CMD\s+)?", re.IGNORECASE)
_SET = re.compile(r'^@?set\s+(?:/a\s+)?(?:"([A-Za-z_]\w*)=(.*)"|([A-Za-z_]\w*)=(.*))$', re.IGNORECASE)
_ECHO = re.compile(r"^@?\(?\s*echo[ .:](.*?)\)?\s*(>>?)\s*(\"[^\"]*\"|[^\s&|)]+)\s*$", re.IGNORECASE)
_ECHO_BEHIND = re.compile(r"^@?\(?(>>?)\s*(\"[^\"]*\"|\S+)\s+echo[ .:](.*?)\)?$", re.IGNORECASE)
_FOR_FILE = re.compile(r'^for\s+/f\b.*?\bin\s*\(\s*"?([^"()\']+?)"?\s*\)\s*do\b(.*)$', re.IGNORECASE)


def makefile(text: str) -> str:
    """The recipes and variables of a Makefile as a shell script.

    Args:
        text: The Makefile.
    """
    made: list[str] = []
    continued = False
    for line in text.split("\n"):
        variable = _MAKE_VARIABLE.match(line)
        if line.startswith("\t") or continued:
            command = line.lstrip("\t") if continued else re.sub(r"^[\t ]*[@+-]*", "", line)
            made.append(_make_references(command))
            continued = line.endswith("\\")
        elif variable and not variable[2].startswith("$(shell"):
            made.append(f"{variable[1]}=" + '"' + _make_references(variable[2].rstrip("\\")).replace('"', '\\"') + '"')
        else:
            made.append("")
    return "\n".join(made)


def _make_references(command: str) -> str:
    command = re.sub(r"\$\(shell ([^()]*)\)", r"$(\1)", command.replace("$$", "\0"))
    return re.sub(r"\$\((\w+)\)", r"${\1}", command).replace("\0", "$")


def dockerfile(text: str) -> str:
    """The commands and variables of a Dockerfile as a shell script.

    Args:
        text: The Dockerfile.
    """
    made: list[str] = []
    continued, document = False, ""
    for line in text.split("\n"):
        found = _DOCKER.match(line)
        if document:
            made.append(line)
            document = "" if line.strip() == document else document
            continue
        if continued:
            made.append("\\" if line.lstrip().startswith("#") else line)
        else:
            made.append(_docker(found[1].upper(), found[2]) if found else "")
        continued = made[-1].rstrip().endswith("\\")
        opened = re.search(r"<<-?\s*[\"']?(\w+)", made[-1])
        document = opened[1] if opened else ""
    return "\n".join(made)


def _docker(word: str, rest: str) -> str:
    if word in ("ENV", "ARG"):
        return re.sub(r"^(\w+)\s+(?!.*=)(.*)$", r'\1="\2"', rest)
    rest = _DOCKER_OPTIONS.sub("", rest)
    if rest.startswith("<<"):
        return "sh " + rest
    listed = re.findall(r'"((?:[^"\\]|\\.)*)"', rest) if rest.startswith("[") else []
    if listed:
        quoted = [each.replace('\\"', '"').replace("'", "'\\''") for each in listed]
        return " ".join(f"'{each}'" if re.search(r"[^\w./-]", each) else each for each in quoted)
    return rest


def batch(text: str) -> str:
    """The commands of a batch file of Windows as a shell script.

    Args:
        text: The batch file.
    """
    made: list[str] = []
    for raw in text.split("\n"):
        line = raw.strip()
        if re.match(r"(?:@?rem\b|::|:\w)", line, re.IGNORECASE):
            made.append("")
        elif found := _SET.match(line):
            made.append(f'{(found[1] or found[3]).upper()}="{_batch(found[2] or found[4] or "")}"')
        elif found := _ECHO.match(line):
            made.append(_echoed(found[1], found[2], found[3]))
        elif found := _ECHO_BEHIND.match(line):
            made.append(_echoed(found[3], found[1], found[2]))
        elif found := _FOR_FILE.match(line):
            made.append(f'cat "{_batch(found[1])}"')
        else:
            command = re.sub(r"^@?type\b", "cat", _batch(line), flags=re.IGNORECASE).lstrip("@(")
            made.append(re.sub(r"[12]?>\s*nul\b", "> /dev/null", command, flags=re.IGNORECASE))
    return "\n".join(made)


def _echoed(text: str, sign: str, file: str) -> str:
    body = re.sub(r"\^(.)", r"\1", text.rstrip())
    body = re.sub(r"[%!](\w+)[%!]", "x", body).replace("'", "'\\''")
    return f"echo '{body}' {sign} \"" + _batch(file).strip('"') + '"'


def _batch(text: str) -> str:
    """Variables and paths of a batch file as a shell has them."""
    text = re.sub(r"\^(.)", r"\1", text)
    text = re.sub(r"%~dp0\\?", "$(dirname $0)/", text, flags=re.IGNORECASE)
    text = re.sub(r"%~?(\d)", r"${\1}", text)
    text = re.sub(r"[%!](\w+)(?::[^%!]*)?[%!]", lambda found: f"${{{found[1].upper()}}}", text)
    return re.sub(r"\\(?=[\w${])", "/", text)


DIALECTS: dict[str, Callable[[str], str]] = {"make": makefile, "dockerfile": dockerfile, "batch": batch}
"""What turns a file into a shell script, by its language."""

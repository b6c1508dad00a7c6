"""The library of questions: those that come with the package, and those of the user's own folder.

A question is a file `NAME.sql`: its first line is a sentence, then come its parameters, then one statement.

    -- Which agents did most.
    -- param since: time = 1d -- from when on
    -- param limit: number = 20 -- how many agents
    SELECT agent_id, count(*) AS events FROM {events timestamp, agent_id!} WHERE timestamp >= :since …

Kinds of parameters: `text`, `number`, `time` (a time, or a span such as 7d for so long ago), `table` and `field`, which
stand in the statement as `{name}`. A part in `[[ ]]`, on one line, is left out where the parameter in it has no value.
`{part NAME}`, on a line of its own, is what several questions share: the file `parts/NAME.sql` with its parameters.
What else stands in braces is told in `engines/sqlite/template.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry_store.engines.sqlite.template import QUESTIONS, expand, tables_of
from telemetry_store.errors import UsageError
from telemetry_store.reading.timeline import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

    from telemetry_store.schema import Table

__all__ = ["Parameter", "Question", "find", "library", "tables_of"]

#: The line of a parameter, the line of a part, a part in `[[ ]]` with the parameter in it, and a name.
_PARAMETER = re.compile(r"--\s*param\s+(\w+)\s*:\s*(text|number|time|table|field)\s*=\s*(.*?)\s*(?:--\s*(.*))?")
_PART = re.compile(r"^ *\{part (\w+)\}", re.MULTILINE)
_OPTIONAL = re.compile(r"\[\[(.*?:(\w+).*?)\]\]")
_NAME = re.compile(r"\w+", re.ASCII)
#: Kinds of parameters that stand in the statement as a name.
_INSERTED = ("table", "field")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a question: its kind, its default as text, and what it means."""

    name: str
    kind: str
    default: str
    meaning: str

    def value(self, text: str) -> Any:
        """What a text of the user stands for; UsageError when it is not of this kind."""
        if self.kind == "time":
            return moment(text)
        if self.kind == "number":
            try:
                return float(text) if "." in text else int(text)
            except ValueError:
                raise UsageError(f"{self.name} is a number, not {text!r}") from None
        if self.kind in _INSERTED and not _NAME.fullmatch(text):
            raise UsageError(f"{self.name} is the name of a {self.kind}, not {text!r}")
        return text


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the name of its file, what it asks, its statement with braces, and whether it is the package's."""

    name: str
    sentence: str
    parameters: tuple[Parameter, ...]
    text: str
    own: bool

    @classmethod
    def parse(cls, name: str, text: str, *, own: bool) -> Question:
        """The question of a file; UsageError when its first line is no sentence."""
        lines = _PART.sub(lambda part: _part(part[1]), text).splitlines()
        if not lines or not lines[0].startswith("--"):
            raise UsageError(f"the question {name} does not begin with a sentence", "-- What it asks.")
        matches = filter(None, (_PARAMETER.fullmatch(line.strip()) for line in lines))
        parameters = tuple(Parameter(*match.groups(default="")) for match in matches)
        body = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip().rstrip(";")
        return cls(name, lines[0].lstrip("- ").strip(), parameters, body, own)

    @property
    def by_table(self) -> bool:
        """Whether it reads each table by itself, so that tables may be left out."""
        return "{each" in self.text

    def statement(self, tables: Mapping[str, Table], arguments: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """The SQL for a database with these tables, and its parameters.

        Args:
            tables: name → table.
            arguments: parameters that differ from their defaults.

        Raises:
            UsageError: a parameter is unknown or of the wrong kind, or the tables lack what the question needs.
        """
        sql, values = self.fitted(tables, arguments)
        return _OPTIONAL.sub(lambda part: part[1] if values.get(part[2]) else "", sql), values

    def fitted(self, tables: Mapping[str, Table], arguments: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """The same for those who decide later about the parts in `[[ ]]`; see statement()."""
        known = sorted(parameter.name for parameter in self.parameters)
        if unknown := arguments.keys() - set(known):
            hint = f"it has {', '.join(known) or 'none'}"
            raise UsageError(f"{self.name} has no parameter {', '.join(sorted(unknown))}", hint)
        values: dict[str, Any] = {}
        inserted: dict[str, str] = {}
        for parameter in self.parameters:
            value = parameter.value(arguments.get(parameter.name, parameter.default))
            (inserted if parameter.kind in _INSERTED else values)[parameter.name] = value
            if parameter.kind == "table" and value not in tables:
                hint = f"name another one with --param {parameter.name}=TABLE; `telemetry schema` lists them"
                raise UsageError(f"{self.name} asks the table {value}, which is not there", hint)
        return expand(self.text, tables, inserted, self.name), values


def library(folder: Path | str | None = None) -> dict[str, Question]:
    """All questions by name; those of the `.sql` files in the user's folder win.

    Raises:
        UsageError: the folder is not there, or a file in it is no question.
    """
    if folder is None:
        return dict(_ours())
    if not Path(folder).is_dir():
        raise UsageError(f"there is no folder {folder} with questions")
    return dict(sorted((_ours() | _in(Path(folder), own=False)).items()))


@cache
def _ours() -> dict[str, Question]:
    return dict(sorted(_in(QUESTIONS, own=True).items()))


def _in(folder: Traversable, *, own: bool) -> dict[str, Question]:
    texts = {path.name[:-4]: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name[-4:] == ".sql"}
    return {name: Question.parse(name, text, own=own) for name, text in texts.items()}


def _part(name: str) -> str:
    path = QUESTIONS.joinpath("parts", f"{name}.sql")
    if not path.is_file():
        raise UsageError(f"there is no part {name!r} of questions")
    return path.read_text(encoding="utf-8")


def find(name: str, folder: Path | str | None = None) -> Question:
    """The question of this name; UsageError when there is none."""
    if question := library(folder).get(name):
        return question
    raise UsageError(f"there is no question {name!r}", "`telemetry query --list` lists them")

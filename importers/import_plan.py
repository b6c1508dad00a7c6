"""The plan, `telemetry.toml`: which files go into which table, and what becomes of their fields."""

from __future__ import annotations

import glob
import os
import re
import tomllib
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from telemetry_store import USUAL_TIME, EventTable, TimeRule, UsageError, check_table_name

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A field of the path in a glob.
_FIELD = re.compile(r"\{([a-z_]\w*)\}")
#: Keys of a table's section that declare it, and all that may stand there.
_DECLARED = frozenset({"columns", "indexes", "dedupe_key", "new_keys", "required", "doc"})
_KEYS = _DECLARED | {"sources", "timestamp", "timezone", "rename"}


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What is to become of the events of one table; a name alone where there is no plan.

    Attributes:
        sources: globs, relative to the plan's folder; `{field}` takes a field from the path.
        timestamp: the field that says when; empty where the usual names do.
        timezone: of times that name none; None for UTC.
        rename: field → its name in the table.
        declared: columns, indexes, key and documentation; None where the plan says nothing of them.
    """

    name: str
    sources: tuple[str, ...] = ()
    timestamp: str = ""
    timezone: ZoneInfo | None = None
    rename: dict[str, str] = field(default_factory=dict)
    declared: EventTable | None = None

    def times(self) -> TimeRule:
        """Where an event of this table says when it was."""
        if not self.timestamp and self.timezone is None:
            return USUAL_TIME
        return TimeRule(self.rename.get(self.timestamp, self.timestamp), self.timezone or UTC)

    def renamed(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event with new names; a field keeps its name where the new one is taken already."""
        renamed: dict[str, Any] = {}
        for name, value in event.items():
            new = self.rename.get(name, name)
            renamed[name if new in event or new in renamed else new] = value
        return renamed


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was read.

    Attributes:
        folder: where its globs start: the file's own, or its `root`.
    """

    folder: Path
    tables: tuple[TablePlan, ...]

    def files(self) -> Iterator[tuple[Path, TablePlan, dict[str, str]]]:
        """Every file that a glob matches, once, with its table and the fields from its path, table by table.

        Where several globs match a file, the one with the most certain letters has it.
        """
        owners: dict[Path, tuple[TablePlan, dict[str, str]]] = {}
        for table, source in self._sources():
            pattern = _pattern(source)
            for name in sorted(glob.glob(_FIELD.sub("*", source), recursive=True)):
                path = Path(name)
                if path not in owners and path.is_file() and (match := pattern.fullmatch(path.as_posix())):
                    owners[path] = table, match.groupdict()
        for table in self.tables:
            yield from ((path, owner, taken) for path, (owner, taken) in owners.items() if owner is table)

    def of(self, path: Path) -> tuple[TablePlan, dict[str, str]] | None:
        """The table of a file and the fields from its path; None where no glob matches."""
        wanted = Path(os.path.abspath(path)).as_posix()
        for table, source in self._sources():
            if match := _pattern(source).fullmatch(wanted):
                return table, match.groupdict()
        return None

    def _sources(self) -> list[tuple[TablePlan, str]]:
        """Tables with their globs as absolute paths, those that say most first."""
        start = os.path.abspath(self.folder)
        globs = [
            (table, Path(os.path.normpath(os.path.join(start, os.path.expanduser(source)))).as_posix())
            for table in self.tables
            for source in table.sources
        ]
        return sorted(globs, key=lambda pair: -len(re.sub(r"\{[^}]*\}|\*", "", pair[1])))


@lru_cache(maxsize=1024)
def _pattern(source: str) -> re.Pattern[str]:
    """A glob with fields as a regular expression; a field named twice must be the same in both places."""
    text, seen = "", set[str]()
    for part in re.split(r"(\{[a-z_]\w*\}|\[!?\]?[^\]/]*\]|\*\*/|\*\*|\*|\?)", source):
        name = part[1:-1]
        if part.startswith("{") and part.endswith("}"):
            text += f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)"
            seen.add(name)
        elif part.startswith("[") and part.endswith("]"):
            letters = re.sub(r"[\\\[\]^&~|]", r"\\\g<0>", name.removeprefix("!"))
            text += f"[^{letters}]" if name.startswith("!") else f"[{letters}]"
        else:
            text += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
    return re.compile(text)


def load(file: Path) -> Plan:
    """Read a plan, a TOML file with sections `[tables.NAME]`.

    Raises:
        UsageError: it is missing, is no TOML, or says something that makes no sense.
    """
    try:
        with file.open("rb") as handle:
            content = tomllib.load(handle)
    except OSError as error:
        raise UsageError(f"cannot read the plan {file}: {error.strerror}", "make one with `telemetry plan`") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: {error}", "repair the TOML") from error
    tables = content.get("tables", {})
    if not tables:
        raise UsageError(f"{file} has no [tables.NAME]", "make a plan with `telemetry plan`")
    start = content.get("root", ".")
    if not isinstance(start, str):
        raise UsageError(f"{file}: root is the folder where the globs start", 'such as ".."')
    return Plan(file.parent / start, tuple(_table(file, name, said) for name, said in tables.items()))


def _table(file: Path, name: str, said: dict[str, Any]) -> TablePlan:
    where = f"{file}: [tables.{name}]"
    if unknown := said.keys() - _KEYS:
        raise UsageError(f"{where}: unknown {', '.join(sorted(unknown))}", f"known are {', '.join(sorted(_KEYS))}")
    sources = said.get("sources", [])
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        raise UsageError(f"{where}: sources is a list of globs", 'such as ["logs/{agent}/*.jsonl"]')
    rename = said.get("rename", {})
    if not isinstance(rename, dict) or not all(isinstance(name, str) for name in rename.values()):
        raise UsageError(f"{where}: rename gives a field its name in the table", 'such as { ts = "timestamp" }')
    try:
        zone = ZoneInfo(said["timezone"]) if "timezone" in said else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"{where}: no time zone is called {said['timezone']!r}", "such as Europe/Berlin") from error
    spec: dict[str, Any] = {key: said[key] for key in _DECLARED & said.keys()}
    declared = EventTable.from_dict({"name": name, **spec}) if spec else None
    return TablePlan(check_table_name(name), tuple(sources), said.get("timestamp", ""), zone, rename, declared)

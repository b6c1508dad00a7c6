"""Where a file goes: into which table, and in what form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .discover import files_in, table_for
from .import_plan import TablePlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from .import_plan import Plan


@dataclass(frozen=True, slots=True)
class Route:
    """Where one file goes.

    Attributes:
        path: of the file, absolute.
        plan: of its table.
        taken: fields from its path; a field of the event itself counts more.
    """

    path: Path
    plan: TablePlan
    taken: dict[str, str] = field(default_factory=dict)

    def shape(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event in its table's form."""
        event = self.plan.renamed(event) if self.plan.rename else event
        return self.taken | event if self.taken else event

    def shaping(self) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
        """The same as a function; None where events go into the table as they are."""
        return self.shape if self.taken or self.plan.rename else None


def route_of(path: Path, plan: Plan | None, table: str | None = None) -> Route:
    """Where a file goes: by the name given, by the plan, or by its own name."""
    planned = plan.of(path) if plan is not None and table is None else None
    return Route(path.absolute(), *(planned or (TablePlan(table or table_for(path)),)))


def routes(paths: Iterable[Path], plan: Plan | None, table: str | None) -> Iterator[Route]:
    """The routes of files and of all JSONL files below folders; without any, of every file that the plan names."""
    paths = list(paths)
    if paths or plan is None:
        yield from (route_of(path, plan, table) for path in files_in(paths))
    else:
        yield from (Route(path.absolute(), table_plan, taken) for path, table_plan, taken in plan.files())

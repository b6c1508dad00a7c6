"""Which events are meant: a window of time and conditions such as `agent_id=agent_3`; and what is given back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telemetry_store.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORM = re.compile(r"\s*([^=!<>~]+?)\s*(!=|>=|<=|=|<|>|~)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Condition:
    """One field compared with one value.

    Attributes:
        field: of the event.
        operator: "=", "!=", "<", "<=", ">", ">=", or "~" for "contains".
        value: as text; it is compared as a number with columns of numbers.
    """

    field: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """The condition that a text such as `agent_id=agent_3` stands for; raises UsageError for any other text."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(f"{text!r} is not a condition", "use FIELD=VALUE; also !=, <, <=, >, >= and ~ (contains)")
        return cls(*match.groups())


@dataclass(frozen=True, slots=True)
class Window:
    """Which events of every table.

    Attributes:
        since: from this time on, canonical text; None: from the first.
        until: before this time; None: to the last.
        where: all of these must hold.
    """

    since: str | None = None
    until: str | None = None
    where: Sequence[Condition] = ()


#: All events.
EVERYTHING = Window()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event and its place.

    Attributes:
        timestamp: canonical text, or an empty string in a table without times.
        table: its table.
        id: its row number; 0 in a table without them.
        event: as it was recorded.
    """

    timestamp: str
    table: str
    id: int
    event: dict[str, Any]

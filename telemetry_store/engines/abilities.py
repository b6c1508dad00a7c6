"""What an engine may offer beyond the contracts of `base.py`; `engines/__init__.py` says which engine offers what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from telemetry_store.engines.base import Sink
    from telemetry_store.schema import Table

#: A row as ageing gives it: its number, and then the columns of its table in their order.
NumberedRow = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Aged:
    """A table with old rows.

    Attributes:
        table: the table; it has a time.
        number: the name of its row numbers.
        rows: how many are old.
    """

    table: Table
    number: str
    rows: int


class Ageing(ABC):
    """Finds old rows. Only rows whose time has the canonical form are ever taken for old.

    Of a table of others, whose numbers the engine might give out again, the row with the highest number stays.
    """

    @property
    @abstractmethod
    def sink(self) -> Sink:
        """What the turns write through, for the drain whose lock is held meanwhile."""

    @abstractmethod
    def prepare(self) -> None:
        """Do what the first turn would need time for while nobody else can write."""

    @abstractmethod
    def table(self, name: str) -> Table:
        """One event table.

        Raises:
            UsageError: there is none of this name, or its rows have neither time nor number.
        """

    @abstractmethod
    def aged(self, cutoff: str, name: str | None) -> list[Aged]:
        """Event tables with rows before the cutoff, and how many.

        Args:
            cutoff: in the canonical form.
            name: only this table; None is every table that this store made.

        Raises:
            UsageError: see table().
        """

    @abstractmethod
    def oldest(self, table: Table, cutoff: str) -> str | None:
        """The time of the oldest row before the cutoff."""

    @abstractmethod
    def rows(self, table: Table, span: tuple[str, str], limit: int, portion: int) -> Iterator[list[NumberedRow]]:
        """The oldest rows of a span of time, its end excluded, in portions."""

    @abstractmethod
    def turn(self, wait: float) -> AbstractContextManager[Turn]:
        """One small transaction of the sink."""


class Turn(ABC):
    """What is done to old rows in one transaction, with the ledger `_pruned` of it."""

    @abstractmethod
    def begin(self, table: str, cutoff: str, folder: str = "", file: str = "") -> int:
        """Write an entry of the ledger; gives its number."""

    @abstractmethod
    def seal(self, entry: int, rows: int, content_hash: str) -> None:
        """Say that a file is complete: from here on its rows are the archive's."""

    @abstractmethod
    def end(self, entry: int) -> None:
        """Say that all rows of an entry that may go are gone from the table."""

    @abstractmethod
    def forget(self, entry: int) -> None:
        """Remove an entry whose file was never complete."""

    @abstractmethod
    def oldest(self, table: Table, cutoff: str, limit: int) -> list[int]:
        """The numbers of the oldest rows before the cutoff."""

    @abstractmethod
    def rows(self, table: Table, numbers: Sequence[int]) -> list[NumberedRow]:
        """Those of the rows that are still there."""

    @abstractmethod
    def delete(self, table: Table, numbers: Sequence[int], entry: int) -> None:
        """Delete rows, and count them."""

    @abstractmethod
    def keep(self, numbers: Sequence[int], entry: int) -> None:
        """Note which rows of a file are in the table in another form: there they stay, and there they count."""

"""Which rows are old, how they go, and the ledger `_pruned` of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from telemetry_store.engines.abilities import Aged, Ageing, Turn
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.catalogue import SqliteCatalogue
from telemetry_store.engines.sqlite.migrations import pending
from telemetry_store.engines.sqlite.reader import reading
from telemetry_store.engines.sqlite.statements import exists
from telemetry_store.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telemetry_store.engines.abilities import NumberedRow
    from telemetry_store.engines.base import Transaction
    from telemetry_store.engines.sqlite.open import Connection, Cursor
    from telemetry_store.engines.sqlite.transaction import SqliteTransaction
    from telemetry_store.schema import Table

_DAY, _TIME = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]", "[0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
#: What the canonical form of a time looks like, for GLOB.
_CANONICAL = f"{_DAY}T{_TIME}.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00"
_KEPT = 'SELECT value FROM _pruned, json_each(_pruned.kept) WHERE "table" = :table'


class SqliteAgeing(Ageing):
    """See `Ageing`.

    Args:
        path: the database file.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def prepare(self) -> None:
        with reading(self._path) as reader:
            if pending(reader.connection):
                import sqlite_utils  # noqa: F401 - takes long, and the migration needs it

    def table(self, name: str) -> Table:
        with reading(self._path) as reader:
            return _event_table(reader.catalogue, name)

    def aged(self, cutoff: str, name: str | None) -> list[Aged]:
        with reading(self._path) as reader:
            names = sorted(reader.catalogue.own) if name is None else [name]
            tables = [_event_table(reader.catalogue, name) for name in names]
            counts = [_select(reader.connection, "count(*)", table, ("", cutoff)).fetchone()[0] for table in tables]
        return [Aged(table, rows) for table, rows in zip(tables, counts, strict=True) if rows]

    def oldest(self, table: Table, cutoff: str) -> str | None:
        time = quoted(str(table.time))
        with reading(self._path) as reader:
            row = _select(reader.connection, time, table, ("", cutoff), f"ORDER BY {time} LIMIT 1").fetchone()
        return None if row is None else str(row[0])

    def rows(self, table: Table, span: tuple[str, str], limit: int, portion: int) -> Iterator[list[NumberedRow]]:
        order = f"ORDER BY {quoted(str(table.time))}, rowid LIMIT {limit:d}"
        with reading(self._path) as reader:
            cursor = _select(reader.connection, _columns(table), table, span, order)
            while rows := cursor.fetchmany(portion):
                yield rows

    def turn(self, transaction: Transaction) -> SqliteTurn:
        return SqliteTurn(cast("SqliteTransaction", transaction).connection)


class SqliteTurn(Turn):
    """See `Turn`.

    Args:
        connection: with a write transaction begun.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, table: str, cutoff: str, folder: str = "", file: str = "") -> int:
        cursor = self._connection.execute(
            "INSERT INTO _pruned (\"table\", cutoff, folder, file, state) VALUES (?, ?, ?, ?, 'writing')",
            (table, cutoff, folder, file),
        )
        return int(cursor.lastrowid or 0)

    def seal(self, entry: int, rows: int, content_hash: str) -> None:
        change = "UPDATE _pruned SET state = 'sealed', rows = ?, content_hash = ? WHERE id = ?"
        self._connection.execute(change, (rows, content_hash, entry))

    def end(self, entry: int) -> None:
        self._connection.execute("UPDATE _pruned SET state = 'done' WHERE id = ?", (entry,))

    def forget(self, entry: int) -> None:
        self._connection.execute("DELETE FROM _pruned WHERE id = ?", (entry,))

    def oldest(self, table: Table, cutoff: str, limit: int) -> list[int]:
        order = f"ORDER BY {quoted(str(table.time))} LIMIT {limit:d}"
        return [number for (number,) in _select(self._connection, "rowid", table, ("", cutoff), order)]

    def rows(self, table: Table, numbers: Sequence[int]) -> list[NumberedRow]:
        listed = ", ".join(f"{number:d}" for number in numbers)
        select = f"SELECT {_columns(table)} FROM {quoted(table.name)} WHERE rowid IN ({listed})"
        return self._connection.execute(select).fetchall()

    def delete(self, table: Table, entry: int, numbers: Sequence[int], kept: Sequence[int] = ()) -> None:
        delete = f"DELETE FROM {quoted(table.name)} WHERE rowid = ?"
        self._connection.executemany(delete, [(number,) for number in numbers])
        self._connection.execute("UPDATE _pruned SET deleted = deleted + ? WHERE id = ?", (len(numbers), entry))
        keep = "UPDATE _pruned SET kept = json_insert(kept, '$[#]', ?) WHERE id = ?"
        self._connection.executemany(keep, [(number, entry) for number in kept])


def _event_table(catalogue: SqliteCatalogue, name: str) -> Table:
    if name not in catalogue.written:
        raise UsageError(f"{name} is no event table", "`telemetry stats` lists the tables")
    table = catalogue.tables[name]
    if table.time is None or not table.numbered:
        raise UsageError(f"the rows of {name} have no time or no number", "it cannot be pruned")
    return table


def _columns(table: Table) -> str:
    return ", ".join(["rowid", *map(quoted, table.columns)])


def _select(connection: Connection, what: str, table: Table, span: tuple[str, str], order: str = "") -> Cursor:
    """Select from the rows that may go whose time is in a span, its end excluded."""
    name, time = quoted(table.name), quoted(str(table.time))
    conditions = [f"{time} >= :start", f"{time} < :end", f"{time} GLOB '{_CANONICAL}'"]
    if exists(connection, "_pruned"):  # not before the first prune of an old database
        conditions.append(f"rowid NOT IN ({_KEPT})")
    if SqliteCatalogue(connection).reuses_numbers(table.name):
        conditions.append(f"rowid < (SELECT max(rowid) FROM {name})")
    values = {"start": span[0], "end": span[1], "table": table.name}
    return connection.execute(f"SELECT {what} FROM {name} WHERE {' AND '.join(conditions)} {order}", values)

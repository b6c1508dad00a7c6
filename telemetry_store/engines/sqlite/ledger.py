"""The accounts of a transaction: `_sources` and `_rejects`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from telemetry_store.batch import Reject
from telemetry_store.engines.base import Ledger, Source
from telemetry_store.engines.names import quoted
from telemetry_store.engines.sqlite.definitions import NOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telemetry_store.engines.sqlite.open import Connection

#: The columns of `_sources` that a Source has.
_FIELDS = tuple(Source.__dataclass_fields__)
_NAMES = ", ".join(map(quoted, _FIELDS))


class SqliteLedger(Ledger):
    """See `Ledger`; the connection has a write transaction begun."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sources(self) -> list[Source]:
        names = ", ".join(quoted(name) for name in _FIELDS if name != "recent")
        return [Source(*row) for row in self._connection.execute(f"SELECT {names} FROM _sources ORDER BY id")]

    def source(self, path: str, generation: int) -> Source | None:
        select = f"SELECT {_NAMES} FROM _sources WHERE path = ? AND generation = ?"
        row = self._connection.execute(select, (path, generation)).fetchone()
        return Source(*row) if row is not None else None

    def save_source(self, source: Source) -> None:
        marks = ", ".join("?" * len(_FIELDS))
        updates = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in _FIELDS)
        self._connection.execute(
            f"INSERT INTO _sources ({_NAMES}) VALUES ({marks}) ON CONFLICT (path, generation) "
            f"DO UPDATE SET {updates}, updated_at = {NOW}",
            [getattr(source, name) for name in _FIELDS],
        )

    def reject(self, rejects: Iterable[Reject]) -> None:
        self._connection.executemany(
            'INSERT INTO _rejects (source, offset, "table", reason, raw) VALUES (?, ?, ?, ?, ?)',
            [(reject.source, reject.offset, reject.table, reject.reason, reject.raw) for reject in rejects],
        )

    def take_rejects(self, ids: Sequence[int] | None) -> list[tuple[int, Reject]]:
        chosen = "id IN (SELECT value FROM json_each(?))" if ids is not None else "? IS NULL"
        parameters = [None if ids is None else json.dumps(list(ids))]
        select = f'SELECT id, source, offset, "table", reason, raw FROM _rejects WHERE {chosen} ORDER BY id'
        taken = [(row[0], Reject(*row[1:])) for row in self._connection.execute(select, parameters)]
        self._connection.execute(f"DELETE FROM _rejects WHERE {chosen}", parameters)
        return taken

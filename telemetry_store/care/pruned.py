"""The ledger `_pruned`: what pruning took out of the tables, and which file of an archive it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from telemetry_store.care.aged import EventRows
    from telemetry_store.care.archive import Written


def note(connection: sqlite3.Connection, table: str, cutoff: str, folder: str = "", file: str = "") -> int:
    """Write an entry of the ledger; returns its number."""
    cursor = connection.execute(
        "INSERT INTO _pruned (\"table\", cutoff, folder, file, state) VALUES (?, ?, ?, ?, 'writing')",
        (table, cutoff, folder, file),
    )
    return int(cursor.lastrowid or 0)


def seal(connection: sqlite3.Connection, entry: int, written: Written) -> None:
    """Say that a file is complete: from here on its rows are the archive's."""
    connection.execute(
        "UPDATE _pruned SET state = 'sealed', rows = ?, content_hash = ? WHERE id = ?",
        (written.rows, written.content_hash, entry),
    )


def delete_rows(connection: sqlite3.Connection, events: EventRows, numbers: Sequence[int], entry: int) -> None:
    """Delete rows, and count them."""
    if not numbers:
        return
    connection.executemany(f"DELETE FROM {quoted(events.table)} WHERE rowid = ?", [(number,) for number in numbers])
    connection.execute("UPDATE _pruned SET deleted = deleted + ? WHERE id = ?", (len(numbers), entry))


def keep_rows(connection: sqlite3.Connection, numbers: Sequence[int], entry: int) -> None:
    """Note which rows of a file are in the table in another form: there they stay, and there they count."""
    connection.executemany(
        "UPDATE _pruned SET kept = json_insert(kept, '$[#]', ?) WHERE id = ?", [(number, entry) for number in numbers]
    )

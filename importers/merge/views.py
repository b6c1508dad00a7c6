"""Views under old names, so that old code goes on reading and, where asked, writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.shape import Shape


def make_view(name: str, table: Shape, *, writable: bool) -> tuple[str, *tuple[tuple[str, str], ...]]:
    """The statements for a view under an old name.

    Args:
        name: the old name.
        table: under its new name.
        writable: with triggers that write through.

    Returns:
        CREATE VIEW; then, for each trigger, its event and all of CREATE TRIGGER after the name.
    """
    columns = ", ".join(quoted(column.name) for column in table.columns)
    view = f"CREATE VIEW {quoted(name)} AS SELECT {columns} FROM {quoted(table.name)}"
    return (view, *_triggers(name, table)) if writable else (view,)


def _triggers(name: str, table: Shape) -> tuple[tuple[str, str], ...]:
    """INSERT, UPDATE and DELETE on the view do the same to the table.

    A trigger cannot tell a column that was left out from one that is null, so null takes the column's default.
    """
    view, target = quoted(name), quoted(table.name)
    given = [
        f"NEW.{quoted(column.name)}"
        if column.default is None
        else f"coalesce(NEW.{quoted(column.name)}, {column.default})"
        for column in table.columns
        if not column.generated
    ]
    stored = [quoted(column) for column in table.stored]
    assignments = ", ".join(f"{column} = NEW.{column}" for column in stored)
    row = _row(table)
    insert = f"INSERT INTO {target} ({', '.join(stored)}) VALUES ({', '.join(given)});"
    return (
        ("insert", f"INSTEAD OF INSERT ON {view} BEGIN {insert} END"),
        ("update", f"INSTEAD OF UPDATE ON {view} BEGIN UPDATE {target} SET {assignments} WHERE {row}; END"),
        ("delete", f"INSTEAD OF DELETE ON {view} BEGIN DELETE FROM {target} WHERE {row}; END"),
    )


def _row(table: Shape) -> str:
    """The condition that finds the row which the view showed."""
    if table.key:
        return " AND ".join(f"{quoted(name)} IS OLD.{quoted(name)}" for name in table.key)
    same = " AND ".join(f"{quoted(name)} IS OLD.{quoted(name)}" for name in table.stored)
    number = table.row_number
    if number is None:
        return same
    return f"{number} = (SELECT {number} FROM {quoted(table.name)} WHERE {same} LIMIT 1)"

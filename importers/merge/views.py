"""Views under old names, so that old code goes on reading and, where asked, writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.engines.names import quoted

if TYPE_CHECKING:
    from telemetry_store.engines.sqlite.shape import Shape


def view_sql(name: str, table: Shape) -> str:
    """CREATE VIEW under an old name, of the table under its new one."""
    columns = ", ".join(quoted(column.name) for column in table.columns)
    return f"CREATE VIEW {quoted(name)} AS SELECT {columns} FROM {quoted(table.name)}"


def triggers_of(name: str, table: Shape) -> dict[str, str]:
    """Name → CREATE TRIGGER, of what lets INSERT, UPDATE and DELETE on the view do the same to the table.

    A trigger cannot tell a column that was left out from one that is null, so null takes the column's default.
    """
    view, target, row = quoted(name), quoted(table.name), _row(table)
    stored = [(f"NEW.{quoted(column.name)}", column) for column in table.columns if not column.generated]
    columns = ", ".join(map(quoted, table.stored))
    values = ", ".join(
        new if column.default is None else f"coalesce({new}, {column.default})" for new, column in stored
    )
    assignments = ", ".join(f"{quoted(column.name)} = {new}" for new, column in stored)
    statements = {
        "insert": f"INSERT INTO {target} ({columns}) VALUES ({values})",
        "update": f"UPDATE {target} SET {assignments} WHERE {row}",
        "delete": f"DELETE FROM {target} WHERE {row}",
    }
    return {
        f"{name}_{event}": f"CREATE TRIGGER {quoted(f'{name}_{event}')} INSTEAD OF {event} ON {view} BEGIN {sql}; END"
        for event, sql in statements.items()
    }


def _row(table: Shape) -> str:
    """The condition that finds the row which the view showed."""
    same = " AND ".join(f"{quoted(name)} IS OLD.{quoted(name)}" for name in table.key or table.stored)
    number = table.row_number
    if table.key or number is None:
        return same
    # several rows may be the same: only one of them is meant
    return f"{number} = (SELECT {number} FROM {quoted(table.name)} WHERE {same} LIMIT 1)"

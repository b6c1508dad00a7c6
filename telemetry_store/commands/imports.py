"""The command that imports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, Exit, Json, fresh, opened, progress

_COLUMNS = ("path", "table", "read", "imported", "duplicate", "rejected", "blank", "status")


Encoding = Annotated[
    str, typer.Option("--encoding", help="Of text that is not UTF-8 and has no byte order mark, such as latin-1.")
]


def import_(
    paths: Annotated[list[Path], typer.Argument(help="JSONL files, or folders that hold some.")],
    table: Annotated[str | None, typer.Option("--table", help="The table for all of them; else by file name.")] = None,
    encoding: Encoding = "",
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Import JSONL files, each line exactly once; what cannot be stored goes to _rejects.

    Example: telemetry import logs/ --table chat_messages
    """
    from importers import import_paths

    with opened(db, env, reading=False) as store, progress() as bar:
        found = import_paths(store, paths, table=table, encoding=encoding, progress=bar)
    rows = [each.as_dict() for each in found]
    if json:
        print(terminal.as_json(rows))
    else:
        print(terminal.table([{name: row[name] for name in _COLUMNS} for row in rows]))
        total = {name: sum(row[name] for row in rows) for name in _COLUMNS[2:7]}
        print("\n" + ", ".join(f"{count} {name}" for name, count in total.items()) + f" in {len(rows)} files")


def verify(
    paths: Annotated[list[Path] | None, typer.Argument(help="Imported files; all of them when none is given.")] = None,
    encoding: Encoding = "",
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Rebuild every imported event from its row and compare it with the file; exit status 1 on a difference.

    Example: telemetry verify logs/chat.jsonl
    """
    import importers

    with opened(db, env) as store, progress() as bar:
        fresh(store)
        found = importers.verify(store, paths or (), encoding=encoding, progress=bar)
    rows = [each.as_dict() for each in found]
    if json:
        print(terminal.as_json(rows))
    else:
        print(terminal.table(rows))
        total = {name: sum(row[name] for row in rows) for name in ("events", "equal", "dropped", "missing", "rejected")}
        print("\n" + ", ".join(f"{count} {name}" for name, count in total.items()) + f" in {len(rows)} files")
    if any(each.status in ("different", "changed") for each in found):
        raise typer.Exit(Exit.FINDINGS)

"""Commands that ask: query, stats, schema."""

from __future__ import annotations

import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telemetry_store import settings as settings_module
from telemetry_store import terminal
from telemetry_store.commands.options import Db, Env, Json, fresh, fresh_reader, opened, warn
from telemetry_store.reading.questions import find, library, tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.reading.questions import Question
    from telemetry_store.store import TelemetryStore

#: Rows of a table that people are shown.
_MOST_SHOWN = 10_000


def query(
    sql: Annotated[str | None, typer.Argument(help="One SELECT statement; parameters as :name.")] = None,
    named: Annotated[str | None, typer.Option("--named", help="Ask a question of the library instead.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the library's questions.")] = False,
    param: Annotated[list[str] | None, typer.Option("--param", help="NAME=VALUE; may be given several times.")] = None,
    questions: Annotated[Path | None, typer.Option("--questions", help="A folder with questions of your own.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    parquet: Annotated[Path | None, typer.Option("--parquet", help="Write a Parquet file instead.")] = None,
    archive: Annotated[str | None, typer.Option("--archive", help="Ask an archive too, in DuckDB's SQL.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.0, help="Stop it after so many seconds.")] = 30.0,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Run one read-only SQL statement, or a question of the library; events still in the spool are included.

    Example: telemetry query "SELECT agent_id, count(*) FROM permission_events GROUP BY 1"

    Example: telemetry query --named busiest_agents --param since=7d --json

    Example: telemetry query --list
    """
    folder = questions or settings_module.load(db, env=env).questions or None
    if list_:
        _list(library(folder), json=json)
        return
    if (sql is None) == (named is None):
        raise typer.BadParameter("give one SQL statement, or --named NAME", param_hint="SQL")
    parameters = _parameters(param or [])
    with opened(db, env) as store:
        fresh(store)
        if archive is not None:
            batches = _archived(store, archive, sql)
        elif named is not None:
            batches = _named(store, find(named, folder), parameters, timeout)
        else:
            values = {name: _value(text) for name, text in parameters.items()}
            batches = _stream(store, str(sql), values, timeout)
        _show(batches, json, csv, parquet)


def _archived(store: TelemetryStore, archive: str, sql: str | None) -> Iterator[Any]:
    from telemetry_store.reading.archive_reader import ask_both

    if sql is None:
        raise typer.BadParameter("an archive is asked in SQL", param_hint="--archive")
    rows = ask_both(store.settings, archive, sql)
    yield tuple(rows[0]) if rows else ()
    yield [tuple(row.values()) for row in rows]


def _named(store: TelemetryStore, question: Question, parameters: dict[str, str], timeout: float) -> Iterator[Any]:
    with store.reader() as reader:
        sql, values = question.statement(tables_of(reader), parameters)
        if question.own:
            rows = reader.trusted(sql, values, timeout)
            yield rows.columns
            yield [tuple(row.values()) for row in rows]
        else:
            yield from reader.stream(sql, values, timeout)


def _stream(store: TelemetryStore, sql: str, values: dict[str, Any], timeout: float) -> Iterator[Any]:
    with store.reader() as reader:
        yield from reader.stream(sql, values, timeout)


def _list(questions: dict[str, Question], *, json: bool) -> None:
    if json:
        rows = [{"name": question.name, "asks": question.sentence,
                 "parameters": {parameter.name: parameter.default for parameter in question.parameters}}
                for question in questions.values()]  # fmt: skip
        print(terminal.as_json(rows))
        return
    for question in questions.values():
        print(f"{question.name:26}{question.sentence}")
        for parameter in question.parameters:
            print(f"{'':26}{parameter.name}={parameter.default}  {parameter.meaning}")


def _parameters(texts: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if any(not mark for _, mark, _ in pairs):
        raise typer.BadParameter("use NAME=VALUE, such as since=7d", param_hint="--param")
    return {name: value for name, _, value in pairs}


def _value(text: str) -> int | float | str:
    """A number where the text is one as SQLite would write it, else the text."""
    for kind in (int, float):
        try:
            number: int | float = kind(text)
        except ValueError:
            continue
        if str(number) == text:
            return number
    return text


def _show(batches: Iterator[Any], json: bool, csv: bool, parquet: Path | None) -> None:  # noqa: FBT001
    """Print or write a result, some rows at a time."""
    from telemetry_store.reading.export import write_csv, write_parquet

    columns = tuple(next(batches))
    rows = (row for batch in batches for row in batch)
    if parquet is not None:
        print(f"{write_parquet(str(parquet), columns, rows)} rows in {parquet}")
    elif csv:
        write_csv(sys.stdout, columns, rows)
    elif json:
        sys.stdout.writelines(terminal.json_list(dict(zip(columns, row, strict=True)) for row in rows))
        print()
    else:
        shown = [dict(zip(columns, map(terminal.brief, row), strict=True)) for row in islice(rows, _MOST_SHOWN)]
        print(terminal.table(shown))
        if next(rows, None) is not None:
            warn(f"these are the first {_MOST_SHOWN} rows; --json, --csv and --parquet give all")


def stats(
    hours: Annotated[int, typer.Option("--hours", min=1, max=240, help="How many hours the bars show.")] = 24,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Show the tables with rows, span and a bar for each hour, sizes, the backlog, and rejects by reason.

    Example: telemetry stats --hours 48
    """
    from telemetry_store.reading.statistics import sparkline, statistics

    with opened(db, env) as store:
        figures = statistics(store, timeout=fresh(store), hours=hours)
    if json:
        print(terminal.as_json(figures))
        return
    rows = [{**table, "hours": sparkline(table["hours"])} for table in figures["tables"]]
    print(terminal.table(rows))
    print(
        f"\n{figures['rows']} rows in {figures['database']}, {terminal.size(figures['size_bytes'])}; log "
        f"{terminal.size(figures['wal_bytes'])}; spool {terminal.size(figures['backlog_bytes'])} in "
        f"{figures['backlog_segments']} segments; {figures['imported_files']} imported files"
    )
    if figures["hours_until"]:
        print(f"the bars are the {hours} hours until {figures['hours_until']}:00 UTC")
    for label in ("rejects", "drops"):
        for reason, count in figures[label].items():
            print(f"{label}: {count} × {reason}")


def schema(
    table: Annotated[str | None, typer.Argument(help="Only this table.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a data dictionary.")] = False,
    db: Db = None,
    env: Env = None,
    json: Json = False,
) -> None:
    """Show every table and column: what it means, its type, where it comes from.

    Example: telemetry schema --markdown
    """
    from telemetry_store.reading import dictionary

    with fresh_reader(db, env) as reader:
        tables = [known for known in dictionary.describe(reader) if table in (None, known.table)]
    if table is not None and not tables:
        raise typer.BadParameter(f"there is no table {table}", param_hint="TABLE")
    if json:
        print(terminal.as_json([asdict(known) for known in tables]))
    else:
        print(dictionary.as_markdown(tables) if markdown else dictionary.as_text(tables))

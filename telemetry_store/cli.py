"""The `telemetry` command: the only place, besides the demo, that knows all packages."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":  # `python -m telemetry_store.cli`: its path begins with the working directory
    from telemetry_store.import_path import trusted

    sys.path[:] = trusted(sys.path)
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store.commands import audits, care, dashboard, exports, imports, merge, reading, timelines
from telemetry_store.commands.options import Exit, warn
from telemetry_store.errors import DatabaseError, SpoolError, TelemetryError
from telemetry_store.import_path import provide_tools

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
                  context_settings={"max_content_width": 120},
                  help="From scattered JSONL files to one indexed database.")  # fmt: skip
#: In the order in which somebody new meets them.
_COMMANDS: dict[str, Callable[..., None]] = {
    "audit": audits.audit,
    "plan": audits.plan,
    "import": imports.import_,
    "rejects": imports.rejects,
    "verify": imports.verify,
    "follow": imports.follow,
    "merge": merge.merge,
    "query": reading.query,
    "timeline": timelines.timeline,
    "tail": timelines.tail,
    "search": timelines.search,
    "stats": reading.stats,
    "schema": reading.schema,
    "export": exports.export,
    "dashboard": dashboard.dashboard,
    "report": dashboard.report,
    "drain": care.drain,
    "doctor": care.doctor,
    "backup": care.backup,
    "restore": care.restore,
    "prune": care.prune,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)


@app.command()
def demo(folder: Annotated[Path, typer.Argument(help="A new folder for it.")] = Path("telemetry-demo")) -> None:
    """Show the whole road on a small sample project: audit, import, query, record from many processes.

    Example: telemetry demo
    """
    from telemetry_store.demo import run

    run(folder)


def main() -> None:
    """Run the command; errors become one line and an exit status."""
    provide_tools()
    try:
        app(standalone_mode=True)
    except TelemetryError as error:
        warn(f"error: {error}")
        sys.exit(Exit.UNREACHABLE if isinstance(error, DatabaseError | SpoolError) else Exit.USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more to say, and no complaint at exit
        sys.exit(Exit.GOOD)


if __name__ == "__main__":
    main()

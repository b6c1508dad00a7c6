"""Commands about code: audit, plan."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from telemetry_store import Progress, terminal
from telemetry_store.commands.options import Exit, Json, progress_bar, warn
from telemetry_store.worker import Worker, start_program

if TYPE_CHECKING:
    from audit import Report

#: The folder of the audit's cache, below the root of the codebase.
_CACHE = ".telemetry_cache"
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="A folder or glob to leave out.")]
Cache = Annotated[bool, typer.Option("--cache/--no-cache", help=f"Keep results in PATH/{_CACHE} for the next time.")]


class Format(StrEnum):
    """How an audit is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"


Arguments = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH [-- COMMAND…]", help="The root of a codebase; with --trace, what to run. Or: explain CODE."
    ),
]
Profile = Annotated[bool, typer.Option(help="Look into the files on disk too.")]
Form = Annotated[Format, typer.Option("--format", help="How to print it.")]
Output = Annotated[Path | None, typer.Option("--output", help="Write it there instead.")]
Baseline = Annotated[
    Path | None, typer.Option("--baseline", help="Exit status 1 on writers that this file does not know.")
]
WriteBaseline = Annotated[
    bool, typer.Option("--write-baseline", help="Write the writers of today into the --baseline file.")
]
Figures = Annotated[
    Path | None, typer.Option("--audit-report", help="Also write the consolidation decision's figures there.")
]
Trace = Annotated[bool, typer.Option("--trace", help="Run COMMAND and bring in which files it really writes.")]


def audit(
    arguments: Arguments,
    exclude: Exclude = None,
    profile: Profile = True,
    form: Form = Format.TEXT,
    output: Output = None,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = False,
    audit_report: Figures = None,
    trace: Trace = False,
    cache: Cache = True,
    json: Json = False,
) -> None:
    """Find the JSONL writers and readers of a codebase, with the risk of each target.

    Python, JavaScript, TypeScript, shell, PowerShell, scripts in YAML, and notebooks.

    Example: telemetry audit . --format json --output audit.json

    Fail on new writers only: telemetry audit . --baseline known.json

    Run a program, bring in which files it and its Python children open, and end with its status:
    telemetry audit . --trace --output seen.txt -- python app.py --its-option

    What a code means: telemetry audit explain A301
    """
    path, *rest = arguments
    if path == "explain" and len(rest) <= 1:
        _explain(rest[0] if rest else "")
        return
    if bool(rest) != trace:
        raise typer.BadParameter("use --trace -- COMMAND…, both or neither", param_hint="--trace")
    if write_baseline and baseline is None:
        raise typer.BadParameter("say which file with --baseline FILE", param_hint="--write-baseline")
    report = _audited(Path(path), exclude, profile=profile, cache=cache)
    status = 0
    if trace:
        report, status = _traced(report, rest)
    text = _formed(report, Format.JSON if json else form)
    if audit_report is not None:
        import audit as auditor

        audit_report.write_text(terminal.as_json(auditor.as_audit_report(report)) + "\n", encoding="utf-8")
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    elif baseline is None or json or form is not Format.TEXT:
        print(text)
    if baseline is not None:
        _ratchet(report, baseline, write=write_baseline)
    if status:
        raise typer.Exit(status)


def plan(
    path: Annotated[Path, typer.Argument(help="The root of a codebase.")] = Path(),
    output: Annotated[Path, typer.Option("--output", help="The folder for the plan.")] = Path("telemetry-plan"),
    exclude: Exclude = None,
    cache: Cache = True,
    json: Json = False,
) -> None:
    """Draft what a team reviews: telemetry.toml, schema.sql, strategy.md, checklist.json.

    Running it again keeps what people edited and says what is new.

    Example: telemetry plan . --output migration
    """
    import audit as auditor

    report = _audited(path, exclude, profile=True, cache=cache)
    try:
        files = auditor.write_plan(report, output)
    except ValueError as error:  # a telemetry.toml that is no TOML, a checklist that is none
        raise typer.BadParameter(f"{error}; repair it, or choose another folder", param_hint="--output") from error
    if json:
        print(terminal.as_json({"written": files.written, "kept": files.kept, "added": files.added}))
        return
    for file in files.written:
        print(f"wrote {file}")
    for file in files.kept:
        print(f"kept  {file}, which was edited; the new text is in {file.name}.new")
    print(f"{len(files.added)} new tables" + (": " + ", ".join(files.added) if files.added else ""))


def _explain(code: str) -> None:
    import audit as auditor

    try:
        print(auditor.explain(code))
    except KeyError as error:
        raise typer.BadParameter(str(error.args[0]), param_hint="CODE") from error


def _audited(path: Path, exclude: list[str] | None, *, profile: bool, cache: bool) -> Report:
    import audit as auditor

    if not path.is_dir():
        raise typer.BadParameter(f"{path} is not a directory", param_hint="PATH")
    with progress_bar() as draw:
        step = (lambda done, total: draw(Progress("audit", done, total, unit="sources"))) if draw is not None else None
        folder = path / _CACHE if cache else None
        return auditor.audit(path, exclude=exclude or (), profile=profile, progress=step, cache=folder, start=Worker)


def _traced(report: Report, command: list[str]) -> tuple[Report, int]:
    """The report with what a run showed, and the status to end with: the program's, or 128 and the signal's number."""
    import audit.trace as tracer

    try:
        trace = tracer.run(command, Path(report.root), start_program)
    except OSError as error:
        raise typer.BadParameter(f"cannot run {command[0]}: {error.strerror or error}", param_hint="COMMAND") from error
    for note in trace.notes:
        warn(f"trace: {note}")
    if trace.status:
        warn(f"trace: the command ended with status {trace.status}")
    return tracer.merge(report, trace), trace.status if trace.status >= 0 else 128 - trace.status


def _formed(report: Report, form: Format) -> str:
    import audit as auditor

    if form is Format.TEXT:
        return report.as_text().rstrip("\n")
    if form is Format.MARKDOWN:
        return auditor.as_markdown(report).rstrip("\n")
    return terminal.as_json(report.as_dict() if form is Format.JSON else auditor.as_sarif(report))


def _ratchet(report: Report, baseline: Path, *, write: bool) -> None:
    """Write the baseline, or say what is new beside it; standard error, since a report may go to standard output."""
    import audit as auditor

    if write:
        warn(f"{baseline}: {auditor.write_baseline(report, baseline)} writers")
        return
    try:
        comparison = auditor.compare(report, baseline)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; make one with --write-baseline", param_hint="--baseline") from error
    bare = {writer.id for writer in comparison.bare}
    for writer in comparison.new:
        hint = " (its waiver gives no reason)" if writer.id in bare else ""
        warn(f"{writer.path}:{writer.line}: new writer of {writer.target}{hint}")
    counts = f"{len(comparison.new)} new, {len(comparison.gone)} gone, {len(comparison.waived)} waived"
    warn(f"{baseline}: {counts} writers")
    if comparison.new:
        warn("use store.record(…), or add `# audit: allow REASON`, or accept them all with --write-baseline")
        raise typer.Exit(Exit.FINDINGS)

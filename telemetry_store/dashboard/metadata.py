"""What Datasette is told about a database: descriptions, facets, order, canned queries, the dashboard."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard.survey import QUESTIONS
from telemetry_store.dashboard.vega import SLUG, dashboard
from telemetry_store.engines.names import text_of
from telemetry_store.errors import UsageError
from telemetry_store.reading.questions import find, library
from telemetry_store.reading.timeline import moment, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry_store.dashboard.survey import Survey
    from telemetry_store.reading.questions import Question
    from telemetry_store.schema import Table


def metadata(survey: Survey, database: str, window: str, folder: str | None = None) -> dict[str, Any]:
    """Datasette's metadata for one database.

    Args:
        survey: what the database holds.
        database: the name that Datasette serves it under.
        window: shown by the dashboard at first.
        folder: with questions of the user's own; UsageError where it is not there, or a file in it is no question.
    """
    tables: dict[str, Any] = {name: {"hidden": True} for name in (*survey.catalogue.system, "sqlite_sequence")}
    tables |= {name: _described(survey, table) for name, table in survey.tables.items()}
    tables["all_events"] = {"description": "Every event of every table, newest first, as JSON.", "size": 50}
    return {
        "title": "Telemetry",
        "description_html": f'<p><a href="/-/dashboards/{SLUG}">Open the dashboard</a></p>',
        "extra_css_urls": ["/telemetry/dashboard.css"],
        "databases": {database: {"tables": tables, "queries": _canned(survey, folder)}},
        "plugins": {"datasette-dashboards": {SLUG: dashboard(survey, database, window)}},
    }


def _described(survey: Survey, table: Table) -> dict[str, Any]:
    notes = survey.catalogue.notes.items()
    docs = {column: note.doc for (name, column), note in notes if name == table.name and note.doc}
    described: dict[str, Any] = {"description": docs.pop("", ""), "columns": docs}
    if table.time is not None:
        described["facets"] = survey.facets(table)
        described |= {"sort_desc": table.time} if survey.affordable(table) else {}
    return described


def _canned(survey: Survey, folder: str | None) -> dict[str, Any]:
    """Every question that the tables can answer, as a page whose parameters can be changed."""
    names = survey.catalogue.searched()
    searched = {name: table for name, table in survey.tables.items() if name in names}
    asked = [(question, survey.asked(question)) for question in library(folder).values()]
    pages = {}
    for question, tables in [(find("search", QUESTIONS), searched), *asked]:
        with contextlib.suppress(UsageError):  # the tables that it asks are not there
            pages[question.name] = _page(question, tables)
    return dict(sorted(pages.items()))


def _page(question: Question, tables: Mapping[str, Table]) -> dict[str, str]:
    sql, _ = question.statement(tables, {})
    used = [parameter for parameter in question.parameters if f":{parameter.name}" in sql]
    meanings = [
        f"{parameter.name}: {parameter.meaning}" + (f" (else {parameter.default})" if parameter.default else "")
        for parameter in used
    ]
    return {"title": question.sentence, "sql": _with_defaults(question, sql), "description": "; ".join(meanings)}


def _with_defaults(question: Question, sql: str) -> str:
    """The statement with defaults inside: a form of Datasette gives all parameters as text, empty ones as ''."""
    for parameter in question.parameters:
        default = _time(parameter.default) if parameter.kind == "time" else text_of(parameter.default)
        value = f"coalesce(nullif(:{parameter.name}, ''), {default})"
        value = f"({value} + 0)" if parameter.kind == "number" else value
        sql = re.sub(rf":{parameter.name}\b", value.replace("\\", r"\\"), sql)
    return sql


def _time(default: str) -> str:
    """SQL for a default time: one that is relative to now stays so while the server runs."""
    if default == "now":
        return "strftime('%Y-%m-%dT%H:%M:%f', 'now')"
    try:
        return f"strftime('%Y-%m-%dT%H:%M:%f', 'now', '-{seconds(default)} seconds')"
    except UsageError:
        return text_of(moment(default))

"""Canned queries: the library of questions, and what the charts ask, each as a page whose parameters can be changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from telemetry_store.dashboard import queries
from telemetry_store.engines.sqlite.catalogue import SEARCH
from telemetry_store.engines.sqlite.names import quoted, text_of
from telemetry_store.errors import UsageError
from telemetry_store.reading.questions import library
from telemetry_store.reading.timeline import moment, seconds

if TYPE_CHECKING:
    from telemetry_store.dashboard.survey import Survey
    from telemetry_store.reading.questions import Question


def canned(survey: Survey, folder: str | None = None) -> dict[str, Any]:
    """Datasette's canned queries for a database: those that its tables can answer.

    Args:
        survey: what the database holds.
        folder: with questions of the user's own, or None.

    Raises:
        UsageError: the folder is not there, or a file in it is no question.
    """
    own = {
        "newest_errors": ("The newest errors of a window.", queries.latest_errors(survey)),
        "errors_over_time": ("Errors in each bucket of a window, by table.", queries.errors(survey)),
        "events_over_time": ("Events in each bucket of a window, by table.", queries.events(survey)),
        "everything_about_an_agent": ("Everything about an agent, newest first.", _about(survey, "agent_id")),
        "everything_in_a_session": ("Everything in a session, newest first.", _about(survey, "session_id")),
        "search": ("Events that hold all of these words, the most fitting of each table first.", _search(survey)),
    }
    found = {
        name: {"title": title, "sql": queries.without_agent(sql)}
        for name, (title, sql) in own.items()
        if sql is not None
    }
    for name, question in library(folder).items():
        try:
            sql, _ = question.statement(survey.tables, {})
        except UsageError:
            continue  # the tables that it asks are not there
        found[name] = {"title": question.sentence, "sql": _with_defaults(question, sql), **_meanings(question)}
    return dict(sorted(found.items()))


def _about(survey: Survey, column: str) -> str | None:
    if not survey.sources:
        return None
    return (
        f'SELECT timestamp, "table", id, event_type, agent_id, session_id, event FROM all_events '
        f"WHERE {column} = :{column} ORDER BY timestamp DESC LIMIT 500"
    )


def _search(survey: Survey) -> str | None:
    """The tables with a search index; a table's own page has its search beside."""
    arms = []
    for source in survey.sources:
        index, name = quoted(SEARCH + source.name), quoted(source.name)
        if SEARCH + source.name in survey.system:
            arms.append(
                f'SELECT * FROM (SELECT {quoted(source.time)} AS timestamp, {text_of(source.name)} AS "table", '
                f"{name}.rowid AS id, snippet({index}, -1, '[', ']', '…', 16) AS found FROM {index} "
                f"JOIN {name} ON {name}.rowid = {index}.rowid WHERE {index} MATCH escape_fts(:words) "
                "ORDER BY rank LIMIT 100)"
            )
    return "\nUNION ALL\n".join(arms) or None


def _meanings(question: Question) -> dict[str, str]:
    told = [f"{each.name}: {each.meaning} (else {each.default})" for each in question.parameters if each.meaning]
    return {"description": "; ".join(told)} if told else {}


def _with_defaults(question: Question, sql: str) -> str:
    """The statement with defaults inside: a form of Datasette gives all parameters as text, empty ones as ''."""
    for each in question.parameters:
        if each.kind == "number":
            value = f"(coalesce(nullif(:{each.name}, ''), {text_of(each.default)}) + 0)"
        elif each.kind == "time":
            value = f"coalesce(nullif(:{each.name}, ''), {_time(each.default)})"
        else:
            value = f"coalesce(nullif(:{each.name}, ''), {text_of(each.default)})"
        sql = re.sub(rf":{each.name}\b", value.replace("\\", r"\\"), sql)
    return sql


def _time(default: str) -> str:
    """SQL for a default time: one that is relative to now stays so while the server runs."""
    if default == "now":
        return "strftime('%Y-%m-%dT%H:%M:%f', 'now')"
    try:
        return f"strftime('%Y-%m-%dT%H:%M:%f', 'now', '-{seconds(default)} seconds')"
    except UsageError:
        return text_of(moment(default))

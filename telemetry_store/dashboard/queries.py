"""The SQL of every chart, made for the tables that are there.

All of it takes the parameters `:window` ("24 hours", "7 days", "all") and `:until` (a date, or '' for the newest
event); parts in `[[ ]]` are kept when `:agent` has a value and left out otherwise, as datasette-dashboards does it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.names import quoted, text_of
from telemetry_store.reading.faults import EVENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telemetry_store.dashboard.survey import EventSource, Survey

_OPTIONAL = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
_NEVER = "[[ AND :agent IS NULL ]]"  # a table without agents has nothing of any


@cache
def _template(name: str) -> Template:
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return Template(_COMMENT.sub("", text).strip())


def without_agent(sql: str) -> str:
    """The statement for all agents."""
    return _OPTIONAL.sub("", sql)


def for_agent(sql: str) -> str:
    """The statement for the agent that the parameter `:agent` names."""
    return _OPTIONAL.sub(r"\1", sql)


def _union(arms: Iterable[str]) -> str:
    return "\n    UNION ALL\n    ".join(arms)


def span(sources: Iterable[EventSource]) -> str:
    """The common table expression `span`: the ends of the window."""
    tomorrow = "strftime('%Y-%m-%dT%H:%M:%S', 'now', '+1 day')"  # one wrong clock must not empty every chart
    ends = []
    for each in sources:
        time, name = quoted(each.time), quoted(each.name)
        ends.append(
            f"SELECT (SELECT min({time}) FROM {name} WHERE {time} >= '1970') AS oldest, "
            f"(SELECT max({time}) FROM {name} WHERE {time} < {tomorrow}) AS newest"
        )
    return _template("span").substitute(ends=_union(ends))


def _of_agent(source: EventSource) -> str:
    return f"[[ AND {quoted(source.agent)} = :agent ]]" if source.agent else _NEVER


def _between(source: EventSource) -> str:
    return f"{quoted(source.time)} >= {_time(source, 'lo')} AND {quoted(source.time)} <= {_time(source, 'hi')}"


def _time(source: EventSource, text: str) -> str:
    """A time of ours in the form of the table's times."""
    return f"replace({text}, 'T', ' ')" if source.blank else text


def _within(source: EventSource) -> str:
    return f"{_between(source)} {_of_agent(source)}"


def _charted(name: str, survey: Survey, arm: Callable[[EventSource], str | None]) -> str | None:
    """The statement of a template with one arm for each table that has something to say, or None."""
    arms = [text for text in map(arm, survey.drawn) if text is not None]
    return _template(name).substitute(span=span(survey.drawn), names="", arms=_union(arms)) if arms else None


def events(survey: Survey) -> str | None:
    """table, start, finish, events: how many in each minute, hour or day."""
    end = "min(finish, hi || '~')"  # the newest event belongs to the window

    def arm(source: EventSource) -> str:
        time = quoted(source.time)
        return (
            f"SELECT {text_of(source.name)}, start, finish, (SELECT count(*) FROM {quoted(source.name)} WHERE "
            f"{time} >= {_time(source, 'max(start, lo)')} AND {time} < {_time(source, end)} {_of_agent(source)}) "
            "FROM buckets, span"
        )

    return _charted("events", survey, arm)


def bounds(survey: Survey) -> str | None:
    """lo, hi: the ends of the window."""
    ends = ", ".join(f"strftime('%Y-%m-%dT%H:%M:%fZ', {name}) AS {name}" for name in ("lo", "hi"))
    return f"WITH {span(survey.drawn)} SELECT {ends} FROM span" if survey.drawn else None


def total_events(survey: Survey) -> str | None:
    """One figure: the events of the window."""

    def arm(source: EventSource) -> str:
        return f"SELECT (SELECT count(*) FROM {quoted(source.name)} WHERE {_within(source)}) AS n FROM span"

    return _charted("total", survey, arm)


def total_errors(survey: Survey) -> str | None:
    """One figure: the errors of the window."""
    return _of_errors("total", survey, lambda _, rows: f"SELECT count(*) AS n {rows}")


def errors(survey: Survey) -> str | None:
    """table, start, finish, errors: how many in each minute, hour or day."""
    return _of_errors("errors", survey, lambda source, rows: (
        f"SELECT {text_of(source.name)}, strftime(shown, {quoted(source.time)}) {rows}"))  # fmt: skip


def latest_errors(survey: Survey) -> str | None:
    """time, table, agent, message of the newest errors."""

    def arm(source: EventSource, rows: str) -> str:
        agent = quoted(source.agent) if source.agent else "NULL"
        return (
            f"SELECT * FROM (SELECT {quoted(source.time)}, {text_of(source.name)}, {agent}, {source.message} {rows} "
            f"ORDER BY {quoted(source.time)} DESC LIMIT 12)"
        )

    return _of_errors("latest_errors", survey, arm)


def _of_errors(name: str, survey: Survey, arm: Callable[[EventSource, str], str]) -> str | None:
    """The statement of a template whose arms are given the FROM clause of a table's errors."""
    names, arms = [""], []
    for number, source in enumerate(each for each in survey.drawn if each.errors is not None):
        table = quoted(source.name)
        if source.error_types:  # a few values of an index, instead of all rows of the window
            cte = f"types_{number}"
            names.append(_name_list(cte, source.name, EVENT_TYPE))
            bad = f"(SELECT name AS bad FROM {cte} WHERE {str(source.errors).replace(EVENT_TYPE, 'name')})"
            rows = f"FROM span CROSS JOIN {bad} CROSS JOIN {table} WHERE {EVENT_TYPE} = bad AND {_within(source)}"
        else:
            rows = f"FROM span CROSS JOIN {table} WHERE {_within(source)} AND ({source.errors})"
        arms.append(arm(source, rows))
    if not arms:
        return None
    return _template(name).substitute(span=span(survey.drawn), names=",\n".join(names), arms=_union(arms))


def _name_list(cte: str, table: str, column: str) -> str:
    return _template("names").substitute(cte=cte, column=quoted(column), table=quoted(table))


def _with_agents(survey: Survey) -> list[tuple[str, EventSource]]:
    return [(f"names_{number}", each) for number, each in enumerate(survey.drawn) if each.agent_indexed]


def _lists(sources: list[tuple[str, EventSource]]) -> str:
    """Common table expressions with the names of all agents of each table."""
    return "".join(f",\n{_name_list(cte, each.name, str(each.agent))}" for cte, each in sources)


def agents(survey: Survey) -> str | None:
    """agent, table, events, total: the busiest agents of the window."""
    sources = _with_agents(survey)
    if not sources:
        return None
    arms = [
        f"SELECT name, {text_of(each.name)}, (SELECT count(*) FROM {quoted(each.name)} "
        f"WHERE {quoted(str(each.agent))} = name AND {_between(each)}) "
        f"FROM {cte}, span WHERE name IS NOT NULL [[ AND name = :agent ]]"
        for cte, each in sources
    ]
    return _template("agents").substitute(span=span(survey.drawn), names=_lists(sources), arms=_union(arms))


def agent_names(survey: Survey) -> str | None:
    """One column: the names of all agents, for a filter."""
    sources = _with_agents(survey)
    if not sources:
        return None
    names = ",\n".join(_name_list(cte, each.name, str(each.agent)) for cte, each in sources)
    union = " UNION ".join(f"SELECT name FROM {cte}" for cte, _ in sources)
    return f"WITH RECURSIVE {names}\nSELECT name FROM ({union}) WHERE name <> '' ORDER BY name LIMIT 2000"


def agents_seen(survey: Survey) -> str | None:
    """One figure: the agents that have an event in the window."""
    sources = _with_agents(survey)
    arms = [
        f"SELECT name FROM {cte}, span WHERE name IS NOT NULL [[ AND name = :agent ]] AND EXISTS (SELECT 1 "
        f"FROM {quoted(each.name)} WHERE {quoted(str(each.agent))} = name AND {_between(each)})"
        for cte, each in sources
    ]
    if not arms:
        return None
    return _template("agents_seen").substitute(span=span(survey.drawn), names=_lists(sources), arms=_union(arms))


def _beating(survey: Survey) -> list[tuple[str, EventSource]]:
    return [(cte, each) for cte, each in _with_agents(survey) if each.heartbeat]


def _usual(sources: list[tuple[str, EventSource]]) -> str:
    arms = []
    for cte, each in sources:
        time, agent = quoted(each.time), quoted(str(each.agent))
        beats = f"FROM {quoted(each.name)} WHERE {agent} = name AND {_between(each)}"
        arms.append(
            f"SELECT name, (SELECT min({time}) {beats}), (SELECT max({time}) {beats}), "
            f"(SELECT {time} {beats} ORDER BY {time} DESC LIMIT 1 OFFSET 49), "
            f"(SELECT count(*) FROM (SELECT 1 {beats} LIMIT 50)) "
            f"FROM {cte}, span WHERE name IS NOT NULL [[ AND name = :agent ]]"
        )
    return _template("usual").substitute(arms=_union(arms))


def silent(survey: Survey) -> str | None:
    """One figure: the agents that have stopped beating."""
    sources = _beating(survey)
    if not sources:
        return None
    return _template("silent").substitute(span=span(survey.drawn), names=_lists(sources), usual=_usual(sources))


def heartbeats(survey: Survey) -> str | None:
    """agent, kind ("beating", "silent", "silent since"), start, finish, seconds."""
    sources = _beating(survey)
    arms = []
    for _, each in sources:
        time, agent = quoted(each.time), quoted(str(each.agent))
        following = (  # twice as fast as lag()
            f"(SELECT {time} FROM {quoted(each.name)} AS later WHERE later.{agent} = lives.agent "
            f"AND later.{time} > this.{time} AND later.{time} <= {_time(each, 'hi')} ORDER BY later.{time} LIMIT 1)"
        )
        arms.append(
            f"SELECT lives.agent, this.{time}, {following} FROM span CROSS JOIN lives "
            f"CROSS JOIN {quoted(each.name)} AS this WHERE this.{agent} = lives.agent AND {_between(each)}"
        )
    if not arms:
        return None
    parts = {"span": span(survey.drawn), "names": _lists(sources), "usual": _usual(sources), "arms": _union(arms)}
    return _template("heartbeats").substitute(parts)


def figures(survey: Survey) -> str | None:
    """table, rows, first event, last event."""

    def arm(source: EventSource) -> str:
        time, name = quoted(source.time), quoted(source.name)
        return (
            f'SELECT {text_of(source.name)} AS "table", (SELECT count(*) FROM {name}) AS rows, '
            f"(SELECT min({time}) FROM {name}) AS first, (SELECT max({time}) FROM {name}) AS last"
        )

    return _charted("figures", survey, arm)


def imports(survey: Survey) -> str | None:
    """table, outcome, lines, total: what became of the lines of imported files."""
    return _template("imports").template if "_sources" in survey.filled else None


def sources(survey: Survey) -> str | None:
    """file, table, read, imported, rejected, when: the files that were imported last."""
    return _template("sources").template if "_sources" in survey.filled else None


def rejects(survey: Survey) -> str | None:
    """reason, table, rejects."""
    return _template("rejects").template if "_rejects" in survey.filled else None


def total_rejects(survey: Survey) -> str | None:
    """One figure: what was ever rejected."""
    return "SELECT printf('%,d', count(*)) AS n FROM _rejects" if "_rejects" in survey.system else None


def health(survey: Survey) -> str | None:
    """what, figure; needs the functions that the server gives its connections (see `server.py`)."""
    return _template("health").template if "_rejects" in survey.system else None

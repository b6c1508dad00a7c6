"""Whether an opening writes or reads JSON lines, and which of its function's call-sites make it do so."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.finding import Evidence
from audit.python.frame import Frame
from audit.python.handle import Handle, Use, followed, goes_by_line, parsing_sites, written
from audit.python.opening import mode_of
from audit.rules import lines_read, lines_written
from audit.walk import LINE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.python.calls import CallSite
    from audit.python.frame import Arg
    from audit.python.opening import Opening
    from audit.python.resolve import Resolver


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an opening does.

    Args:
        kind: ``writer`` or ``reader``; ``first`` for an opening that writes one line to a truncated file, which counts
            when others append to the same file.
        mode: ``append``, ``truncate`` or ``read``.
        confidence: ``high``, ``medium`` or ``low``.
        evidence: The reasons.
        sites: The call-sites that make the opening's function do this; ``None`` when every one does.
    """

    kind: str
    mode: str
    confidence: str
    evidence: tuple[Evidence, ...]
    sites: tuple[CallSite, ...] | None = None


def judge(opening: Opening, resolver: Resolver) -> Verdict | None:
    """Whether an opening writes or reads JSON lines.

    Args:
        opening: A call that opens a file.
        resolver: Follows names and calls.
    """
    handle = followed(opening, resolver)
    if opening.mode != "read" or opening.given is not None:
        verdict = _writer(handle, resolver)
        if verdict is not None or opening.mode not in ("read", "update"):
            return verdict
    return _reader(handle, resolver)


def named(opening: Opening, resolver: Resolver, given: Mapping[str, Arg] | None = None) -> bool:
    """Whether the name of an opening's file promises JSON lines."""
    texts = resolver.texts(opening.path, Frame(opening.scope, given or {}))
    if any(text.text.lower().endswith(LINE_SUFFIXES) for text in texts):
        return True
    return any("jsonl" in name or "ndjson" in name for name in re.findall(r"\{(\w+)\}$", texts[0].text.lower()))


def _writer(handle: Handle, resolver: Resolver) -> Verdict | None:
    uses = written(handle, resolver)
    opening = handle.opening
    here = [use for use in uses if use.site is None]
    verdict = _judged(handle, here, opening.mode, named=named(opening, resolver))
    if verdict is not None and verdict.confidence != "low":
        return verdict
    if opening.mode == "truncate" and lines_written.is_one_line(here) and verdict is None:
        reason = "writes the first record of a file to which JSON lines are appended"
        verdict = Verdict("first", "truncate", "high", (Evidence(lines_written.CODE, reason),))
    if not _callers_decide(handle, uses, named=named(opening, resolver)):
        return verdict
    sites: list[CallSite] = []
    best: Verdict | None = None
    for site in resolver.sites(opening.scope):
        mode = opening.mode
        if opening.given is not None:
            mode = mode_of(opening.given, Frame(opening.scope, site.args), resolver)
        own = [use for use in written(handle, resolver, site.args) if use.site is None or use.site.call is site.call]
        found = _judged(handle, own, mode, named=named(opening, resolver, site.args))
        if found is not None:
            sites.append(site)
            best = best or found
    if best is None:
        return verdict
    return Verdict("writer", best.mode, best.confidence, best.evidence, tuple(sites))


def _callers_decide(handle: Handle, uses: Sequence[Use], *, named: bool) -> bool:
    """Whether the callers of a function may make its opening one that writes JSON lines."""
    if any(use.site is not None for use in uses):
        return True
    varied = any("V" in use.letters for use in uses)
    if not varied and handle.opening.given is None:
        return False
    hoped = [replace(use, letters=use.letters.replace("V", "J")) for use in uses]
    mode = "append" if handle.opening.given is not None else handle.opening.mode
    return _judged(handle, hoped, mode, named=named) is not None


def _judged(handle: Handle, uses: Sequence[Use], mode: str, *, named: bool) -> Verdict | None:
    if mode == "read":
        return None
    mode = "append" if mode == "append" else "truncate"
    found = lines_written.check(mode, uses, handle.opening.scope, named=named, escaped=handle.escaped)
    if found is None:
        return None
    return Verdict("writer", mode, found[0], (Evidence(lines_written.CODE, found[1]), *_risks(uses)))


def _risks(uses: Sequence[Use]) -> list[Evidence]:
    letters = [use.letters for use in uses]
    if any(a.endswith("J") and b.startswith("N") for a, b in itertools.pairwise(letters)):
        return [Evidence("A304", "the record and its newline are written by two calls")]
    if letters and "N" not in "".join(letters) and "J" in "".join(letters):
        return [Evidence("A305", "no newline is written between documents")]
    return []


def _reader(handle: Handle, resolver: Resolver) -> Verdict | None:
    opening = handle.opening
    through = parsing_sites(handle, resolver)
    if through:
        sites = None if None in through else tuple(site for site in through if site is not None)
        return Verdict("reader", "read", "high", (Evidence(lines_read.CODE, lines_read.PARSES),), sites)
    if named(opening, resolver) and not lines_read.counts_only(opening):
        return Verdict("reader", "read", "medium", (Evidence(lines_read.CODE, lines_read.NAMED),))
    if goes_by_line(handle) and _given_named(opening, resolver):
        return Verdict("reader", "read", "medium", (Evidence(lines_read.CODE, lines_read.GIVEN),))
    return None


def _given_named(opening: Opening, resolver: Resolver) -> bool:
    """Whether a call-site gives the opening a file that is named for JSON lines."""
    texts = resolver.texts(opening.path, Frame(opening.scope))
    if opening.scope not in {scope for text in texts for scope, _ in text.params}:
        return False
    return any(
        text.text.lower().endswith(LINE_SUFFIXES)
        for site in resolver.sites(opening.scope)
        for text in resolver.texts(opening.path, Frame(opening.scope, site.args))
    )

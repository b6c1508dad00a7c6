"""Findings and files brought together by target, with risk and priority from evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audit.domain import domain, table
from audit.family import families
from audit.finding import Evidence, FileFact, Finding, Target
from audit.pattern import fields, key, matching, solid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ORDER = {"high": 0, "medium": 1, "low": 2}


def targets(findings: Sequence[Finding], files: Sequence[FileFact]) -> tuple[Target, ...]:
    """One target for each file or pattern that code or disk knows, most risky first."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        given = _given(finding)
        if given:
            for name in given:
                groups.setdefault(name, []).append(finding)
        elif finding.target_kind in ("literal", "pattern"):
            groups.setdefault(key(finding.target), []).append(finding)
        elif finding.kind != "call-site":
            groups.setdefault(f"{finding.path}:{finding.line} {finding.target}", []).append(finding)
    groups = _anchored(groups)
    _also_meant(groups)
    there = [file.path for file in files]
    paths = {name: matching(name, there) for name in groups}
    touched = {path for name, found in paths.items() if solid(name) for path in found}
    made = [_target(name, group, paths[name]) for name, group in groups.items()]
    made += [_target(each.target, [], each.files) for each in families(path for path in there if path not in touched)]
    return tuple(sorted(made, key=lambda each: (ORDER[each.risk], ORDER[each.priority], each.target)))


def _given(finding: Finding) -> list[str]:
    """The targets that callers and constructors give to an opening that says nothing itself."""
    if finding.target_kind != "parameter" or finding.kind == "call-site":
        return []
    return [name for name in dict.fromkeys(key(each) for each in finding.alternatives[1:]) if name.strip("*/.")]


def _also_meant(groups: dict[str, list[Finding]]) -> None:
    """Join a finding to a target of the same file name in a directory that one of its alternatives leaves open."""
    for finding in [each for group in groups.values() for each in group if each.target_kind == "literal"]:
        name = key(finding.target).rpartition("/")[2]
        opened = [key(each)[:-1] for each in finding.alternatives if key(each).endswith("/*") and key(each) != "*/*"]
        for other, group in groups.items():
            meant = other.rpartition("/")[2] == name and any(other.startswith(each) for each in opened)
            if meant and finding not in group:
                group.append(finding)


def _anchored(groups: dict[str, list[Finding]]) -> dict[str, list[Finding]]:
    """Targets whose beginning varies, together with the same path from the root where there is one."""
    found: dict[str, list[Finding]] = {}
    for name, group in groups.items():
        rest = name.removeprefix("*/")
        found.setdefault(rest if rest in groups and "/" in rest else name, []).extend(group)
    return found


def link(files: Sequence[FileFact], made: Sequence[Target]) -> tuple[FileFact, ...]:
    """The files with the findings that touch them."""
    writers: dict[str, list[str]] = {}
    readers: dict[str, list[str]] = {}
    named: dict[str, dict[str, str]] = {}
    for target in made:
        for path in target.files:
            named.setdefault(path, {}).update(fields(target.target, path))
            writers.setdefault(path, []).extend(target.writers)
            readers.setdefault(path, []).extend(target.readers)
    return tuple(
        replace(
            f,
            writers=tuple(dict.fromkeys(writers.get(f.path, ()))),
            readers=tuple(dict.fromkeys(readers.get(f.path, ()))),
            fields=named.get(f.path, {}),
        )
        for f in files
    )


def _target(name: str, group: Sequence[Finding], paths: Sequence[str]) -> Target:
    writers = [each for each in group if each.mode != "read"]
    readers = [each for each in group if each.mode == "read"]
    evidence = list(_evidence([each for each in writers if not each.test] or writers))
    codes = {each.code for each in evidence}
    risk = "high" if {"A301", "A302"} & codes else "medium" if {"A303", "A304", "A305"} & codes else "low"
    modules = {each.path for each in group if not each.test}
    priority = "high" if risk == "high" else "medium" if risk == "medium" or len(modules) > 1 else "low"
    about, words = domain(name)
    shown = next((each.target for each in group if key(each.target) == name), name)
    return Target(
        target=shown,
        writers=tuple(each.id for each in writers),
        readers=tuple(each.id for each in readers),
        files=tuple(paths),
        domain=about,
        domain_words=words,
        table=table(shown),
        risk=risk,
        priority=priority,
        evidence=tuple(evidence),
    )


def _evidence(writers: Sequence[Finding]) -> Iterable[Evidence]:
    # a call-site is another way to the same opening, not another writer
    places = sorted({f"{each.path}:{each.line}" for each in writers if each.kind == "writer"})
    modes = {each.mode for each in writers}
    if len(places) > 1:
        yield Evidence("A301", f"{len(places)} places write it: {', '.join(places)}")
    if modes >= {"append", "truncate"}:
        yield Evidence("A302", "it is appended to in one place and truncated in another")
    ways = sorted({way for each in writers for way in each.context} - {"unknown", "single"})
    if ways:
        yield Evidence("A303", f"it may be written from: {', '.join(ways)}")
    for code in ("A304", "A305"):
        found = next((one for each in writers for one in each.evidence if one.code == code), None)
        if found:
            yield found
    if len(places) > 1 and not all(each.lock for each in writers):
        yield Evidence("A306", "not every writer holds a lock")

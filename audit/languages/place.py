"""A place in a source of another language that writes or reads JSON lines, and the finding that it becomes."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.finding import Evidence, Finding
from audit.walk import LINE_SUFFIXES, is_test

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 8
"""How many alternatives of one value are kept."""

_NODE = (
    ("multiprocess", r"\bcluster\.fork\(|\bfork\(\s*__filename"),
    ("thread", r"\bisMainThread\b|new Worker\(\s*(?:__filename|new URL\()"),
)
_SHELL = (("multiprocess", r"\bxargs\b[^\n|]*\s-P|\bparallel\s|(?:\bdone|\}|\))\s*&\s*$"),)
_CONTEXTS = {
    "javascript": _NODE,
    "typescript": _NODE,
    "shell": _SHELL,
    "yaml": _SHELL,
    "powershell": (("multiprocess", r"(?i)\bStart-Job\b"), ("thread", r"(?i)\bStart-ThreadJob\b|-Parallel\b")),
}
"""What in a source of a language shows that it runs in several processes or threads."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text that an expression may give.

    Args:
        text: The text; ``{name}`` stands for what varies, ``{$NAME}`` for an environment variable.
        params: The parameters it depends on, as (number of the function, name).
    """

    text: str
    params: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """What a scanner found.

    Args:
        line: Line of the call or command that opens the file.
        kind: ``writer``, ``call-site`` or ``reader``.
        function: Name of the enclosing function, empty at the top level.
        mechanism: Such as ``fs.appendFile``, ``redirect`` or ``Add-Content``.
        mode: ``append``, ``truncate`` or ``read``.
        texts: What the path may be, the best known first; never empty.
        confidence: ``high``, ``medium`` or ``low``.
        evidence: The reasons, a code and a sentence each.
        lock: Whether a lock is held around it.
    """

    line: int
    kind: str
    function: str
    mechanism: str
    mode: str
    texts: tuple[Text, ...]
    confidence: str
    evidence: tuple[Evidence, ...]
    lock: bool = False


def named(texts: Iterable[Text]) -> bool:
    """Whether the name of a file promises JSON lines, as ``events.jsonl`` and ``{jsonl_path}`` do."""
    return any(
        each.text.lower().endswith(LINE_SUFFIXES) or re.search(r"\{\$?\w*(?:jsonl|ndjson)\w*\}$", each.text.lower())
        for each in texts
    )


def described(texts: tuple[Text, ...]) -> tuple[str, str]:
    """The target to show for some texts, and its kind."""
    target = _plain(texts[0].text)
    if not re.sub(r"\{[^}]*\}|\*", "", target).strip("/. ~"):
        return target, "parameter" if texts[0].params else "unknown"
    return target, "pattern" if "{" in target or "*" in target else "literal"


def _plain(path: str) -> str:
    return path.replace("\\", "/").removeprefix("./") or path


def best(texts: Iterable[Text]) -> tuple[Text, ...]:
    """The alternatives without repeats, those that say nothing put last."""
    kept = dict.fromkeys(texts)
    return tuple(sorted(kept, key=lambda each: not re.sub(r"\{[^}]*\}", "", each.text).strip("./")))[:WIDTH]


def tidy(path: str) -> str:
    """A path without ``.`` and without names that ``..`` takes back."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] not in ("", "..", "~") and "{" not in kept[-1]:
            kept.pop()
        elif part != "." and (part or not kept):
            kept.append(part)
    return "/".join(kept) or ("." if path else "")


def contexts(language: str, text: str) -> tuple[str, ...]:
    """In which kinds of context a source runs, as far as its text shows."""
    found = [name for name, pattern in _CONTEXTS.get(language, ()) if re.search(pattern, text, re.MULTILINE)]
    return tuple(found) or ("unknown",)


def findings(path: str, language: str, text: str, places: Iterable[Place]) -> list[Finding]:
    """The findings of one source, in the order of their lines.

    Args:
        path: The source relative to the root.
        language: A value of ``audit.walk.LANGUAGES``.
        text: The source.
        places: What the scanner found, in any order; a place found twice counts once.
    """
    made: list[Finding] = []
    counts: Counter[str] = Counter()
    context = contexts(language, text)
    for place in sorted(dict.fromkeys(places), key=lambda each: (each.line, each.kind, each.mechanism)):
        target, sort = described(place.texts)
        seed = f"{path}|{place.function}|{place.kind}|{place.mechanism}|{target}"
        name = hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:10]
        counts[name] += 1
        evidence = place.evidence
        if sort == "unknown":
            evidence = (*evidence, Evidence(evidence[0].code, _why_unknown(target)))
        made.append(
            Finding(
                id=name if counts[name] == 1 else f"{name}-{counts[name]}",
                path=path,
                line=place.line,
                kind=place.kind,
                function=place.function,
                language=language,
                mechanism=place.mechanism,
                mode=place.mode,
                target=target,
                target_kind=sort,
                alternatives=tuple(dict.fromkeys(_plain(text.text) for text in place.texts)),
                lock=place.lock,
                context=context,
                test=is_test(path),
                confidence=place.confidence,
                evidence=evidence,
            )
        )
    return made


def _why_unknown(target: str) -> str:
    if "{$" in target:
        return f"the file is named by the environment: {target} has no default here"
    if re.search(r"\{\d+\}", target):
        return f"the file is named on the command line: {target}"
    return f"the file is not known: what {target} holds comes from outside this source"

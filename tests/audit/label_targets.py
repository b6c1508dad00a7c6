"""Compare the targets of an audit with those that people wrote down: ``python -m tests.audit.label_targets …``.

A label such as ``env X or logs/a.jsonl`` names several files; ``<param path>`` is what a caller gives. A finding agrees
when the file that it shows, or one of its alternatives, is one of the label's: the same once variable parts are made
equal and a beginning that varies, or the drive and directory of somebody's own checkout, is taken off.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from audit.pattern import key

NEAR = 2
SEPARATORS = r"\s+\|\s+|\s+or(?: via [^,]*)?,?\s+|\s*\(then replaces|\s*\("


def compare(writers: list[dict[str, Any]], labels: list[dict[str, Any]]) -> list[tuple[str, str, list[str], str]]:
    """Each labelled writer beside what was found: place, label, targets, and how they agree.

    Args:
        writers: Writers of a report in its JSON form.
        labels: The labels; those that are not sure, and call-sites, are left out.

    Returns:
        For each label its place, its target, the targets found there, and ``target`` (the shown one agrees),
        ``alternative`` (another one does) or ``differs``.
    """
    rows = []
    for label in labels:
        if label["kind"] != "writer" or label.get("unsure"):
            continue
        found = [
            each
            for each in writers
            if each["path"] == label["path"] and abs(each["line"] - label["line"]) <= NEAR and each["kind"] == "writer"
        ]
        wanted = names(label["target"])
        shown = [each["target"] for each in found]
        others = [text for each in found for text in each["alternatives"]]
        how = "target" if agrees(shown, wanted) else "alternative" if agrees(others, wanted) else "differs"
        rows.append((f"{label['path']}:{label['line']}", label["target"], shown, how))
    return rows


def names(label: str) -> set[str]:
    """The files that a label names, in one form."""
    text = re.sub(r"<param (\w+)>|<(\w+)>", lambda found: f"{{{found.group(1) or found.group(2)}}}", label)
    parts = [part.strip(" ).,") for part in re.split(SEPARATORS, text)]
    return {plain(part) for part in parts if part and ("/" in part or "." in part or "{" in part)}


def plain(target: str) -> str:
    """A target with variable parts made equal, without a beginning that varies and without somebody's own checkout."""
    text = key(re.sub(r"\{[^{}]*\benv\b[^{}]*\bor ([^{}]*)\}", r"\1", target))
    text = re.sub(r"^[A-Z]:/[^/]+/(?=modules/|WSP_)", "", text)
    return re.sub(r"^\*/(?=.)", "", text)


def agrees(found: list[str], wanted: set[str]) -> bool:
    """Whether one of the files found is one of the files wanted."""
    return any(plain(each) in wanted for each in found)


def main() -> None:
    """Print every difference and the figures: arguments are a report in JSON and the labels of the writers."""
    report, labels = (Path(each).read_text(encoding="utf-8") for each in sys.argv[1:3])
    rows = compare(json.loads(report)["writers"], [json.loads(line) for line in labels.splitlines()])
    for place, label, shown, how in rows:
        if how != "target":
            print(f"{how}: {place}\n    label {label}\n    found {', '.join(shown) or 'nothing'}")
    for how in ("target", "alternative", "differs"):
        print(f"{how:12} {sum(row[3] == how for row in rows)} of {len(rows)}")


if __name__ == "__main__":
    main()

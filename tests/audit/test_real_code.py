"""The audit of code that nobody wrote for it."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from audit import audit

FEW = 5


@pytest.mark.corpora
@pytest.mark.parametrize("place", ["stdlib", "purelib"])
def test_no_rule_fails(place: str) -> None:
    """Python's own library and the installed packages are audited without a rule that fails, and few are accused."""
    root = Path(sysconfig.get_path(place))
    report = audit(root, exclude=["test", "tests", "idlelib", "lib2to3"], profile=False)
    assert [each for each in report.unparsed if each.code == "A402"] == []
    assert report.scanned > 100
    assert all(each.evidence for each in report.findings)
    assert sum(1 for each in report.writers if each.kind == "writer") < report.scanned / 100 + FEW

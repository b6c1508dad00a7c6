"""Times in every form become one text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_store.timestamps import canonical, from_nanoseconds, is_canonical

SAME = "2025-10-09T08:53:20.000000+00:00"


@pytest.mark.parametrize(
    "value",
    [SAME, "2025-10-09T08:53:20Z", "2025-10-09 08:53:20", "2025-10-09T10:53:20+02:00", "2025/10/09 08:53:20 UTC",
     "2025-10-09 08:53:20,000", "20251009T085320Z", "Thu, 09 Oct 2025 08:53:20 GMT", 1_760_000_000, 1_760_000_000.0,
     1_760_000_000_000, 1_760_000_000_000_000, 1_760_000_000_000_000_000, "1760000000", " 2025-10-09T08:53:20Z "],
)  # fmt: skip
def test_forms(value: object) -> None:
    """ISO with and without zone, mail dates and epochs in four units all give the same text."""
    assert canonical(value) == SAME


@pytest.mark.parametrize(
    "value", [None, True, 12.5, "soon", "12:30", "2025-02-31T00:00:00", float("nan"), -5, [], "1.2.3.4.5.6", 10**30]
)
def test_no_times(value: object) -> None:
    """Durations, counters, impossible dates and other things are no times."""
    assert canonical(value) is None


def test_naive_times_are_read_in_a_zone() -> None:
    """A text without a zone is taken in the zone that is given."""
    assert canonical("2025-10-09T10:53:20", timezone(timedelta(hours=2))) == SAME


@settings(deadline=None)
@given(
    st.datetimes(datetime(1975, 1, 1), datetime(2200, 1, 1)), st.datetimes(datetime(1975, 1, 1), datetime(2200, 1, 1))
)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    """Canonical texts compare as their times do, and are canonical."""
    first, second = canonical(one.isoformat()), canonical(other.isoformat())
    assert is_canonical(first)
    assert (first < second) == (one < other)


@settings(deadline=None)
@given(st.integers(0, 4 * 10**18))
def test_nanoseconds(stamp: int) -> None:
    """Nanoseconds become the same text as through datetime."""
    expected = datetime.fromtimestamp(stamp // 10**9, UTC).replace(microsecond=stamp % 10**9 // 1000)
    assert from_nanoseconds(stamp) == expected.isoformat(timespec="microseconds")

"""Hypothesis strategies for events, shared by all tests."""

from __future__ import annotations

from hypothesis import strategies as st

from telemetry_store.timestamps import TIME_FIELDS

TIMES = st.sampled_from(
    [
        "2025-10-09T08:53:20.000000+00:00",
        "2025-10-09 08:53:20",
        "2025-10-09T08:53:20Z",
        1_760_000_000,
        1.76e9,
        "soon",
        3,
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(2.0**52, 2.0**64) | st.floats(-(2.0**64), -(2.0**52)),
    st.text(max_size=6),
    st.characters(categories=["Cs"]),
    TIMES,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["a", "b", "B", "agent_id", "id", "x y", "metadata_json", "rowid", *TIME_FIELDS[:4]])
EVENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=6)

"""A row of figures as a row of bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"


def sparkline(values: Sequence[int]) -> str:
    """One character for each value, its height relative to the largest; a dot for zero.

    >>> sparkline([0, 1, 4, 8])
    '·▁▄█'
    """
    most = max(values, default=0)
    return "".join(_BARS[(value * len(_BARS) - 1) // most] if value > 0 else _NOTHING for value in values)

"""Times in every form that telemetry carries, and the one canonical text that they all become.

The canonical form is UTC, `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`: 32 characters, so that text order is time order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

#: Field names that hold an event's time, in the order in which they are tried.
TIME_FIELDS = (
    "timestamp",
    "ts",
    "time",
    "created_at",
    "recorded_at",
    "datetime",
    "@timestamp",
    "event_time",
    "logged_at",
    "occurred_at",
    "granted_at",
    "started_at",
    "start_time",
    "updated_at",
    "date",
)
#: Characters of the canonical form.
LENGTH = 32
#: Numbers below this are durations or counters, not times: 1973 in seconds.
_EARLIEST_EPOCH = 100_000_000
#: Upper limits of the magnitudes of s, ms, µs and ns since 1970, with the nanoseconds in each.
_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3), (10**20, 1))
_SHORTEST = len("2025-01-01")


@dataclass(frozen=True, slots=True)
class TimeRule:
    """How the time of an event is found and read.

    Attributes:
        field: that holds it; empty, or where an event lacks it, the usual names are tried.
        zone: of texts that name none.
    """

    field: str = ""
    zone: tzinfo = UTC

    def find(self, event: dict[str, Any], column: str) -> tuple[str | None, str | None]:
        """The field that holds the event's time and its canonical text; two Nones where there is none.

        Args:
            event: in JSON's types.
            column: the table's time column, whose name is tried before the usual ones.
        """
        for name in (self.field, column, *TIME_FIELDS):
            if (value := event.get(name)) is not None and (stamp := canonical(value, self.zone)) is not None:
                return name, stamp
        return None, None


USUAL_TIME = TimeRule()


def is_canonical(text: str) -> bool:
    """Tell whether a text already is a valid time in the canonical form."""
    if len(text) != LENGTH or text[26:] != "+00:00" or text[10] != "T" or text[19] != ".":
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def from_nanoseconds(nanoseconds: int) -> str:
    """The canonical text of nanoseconds since 1970 in UTC; below a microsecond it is cut off."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{_whole_second(seconds)}.{rest // 1000:06d}+00:00"


@lru_cache(maxsize=64)
def _whole_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def canonical(value: object, zone: tzinfo = UTC) -> str | None:
    """The canonical text of a time, or None when the value is not an absolute time.

    Args:
        value: ISO 8601 text with or without a zone, an RFC 2822 date, or seconds, milliseconds, microseconds or
            nanoseconds since 1970, told apart by their size (as number or text).
        zone: the zone of texts that name none.
    """
    try:
        if isinstance(value, str):
            return _from_text(value.strip(), zone)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return _from_number(value)
    except (ValueError, OverflowError, OSError):
        return None


def _from_number(value: float) -> str | None:
    if not math.isfinite(value) or value < _EARLIEST_EPOCH:
        return None
    for limit, nanoseconds in _UNITS:
        if value < limit:
            if isinstance(value, int):
                return from_nanoseconds(value * nanoseconds)
            moment = datetime.fromtimestamp(value * nanoseconds / 10**9, UTC)
            return moment.isoformat(timespec="microseconds")
    return None


def _from_text(text: str, zone: tzinfo) -> str | None:
    if is_canonical(text):
        return text
    if len(text) < _SHORTEST:
        return None
    if text.replace(".", "", 1).isdecimal():
        return _from_number(float(text) if "." in text else int(text))
    if "-" not in text and "/" not in text:
        moment = _from_mail_date(text) if "," in text else datetime.fromisoformat(text)
    elif text[4] in "-/" and text[7] in "-/":
        moment = datetime.fromisoformat(text.replace("/", "-").removesuffix(" UTC"))
    else:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _from_mail_date(text: str) -> datetime:
    from email.utils import parsedate_to_datetime  # 20 ms, and hardly ever met

    return parsedate_to_datetime(text)

"""An event as one JSON line, and back: the line format of the spool and what happens to values JSON cannot carry.

A line is `["permission_events",1760000000000000000,{"agent_id":"…"}]`: table, nanoseconds since 1970 when it was
recorded, event. A line whose numbers need the standard library's parser (integers beyond 64 bits) ends in
`,"exact"]` instead.

What becomes of a value that JSON cannot carry:

| value | stored as |
|---|---|
| NaN, Infinity, -Infinity | the texts "NaN", "Infinity", "-Infinity", as protobuf's JSON mapping does |
| integer beyond 64 bits | the same digits |
| lone surrogate | the same text, escaped |
| datetime, date, time, UUID | ISO 8601 text, 8-4-4-4-12 text |
| enum, dataclass, pydantic model, attrs class, named tuple | its value; an object with its fields |
| numpy scalar and array | number; nested lists |
| Decimal, complex | text with all digits |
| timedelta | seconds |
| bytes | "base64:" and the base64 text |
| set, frozenset, deque, other iterables that are collections | a list, sorted where it can be |
| Path | its text |
| exception | "TypeName: message" |
| key that is no text | true, 1, 1.5, null as JSON writes them; else str(key); a second equal key gets " (type)" added |
| a cycle | the text "<cycle>" where it closes |
| nesting deeper than 200 | the repr of what lies below |
| anything else | its repr |
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

import orjson

from telemetry_store.errors import EventError

#: Table, nanoseconds since 1970, event.
Record: TypeAlias = "tuple[str, int, dict[str, Any]]"

#: Reserved table names in lines: a declaration travels with the events that it is for, and so do drop counts.
DECLARE = "_declare"
DROPS = "_drops"
#: How deep values may be nested, and how many characters of a repr are kept.
_DEEPEST, _LONGEST_REPR = 200, 10_000
#: What JSON has a form for, besides floats that are no number, lists and objects.
_KEPT = (str, int, float, bool, type(None))


def encode(table: str, event: Mapping[str, Any], nanoseconds: int | None = None) -> bytes:
    """One spool line, newline included.

    Args:
        table: the table's name, already checked.
        event: field names and values; any value is accepted, see the table at the top of this file.
        nanoseconds: when it happened; now, if None.
    """
    stamp = time.time_ns() if nanoseconds is None else nanoseconds
    try:
        line = orjson.dumps((table, stamp, event), plain, orjson.OPT_APPEND_NEWLINE)
    except (TypeError, RecursionError):
        return encode_exactly(table, event, stamp)
    # orjson writes NaN as null, so a null may hide one
    return encode_exactly(table, event, stamp) if line.rfind(b"null") >= 0 and has_nonfinite(event) else line


def encode_exactly(table: str, event: Mapping[str, Any], nanoseconds: int) -> bytes:
    """The same for events that orjson refuses; slower, and never fails."""
    text = json.dumps([table, nanoseconds, jsonable(event), "exact"], separators=(",", ":"))
    return text.encode("ascii") + b"\n"


def decode(data: bytes) -> tuple[list[Record], bool]:
    """Parse whole spool lines.

    Args:
        data: lines, each with its newline.

    Returns:
        The records, and whether their values need a second look before they go into a column: integers beyond
        64 bits, lone surrogates or NUL characters are possible.

    Raises:
        ValueError: a line is not a record; parse them one by one to know which.
    """
    try:
        records = orjson.loads(b"[" + data[:-1].replace(b"\n", b",") + b"]")
    except orjson.JSONDecodeError:  # lone surrogates, if not worse
        return [decode_line(line) for line in data.splitlines()], True
    if len(records) != data.count(b"\n"):
        raise ValueError("a line holds more or less than one record")
    if set(map(len, records)) != {3}:
        return [decode_line(line) for line in data.splitlines()], True  # at least one ends in "exact"
    names, stamps, events = zip(*records, strict=True)
    if {*map(type, names)} != {str} or {*map(type, stamps)} != {int} or {*map(type, events)} != {dict}:
        raise ValueError("a line holds something else than a record")
    return records, b"\\" in data and (b"\\u0000" in data or b"\\ud" in data)


def decode_line(line: bytes) -> Record:
    """Parse one spool line; raises ValueError where it is not a record."""
    match json.loads(line):
        case [str(table), int(nanoseconds), dict(event)] | [str(table), int(nanoseconds), dict(event), _]:
            return table, nanoseconds, event
    raise ValueError("not a record: [table, nanoseconds, event]")


def dumps(value: Any) -> str:
    """JSON text of a value that came out of JSON, big integers and lone surrogates included."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, RecursionError):
        return json.dumps(value, separators=(",", ":"))


def fields_of(event: object) -> Mapping[str, Any]:
    """The fields of a mapping, a dataclass instance, a pydantic model or an attrs object; else raises EventError."""
    if isinstance(event, Mapping):
        return event
    if event is None:
        raise EventError("there is no event to record", "pass a dict or fields by name")
    fields = plain(event) if not isinstance(event, type) else None
    if isinstance(fields, Mapping):
        return fields
    raise EventError(f"an event is a mapping of field names to values, not {type(event).__name__}", "pass a dict")


def has_nonfinite(value: object) -> bool:
    """Tell whether a NaN or an infinity is anywhere in the value."""
    kind = type(value)
    if kind is float:
        return not math.isfinite(value)  # type: ignore[arg-type]
    if kind is dict:
        return any(map(has_nonfinite, value.values()))  # type: ignore[attr-defined]
    if kind is list or kind is tuple:
        return any(map(has_nonfinite, value))  # type: ignore[call-overload]
    if kind in _KEPT:
        return False
    text = repr(jsonable(value))
    return "NaN" in text or "Infinity" in text


def plain(value: Any) -> Any:
    """What stands for a value that JSON has no form for; see the table at the top of this file."""
    for names, convert in _BY_ATTRIBUTE:
        if all(hasattr(value, name) for name in names):
            return convert(value)
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    if isinstance(value, bytes | bytearray | memoryview):
        import base64

        return "base64:" + base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Collection):
        return _listed(value)
    return _text_of(value)


def _listed(value: Collection[Any]) -> list[Any]:
    items = list(value)
    if isinstance(value, set | frozenset):
        try:
            items.sort()
        except TypeError:
            items.sort(key=repr)
    return items


def _text_of(value: object) -> str:
    """Decimals and complex numbers in full; a repr for the rest, whatever that repr does."""
    try:
        text = str(value) if type(value).__name__ in ("Decimal", "complex") else repr(value)
    except Exception as error:  # noqa: BLE001 - a broken repr must not lose the event
        return f"<{type(value).__name__}: repr failed with {type(error).__name__}>"
    return text if len(text) <= _LONGEST_REPR else text[:_LONGEST_REPR] + "…"


#: Which attributes give a value away, and what then stands for it; the first that fits wins.
_BY_ATTRIBUTE = (
    (("__pydantic_fields__", "model_dump"), lambda value: value.model_dump()),
    (("__dataclass_fields__",), lambda value: {name: getattr(value, name) for name in value.__dataclass_fields__}),
    (("__attrs_attrs__",), lambda value: {field.name: getattr(value, field.name) for field in value.__attrs_attrs__}),
    (("_fields", "_asdict"), lambda value: value._asdict()),
    (("__fspath__",), lambda value: value.__fspath__()),
    (("_value_", "_name_"), lambda value: value._value_),
    (("dtype", "tolist"), lambda value: value.tolist()),
    (("total_seconds",), lambda value: value.total_seconds()),
    (("isoformat",), lambda value: value.isoformat()),
    (("hex", "urn"), str),
)


def jsonable(value: Any, depth: int = 0, path: frozenset[int] = frozenset()) -> Any:
    """The value in JSON's own types, whatever it was; never fails, and keeps integers of any size."""
    kind = type(value)
    if kind in (str, int, bool, type(None)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _name_of(value)
    if id(value) in path:
        return "<cycle>"
    if depth >= _DEEPEST:
        return _text_of(value)
    below = path | {id(value)}
    if isinstance(value, Mapping):
        return _object(value, depth + 1, below)
    if isinstance(value, list | tuple) and not hasattr(value, "_asdict"):
        return [jsonable(item, depth + 1, below) for item in value]
    for scalar in (str, int):
        if isinstance(value, scalar):
            return scalar(value) if not hasattr(value, "_value_") else jsonable(value._value_, depth + 1, below)
    try:
        value = plain(value)
    except Exception:  # noqa: BLE001 - a broken model_dump or tolist must not lose the event
        value = _text_of(value)
    return jsonable(value, depth + 1, below)


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _object(value: Mapping[Any, Any], depth: int, path: frozenset[int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = key if type(key) is str else _key_text(key)
        while name in result:
            name = f"{name} ({type(key).__name__})"
        result[name] = jsonable(item, depth, path)
    return result


def _key_text(key: object) -> str:
    key = jsonable(key)
    if isinstance(key, str):
        return key
    return dumps(key) if isinstance(key, _KEPT) else str(key)

"""A hundred thousand mutated lines of real files: exact counts and the same events as the standard library reads."""

from __future__ import annotations

import json
import math
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from importers import import_paths, verify
from importers.verify import digest
from telemetry_store import TelemetryStore
from telemetry_store.engines.sqlite.catalogue import load_tables
from telemetry_store.schema import event_of

DATA = Path(__file__).parents[3] / "shared" / "data" / "foundups"
NAMES = {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity"}
INSERTED = [b"\n", b"\r\n", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":",
            b"}{", b"\\ud800", b"\\u0000", b"NaN", b"1e999", b"9" * 25, b"null", b'{"a":1}', b" ", b"\t"]  # fmt: skip


def mutated(line: bytes, chance: random.Random) -> bytes:
    """A line with one to three bytes flipped, cut out or put in, or cut off."""
    data = bytearray(line)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                del data[place : place + chance.randrange(1, 8)]
            case 2:
                del data[place:]
            case _:
                data[place:place] = chance.choice(INSERTED)
    return bytes(data)


def number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def expected(line: bytes) -> list[dict] | None:
    """The events on a line by the standard library alone; None for a blank line, no events for one to be rejected."""
    text = line.strip(b" \t\r\0").removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\0")
    if not text:
        return None
    decoder = json.JSONDecoder(parse_constant=NAMES.get, parse_float=number)
    found, place = [], 0
    try:
        rest = text.decode("utf-8", "surrogatepass")
        if rest.startswith("\ufeff"):
            return []
        while place < len(rest):
            value, place = decoder.raw_decode(rest, place)
            if not isinstance(value, dict):
                return []
            found.append(value)
            while place < len(rest) and rest[place] in " \t\r\n":
                place += 1
    except (ValueError, RecursionError):
        return []
    return found


def check(folder: Path, files: dict[str, list[bytes]], seed: int, count: int) -> int:
    """Mutate so many lines, import them, and compare; gives how many events came in."""
    chance = random.Random(seed)
    wanted: dict[str, Counter[bytes]] = {}
    counts: dict[str, tuple[int, int, int]] = {}
    for name, lines in files.items():
        data = b"\n".join(mutated(chance.choice(lines), chance) for _ in range(count // len(files))) + b"\n"
        (folder / f"{name}.jsonl").write_bytes(data)
        os.utime(folder / f"{name}.jsonl", (1_700_000_000, 1_700_000_000))
        events = [expected(line) for line in data.split(b"\n")[:-1]]
        counts[name] = (sum(len(each) for each in events if each), events.count([]), events.count(None))
        wanted[name] = Counter(digest(event) for each in events if each for event in each)
    with TelemetryStore(folder / "a.db") as store:
        found = {each.table: each for each in import_paths(store, [folder / f"{name}.jsonl" for name in files])}
        assert {name: (each.imported, each.rejected, each.blank) for name, each in found.items()} == counts
        assert all(each.read == each.imported + each.rejected + each.blank for each in found.values())
        assert {each.status for each in verify(store)} == {"verified"}
        with store.transaction() as transaction:
            tables, _ = load_tables(transaction.connection)
        for name in files:
            rows = store.query(f"SELECT * FROM {name}")
            assert Counter(digest(event_of(tables[name], row)) for row in rows) == wanted[name], name
    return sum(imported for imported, _, _ in counts.values())


def test_a_few(tmp_path: Path) -> None:
    """Two thousand mutated lines of made-up events."""
    lines = [
        json.dumps({"n": n, "agent_id": f"a{n % 3}", "text": "Grüße" * (n % 4), "deep": {"k": [n, 1.5, None]}, "ok": n % 2 == 0},
                   ensure_ascii=n % 2 == 0).encode() for n in range(200)
    ]  # fmt: skip
    assert check(tmp_path, {"t": lines}, 1, 2000) > 200


@pytest.mark.corpora
def test_a_hundred_thousand(tmp_path: Path) -> None:
    """A hundred thousand mutated lines of twenty real files, long ones left out."""
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is not there")
    files: dict[str, list[bytes]] = {}
    for path in sorted(DATA.rglob("*.jsonl"), key=lambda path: -path.stat().st_size)[:20]:
        lines = [line for line in path.read_bytes().split(b"\n") if 1 < len(line) < 3000]
        if lines:
            files[f"t{len(files)}"] = lines
    assert check(tmp_path, files, int(os.environ.get("TELEMETRY_TEST_SEED", "1")), 100_000) > 20_000

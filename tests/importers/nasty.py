"""Nasty files, each with what an import must make of it: read = imported + duplicate + rejected + blank."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from dataclasses import dataclass

import zstandard


@dataclass(frozen=True)
class Case:
    """A file and its expected counts."""

    data: bytes
    imported: int = 0
    rejected: int = 0
    blank: int = 0
    duplicate: int = 0
    name: str = "t.jsonl"
    encoding: str = ""

    @property
    def read(self) -> int:
        return self.imported + self.duplicate + self.rejected + self.blank


def lines(count: int, **more: object) -> bytes:
    return b"".join(json.dumps({"n": number, "text": "Grüße 🙂", **more}, ensure_ascii=False).encode() + b"\n"
                    for number in range(count))  # fmt: skip


def nested(depth: int) -> bytes:
    return b'{"n": 1, "deep": ' + b"[" * depth + b"]" * depth + b"}\n"


def nested_objects(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth + b"\n"


PLAIN = lines(100)
TEXT = PLAIN.decode()
GZ = gzip.compress(PLAIN)
TIMES = (
    "2025-01-01", "2025-01-01T00:00:00", "2025-01-01 00:00:00.123", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00+05:30",
    "20250101T000000Z", "Wed, 01 Jan 2025 00:00:00 GMT", 1735689600, 1735689600.5, 1735689600000, 1735689600000000,
    1735689600000000000, "1735689600", "soon", "", 0, -1, 99999999999999999999, 1e300, True, None, [], {}, "2025-13-45",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2025-01-01T24:00:00", "2025-02-30", "٢٠٢٥-٠١-٠١",
)  # fmt: skip

CASES: dict[str, Case] = {
    # whole files
    "empty": Case(b""),
    "one newline": Case(b"\n", blank=1),
    "only blank lines": Case(b"\n \n\t\n\r\n  \t \r\n", blank=5),
    "only NULs": Case(b"\0" * 5000, blank=1),
    "only a byte order mark": Case(b"\xef\xbb\xbf", blank=1),
    "one line without a newline": Case(b'{"n": 1}', 1),
    "one byte": Case(b"x", rejected=1),
    "binary": Case(bytes(range(256)) * 20, rejected=21),
    "a picture": Case(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(128)), rejected=4),
    "text": Case(b"2025-01-01 INFO started\n2025-01-01 ERROR failed: {\n", rejected=2),
    "a json document over many lines": Case(json.dumps({"a": [1, 2], "b": {"c": 1}}, indent=2).encode(), rejected=9),
    "csv": Case(b"a,b\n1,2\n", rejected=2),
    # ends of lines
    "crlf": Case(PLAIN.replace(b"\n", b"\r\n"), 100),
    "cr alone": Case(b'{"n": 1}\r{"n": 2}\r{"n": 3}\r', 3),
    "crlf and lf": Case(b'{"n": 1}\r\n{"n": 2}\n\r\n{"n": 3}', 3, blank=1),
    "blank lines between": Case(PLAIN.replace(b"\n", b"\n\n"), 100, blank=100),
    "spaces around": Case(b'  {"n": 1}\t\n\t {"n": 2} \r\n', 2),
    "form feeds and nbsp around": Case(b'\x0c{"n": 1}\n\xc2\xa0{"n": 2}\n', rejected=2),
    "line separators inside a text": Case('{"n": "a\u2028b\u2029c\u0085d"}\n'.encode(), 1),
    # glued, torn, padded
    "two glued": Case(b'{"n": 1}{"n": 2}\n', 2),
    "a hundred glued": Case(PLAIN.replace(b"\n", b""), 100),
    "glued with spaces": Case(b'{"n": 1} {"n": 2}  {"n": 3}\n', 3),
    "glued with commas": Case(b'{"n": 1},{"n": 2}\n', rejected=1),
    "glued to a torn one": Case(b'{"n": 1}{"n": 2\n', rejected=1),
    "torn and glued": Case(b'{"n": 1, "x": {"n": 2}\n{"n": 3}\n', 1, rejected=1),
    "torn in the middle": Case(b'{"n": 1}\n{"n": 2, "te\n{"n": 3}\n', 2, rejected=1),
    "torn at the end": Case(b'{"n": 1}\n{"n": 2, "te', 1, rejected=1),
    "torn inside a character": Case(b'{"n": 1}\n{"n": "Gr\xc3', 1, rejected=1),
    "padded with NULs": Case(b'{"n": 1}\n{"n": 2}\n' + b"\0" * 4096, 2, blank=1),
    "NULs in a gap": Case(b'{"n": 1}\n' + b"\0" * 500 + b'{"n": 2}\n', 2),
    "NULs inside a line": Case(b'{"n": \0\0 1}\n{"n": 2}\n', 1, rejected=1),
    "a comma after each": Case(b'{"n": 1},\n{"n": 2},\n', rejected=2),
    # arrays
    "an array": Case(json.dumps([{"n": 1}, {"n": 2}]).encode(), 2),
    "an empty array": Case(b"[]", 0),
    "an array over many lines": Case(json.dumps([{"n": 1}, {"n": 2}], indent=4).encode(), 2),
    "an array after a mark": Case(b"\xef\xbb\xbf" + json.dumps([{"n": 1}]).encode(), 1),
    "an array of numbers": Case(b"[1, 2, 3]\n", rejected=1),
    "an array of arrays": Case(b"[[1], [2]]\n", rejected=1),
    "arrays on lines": Case(b'[{"n": 1}]\n[{"n": 2}]\n', rejected=2),
    "an array that is not closed": Case(b'[{"n": 1},\n{"n": 2}', 1, rejected=1),
    "a mixed array": Case(b'[{"n": 1}, 2]', rejected=1),
    # no objects
    "scalars": Case(b'1\n"a"\ntrue\nnull\n1.5\n[]\n', rejected=6),
    "empty objects": Case(b"{}\n{}\n", 2),
    # compressed
    "gz": Case(GZ, 100, name="t.jsonl.gz"),
    "gz with a plain name": Case(GZ, 100),
    "plain with the name of a gz": Case(PLAIN, 100, name="t.jsonl.gz"),
    "bz2": Case(bz2.compress(PLAIN), 100, name="t.jsonl.bz2"),
    "xz": Case(lzma.compress(PLAIN), 100, name="t.jsonl.xz"),
    "zst": Case(zstandard.compress(PLAIN), 100, name="t.jsonl.zst"),
    "gz members in a row": Case(b"".join(gzip.compress(line) for line in PLAIN.splitlines(keepends=True)), 100),
    "gz members cut inside lines": Case(gzip.compress(PLAIN[:333]) + gzip.compress(PLAIN[333:]), 100),
    "bz2 streams in a row": Case(bz2.compress(PLAIN[:333]) + bz2.compress(PLAIN[333:]), 100),
    "xz streams in a row": Case(lzma.compress(PLAIN[:333]) + lzma.compress(PLAIN[333:]), 100),
    "zst frames in a row": Case(zstandard.compress(PLAIN[:333]) + zstandard.compress(PLAIN[333:]), 100),
    "gz padded with NULs": Case(GZ + b"\0" * 512, 100),
    "gz of a gz": Case(gzip.compress(GZ), rejected=gzip.compress(GZ)[:0].count(b"\n") + GZ.count(b"\n") + (not GZ.endswith(b"\n"))),
    "gz of nothing": Case(gzip.compress(b"")),
    "the first bytes of a gz": Case(GZ[:5]),
    "gz without its end": Case(GZ[:-8], 100),
    "gz with a wrong checksum": Case(GZ[:-8] + b"\0\0\0\0" + GZ[-4:], 100),
    "gz with rubbish behind it": Case(GZ + b"rubbish", 100),
    # encodings
    "a byte order mark": Case(b"\xef\xbb\xbf" + PLAIN, 100),
    "a byte order mark in each line": Case(b"".join(b"\xef\xbb\xbf" + line for line in PLAIN.splitlines(keepends=True)), 100),
    "utf-16 little endian": Case(b"\xff\xfe" + TEXT.encode("utf-16-le"), 100),
    "utf-16 big endian": Case(b"\xfe\xff" + TEXT.encode("utf-16-be"), 100),
    "utf-16 of an odd length": Case(b"\xff\xfe" + TEXT.encode("utf-16-le") + b"{", 100, rejected=1),
    "utf-16 with a lone surrogate": Case(b"\xff\xfe" + '{"n": "'.encode("utf-16-le") + b"\x00\xd8" + '"}\n'.encode("utf-16-le"), 1),
    "utf-16 in gz": Case(gzip.compress(b"\xff\xfe" + TEXT.encode("utf-16-le")), 100),
    "utf-32": Case(b"\xff\xfe\0\0" + TEXT.encode("utf-32-le"), 100),
    "utf-16 without a mark": Case('{"n": 1}\n{"n": 2}\n'.encode("utf-16-le"), rejected=2, blank=1),
    "latin-1 when told": Case('{"n": "Grüße"}\n'.encode("latin-1"), 1, encoding="latin-1"),
    "latin-1 when not told": Case('{"n": "Grüße"}\n{"n": 1}\n'.encode("latin-1"), 1, rejected=1),
    "invalid utf-8": Case(b'{"n": "\xff\xfe"}\n{"n": "\xc0\xaf"}\n{"n": "\xed\xa0\x80"}\n{"n": 1}\n', 2, rejected=2),
    # numbers
    "nan and infinities": Case(b'{"n": NaN}\n{"n": Infinity}\n{"n": [-Infinity, {"x": NaN}]}\n', 3),
    "numbers beyond 64 bits": Case(b'{"n": 18446744073709551616}\n{"n": [-9223372036854775809]}\n{"n": 9223372036854775807}\n', 3),
    "a number of 5000 digits": Case(b'{"n": ' + b"9" * 5000 + b"}\n" + b'{"n": 1}\n', 1, rejected=1),
    "floats beyond a double": Case(b'{"n": 1e400}\n{"n": [-1e400]}\n{"n": 1e-400}\n', 3),
    "floats with many digits": Case(b'{"n": 0.1000000000000000055511151231257827021181583404541015625, "m": -0.0}\n', 1),
    "numbers as no json has them": Case(b'{"n": 01}\n{"n": .5}\n{"n": 5.}\n{"n": +1}\n{"n": 0x1F}\n{"n": 1_000}\n', rejected=6),
    "integer, fraction, text, boolean, null": Case(b'{"n": 1}\n{"n": 1.5}\n{"n": "1"}\n{"n": true}\n{"n": null}\n{"n": 9007199254740993}\n', 6),
    # texts
    "lone surrogates": Case(b'{"n": "\\ud800"}\n{"\\udfff": 1}\n{"n": ["\\ud83d", "\\ud83d\\ude42"]}\n', 3),
    "escaped control characters": Case(b'{"n": "\\u0000\\u0001\\u001f\\u007f\\b\\f\\n\\r\\t"}\n', 1),
    "raw control characters": Case(b'{"n": "a\tb"}\n{"n": "a\x01b"}\n', rejected=2),
    "escapes as no json has them": Case(b'{"n": "\\x41"}\n{"n": "\\u12"}\n', rejected=2),
    "single quotes": Case(b"{'n': 1}\n", rejected=1),
    "python's None and True": Case(b'{"n": None}\n{"n": True}\n', rejected=2),
    "a trailing comma": Case(b'{"n": 1,}\n', rejected=1),
    "comments": Case(b'// comment\n{"n": 1} // comment\n# comment\n', rejected=3),
    # keys
    "duplicate keys": Case(b'{"n": 1, "n": 2}\n', 1),
    "keys that differ in case": Case(b'{"n": 1, "N": 2}\n{"N": 3}\n{"n": 4}\n', 3),
    "own names as keys": Case(b'{"id": 5, "metadata_json": "x", "rowid": 1, "oid": 2, "_rowid_": 3}\n{"id": "a", "metadata_json": {"k": 1}}\n', 2),
    "reserved words as keys": Case(b'{"select": 1, "table": 2, "order": "x", "group": null, "index": 1.5, "values": true}\n', 1),
    "odd keys": Case('{"": 1, " ": 2, "a b": 3, "a\\"b": 4, "a\'b": 5, "a;--": 6, "ключ": 7, "\\u0000": 8, "a.b": 9, "$[0]": 10}\n'.encode(), 1),
    "a key of 100 000 characters": Case(json.dumps({"k" * 100_000: 1, "n": 2}).encode() + b"\n", 1),
    "3000 keys": Case(json.dumps({f"key_{number}": number for number in range(3000)}).encode() + b"\n", 1),
    "other keys in each line": Case(b"".join(b'{"k%d": %d}\n' % (number, number) for number in range(300)), 300),
    "keys of the catalogue": Case(b'{"sqlite_master": 1, "__proto__": 2, "sqlite_x": 3}\n', 1),
    "a spool's reserved words": Case(b'{"_declare": {"name": "x"}, "_drops": 1}\n', 1),
    # depth and length
    "nested 100 deep": Case(nested(100), 1),
    "nested 300 deep": Case(nested(300), 1),
    "nested 900 deep": Case(nested(900), 1),
    "nested 5000 deep": Case(nested(5000) + b'{"n": 1}\n', 1, rejected=1),
    "nested 200 000 deep": Case(nested(200_000) + b'{"n": 1}\n', 1, rejected=1),
    "objects 600 deep": Case(nested_objects(600), 1),
    "objects 100 000 deep": Case(nested_objects(100_000), rejected=1),
    "200 000 brackets that are not closed": Case(b"[" * 200_000 + b"\n" + b'{"n":' * 200_000, rejected=2),
    "a line of 8 MB": Case(b'{"n": 1}\n{"n": 2, "x": "' + b"x" * (8 << 20) + b'"}\n{"n": 3}\n', 3),
    "a line of 8 MB that is no json": Case(b"x" * (8 << 20) + b'\n{"n": 3}\n', 1, rejected=1),
    "100 000 blank lines": Case(b"\n" * 100_000 + b'{"n": 1}\n', 1, blank=100_000),
    "lines just as long as a block": Case(b'{"x": "' + b"x" * ((256 << 10) - 10) + b'"}\n' + b'{"n": 1}\n' * 3, 4),
    # times
    "times of all shapes": Case(b"".join(json.dumps({"timestamp": time, "n": 1}).encode() + b"\n" for time in TIMES), len(TIMES)),
    "times under other names": Case(b"".join(json.dumps({name: "2025-01-01T00:00:00Z", "n": 1}).encode() + b"\n" for name in ("ts", "time", "@timestamp", "date", "created_at")), 5),
    "several times in each": Case(b'{"timestamp": "soon", "ts": 1735689600, "created_at": "2024-01-01"}\n', 1),
    # the store's own forms
    "a segment of a spool": Case(b'["t",1760000000000000000,{"n":1}]\n["t",1760000000000000000,{"n":18446744073709551616},"exact"]\n' + b"\0" * 500, 2, blank=1),
    "a segment with bad lines": Case(b'["t",1760000000000000000,{"n":1}]\n["t",1]\nnot\n["9 x",1,{}]\n{"n": 1}\n', 1, rejected=4),
}  # fmt: skip

"""Opens files in every way that there is in Python; each function is one way."""

import asyncio
import codecs
import gzip
import io
import json
import logging
import os
import sqlite3
import threading
from pathlib import Path

EVENT = json.dumps({"agent": "a", "n": 1}) + "\n"


def by_open():
    for _ in range(3):
        with open("open.jsonl", "a") as file:
            file.write(EVENT)


def by_io():
    with io.open("io.jsonl", "w") as file:  # noqa: UP020 - it is one of the ways
        file.write(EVENT * 2)


def by_path():
    # fmt: off
    file = (Path("path.jsonl")
            .absolute()
            .open(
                "a",
            ))
    # fmt: on
    file.write(EVENT)
    file.close()


def by_write_text():
    Path("text.jsonl").write_text(EVENT)


def by_bytes_name():
    with open(b"bytes.jsonl", "ab") as file:
        file.write(EVENT.encode())


def by_os_open():
    handle = os.open("os.jsonl", os.O_APPEND | os.O_WRONLY | os.O_CREAT)
    os.write(handle, EVENT.encode())
    os.close(handle)


def by_fdopen():
    handle = os.open("fdopen.jsonl", os.O_APPEND | os.O_WRONLY | os.O_CREAT)
    with os.fdopen(handle, "a") as file:
        file.write(EVENT)


def by_gzip():
    with gzip.open("zip.jsonl.gz", "at") as file:
        file.write(EVENT * 3)


def by_codecs():
    with codecs.open("codecs.jsonl", "a", "utf-8") as file:
        file.write(EVENT)


def by_logging():
    handler = logging.FileHandler("logging.log")
    handler.emit(logging.makeLogRecord({"msg": EVENT.strip()}))
    handler.close()


def by_thread():
    ready = threading.Barrier(3)

    def work():
        ready.wait()
        with open("thread.jsonl", "a") as file:
            ready.wait()
            file.write(EVENT)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


async def by_coroutine():
    await asyncio.sleep(0)
    with open("coroutine.jsonl", "a") as file:  # noqa: ASYNC230 - people do
        file.write(EVENT)


def document():
    with open("document.json", "w") as file:
        json.dump({"a": {"b": 1}}, file, indent=2)


def words():
    with open("words.txt", "a") as file:
        file.write("one\ntwo\n")


def in_vain():
    try:
        with open("no/such/directory.jsonl", "a"):
            raise AssertionError
    except FileNotFoundError:
        pass


def reads():
    with open("open.jsonl") as file:
        return [json.loads(line) for line in file]


def not_of_interest():
    import colorsys  # noqa: F401 - a module is read

    connection = sqlite3.connect("base.db")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    with open(os.devnull, "w") as file:
        file.write("x")


if __name__ == "__main__":
    for way in (by_open, by_io, by_path, by_write_text, by_bytes_name, by_os_open, by_fdopen, by_gzip, by_codecs):
        way()
    by_logging()
    by_thread()
    asyncio.run(by_coroutine())
    document()
    words()
    in_vain()
    reads()
    not_of_interest()

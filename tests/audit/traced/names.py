"""Files that change their name, their directory, or go away."""

import json
import logging.handlers
import os
import tempfile

EVENT = json.dumps({"n": 1}) + "\n"


def replaced():
    handle, name = tempfile.mkstemp(dir=".")
    with os.fdopen(handle, "w") as file:
        file.write(EVENT * 2)
    os.replace(name, "final.jsonl")


def replaced_again():
    for number in range(2):
        with open("same.tmp", "w") as file:
            file.write(EVENT)
        os.rename("same.tmp", f"kept-{number}.jsonl")


def directory_renamed():
    os.mkdir("draft")
    with open("draft/inside.jsonl", "w") as file:
        file.write(EVENT)
    os.rename("draft", "done")


def removed():
    with tempfile.NamedTemporaryFile("w", dir=".", prefix="gone", suffix=".jsonl") as file:
        file.write(EVENT)
        file.flush()
    with tempfile.TemporaryDirectory(dir=".") as name, open(name + "/deep.jsonl", "a") as file:
        file.write(EVENT * 2)
        file.flush()


def rotated():
    handler = logging.handlers.RotatingFileHandler("rotated.jsonl", maxBytes=20, backupCount=2)
    for _ in range(3):
        handler.emit(logging.makeLogRecord({"msg": EVENT.strip()}))
    handler.close()


def backed_up():
    for _ in range(2):
        if os.path.exists("state.jsonl"):
            os.replace("state.jsonl", "state.bak")
        with open("state.jsonl", "w") as file:
            file.write(EVENT)


def elsewhere():
    os.mkdir("sub")
    os.chdir("sub")
    with open("here.jsonl", "a") as file:
        file.write(EVENT)
    with open("../there.jsonl", "a") as file:
        file.write(EVENT)


if __name__ == "__main__":
    replaced()
    replaced_again()
    directory_renamed()
    removed()
    rotated()
    backed_up()
    elsewhere()

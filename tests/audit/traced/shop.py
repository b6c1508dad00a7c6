"""A program whose files the sources do not tell."""

import json
import multiprocessing
import os
import sys


class Journal:
    def __init__(self, path):
        self.path = path

    def add(self, event):
        with open(self.path, "a") as file:
            file.write(json.dumps(event) + "\n")


def parts(agent):
    with open(secret(agent), "a") as file:
        file.write(json.dumps({"agent": agent}) + "\n")


def secret(agent):
    return bytes.fromhex("6c6f67732f").decode() + agent + bytes.fromhex("2f6372756d62732e6a736f6e6c").decode()


def raw(name):
    handle = getattr(os, "op" + "en")(name, os.O_APPEND | os.O_WRONLY | os.O_CREAT)
    os.write(handle, b'{"raw": 1}\n')
    os.close(handle)


def plain():
    with open("plain.txt", "a") as file:
        file.write("words\n")


def shared(second):
    if second:
        ONE.wait(10)
    with open("shared.jsonl", "a") as file:
        file.write(json.dumps({"pid": os.getpid()}) + "\n")
        (TWO if second else ONE).set()
        TWO.wait(10)


def never():
    with open("never.jsonl", "a") as file:
        file.write(json.dumps({}) + "\n")


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


FORK = multiprocessing.get_context("fork")
ONE, TWO = FORK.Event(), FORK.Event()

if __name__ == "__main__":
    Journal(sys.argv[1]).add({"kind": "order"})
    for each in ("ann", "bob"):
        os.makedirs("logs/" + each)
        parts(each)
    raw(secret("ann").replace("crumbs.jsonl", "raw.log"))
    plain()
    children = [FORK.Process(target=shared, args=(second,)) for second in (False, True)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    read(sys.argv[1])

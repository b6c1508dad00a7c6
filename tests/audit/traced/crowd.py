"""Several processes that write, started in the ways that there are."""

import multiprocessing
import os
import subprocess
import sys


def write(name, after=None, told=None, until=None):
    """Append a line; may wait for an event, tell another one, and hold the handle until a third."""
    if after:
        after.wait(10)
    with open(name, "a") as file:
        file.write(f'{{"pid": {os.getpid()}}}\n')
        file.flush()
        if told:
            told.set()
        if until:
            until.wait(10)


def worker(method):
    context = multiprocessing.get_context(method)
    one, two = context.Event(), context.Event()
    children = [
        context.Process(target=write, args=(method + ".jsonl", None, one, two)),
        context.Process(target=write, args=(method + ".jsonl", one, two, None)),
    ]
    for each in children:
        each.start()
    for each in children:
        each.join()


def forked():
    pid = os.fork()
    if not pid:
        write("bare.jsonl")
        os._exit(0)
    os.waitpid(pid, 0)


def in_turns():
    """One handle is opened, closed and opened again around the opening of a child."""
    write("turns.jsonl")
    subprocess.run([sys.executable, __file__, "turns.jsonl"], check=True)
    write("turns.jsonl")


def one_after_the_other():
    for _ in range(2):
        subprocess.run([sys.executable, __file__, "after.jsonl"], check=True)


def inherited():
    """The child holds the handle of its parent, and never opens the file itself."""
    with open("inherited.jsonl", "a") as file:
        if not os.fork():
            os._exit(0)
        os.wait()
        file.write("{}\n")
    write("inherited.jsonl")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write(sys.argv[1])
    else:
        worker("fork")
        worker("spawn")
        forked()
        subprocess.run(f"'{sys.executable}' '{__file__}' shell.jsonl; echo done >&2", shell=True, check=True)
        in_turns()
        one_after_the_other()
        inherited()

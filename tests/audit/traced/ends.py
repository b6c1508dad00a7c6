"""Programs that end, or live, in difficult ways; the argument chooses one."""

import atexit
import os
import signal
import sys

EVENT = '{"n": 1}\n'


def write(name):
    with open(name, "a") as file:
        file.write(EVENT)


def crash():
    write("crash.jsonl")
    raise ValueError("planned")


def kill():
    for _ in range(50):
        write("kill.jsonl")
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    write("leave.jsonl")
    os._exit(7)


def close_all():
    """What daemons do: close every descriptor, then open so many files that each number is used again."""
    write("before.jsonl")
    os.closerange(3, 2000)
    handles = [os.open(f"held-{number}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND) for number in range(300)]
    write("after.jsonl")
    for each in handles:
        os.close(each)


def signals():
    """A handler opens files in the middle of the loop's openings."""
    times = [0, 0]

    def handler(*_):
        times[0] += 1
        write("handler.jsonl")

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    while times[0] < 200:
        times[1] += 1
        write("loop.jsonl")
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(*times)


def interrupts():
    """A handler raises in the middle of the loop's openings; none of its exceptions may get lost."""
    times = [0, 0]

    def handler(*_):
        times[0] += 1
        raise ValueError

    signal.signal(signal.SIGALRM, handler)
    while times[0] < 300:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.00005 + times[0] % 50 * 0.000004)
            while True:
                os.close(os.open("loop.txt", os.O_WRONLY | os.O_CREAT))
        except ValueError:
            times[1] += 1
    print(*times)


class Late:
    def __del__(self, late=open):
        with late("late.jsonl", "a") as file:
            file.write(EVENT or "{}")


def at_the_end():
    """Opens while the interpreter goes down."""
    globals()["late"] = Late()
    atexit.register(write, "atexit.jsonl")


if __name__ == "__main__":
    globals()[sys.argv[1]]()

import json
from contextlib import contextmanager

@contextmanager
def journal():
    f = open("j/journal.txt", "a")
    try:
        yield f
    finally:
        f.close()

def note(x):
    with journal() as j:
        j.write(json.dumps(x) + "\n")

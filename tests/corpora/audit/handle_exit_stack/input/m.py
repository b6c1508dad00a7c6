import json
from contextlib import ExitStack

def split(rows):
    with ExitStack() as stack:
        good = stack.enter_context(open("good.out", "w"))
        bad = stack.enter_context(open("bad.csv", "w"))
        for row in rows:
            good.write(json.dumps(row) + "\n")
            bad.write("x,y\n")

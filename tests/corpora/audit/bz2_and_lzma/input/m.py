import bz2
import json
import lzma

def save(rows):
    with bz2.open("r.bz2", "wt") as a, lzma.open("r.xz", "wt") as b:
        for row in rows:
            a.write(json.dumps(row) + "\n")
            print(json.dumps(row), file=b)

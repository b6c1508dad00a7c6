import gzip
import json

def any_open(path, mode="rt"):
    if path.endswith(".gz"):
        return gzip.open(path, mode)
    return open(path, mode)

def main(rows):
    with any_open("own/rows.out", "wt") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")

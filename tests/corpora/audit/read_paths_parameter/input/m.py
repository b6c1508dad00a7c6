import json

def load(paths):
    for p in paths:
        with open(p) as f:
            yield from (json.loads(line) for line in f)

def main():
    return list(load(["x/a.txt", "x/b.txt"]))

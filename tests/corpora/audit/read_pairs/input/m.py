import json

def load():
    for path, kind in zip(["a.log", "b.log"], ["one", "two"]):
        with open(path) as f:
            for line in f:
                yield kind, json.loads(line)

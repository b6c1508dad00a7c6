import json

def add(n, path=None):
    if path is None:
        path = "usage/default.txt"
    with open(path, "a") as f:
        f.write(json.dumps({"n": n}) + "\n")

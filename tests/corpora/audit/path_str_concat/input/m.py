import json

def add(prefix, n):
    path = str(prefix) + "_log" + ".txt"
    with open(path, "a") as f:
        f.write(json.dumps(n) + "\n")

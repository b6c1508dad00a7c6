import json

def load():
    with open("in.txt") as f:
        for line in iter(f.readline, ""):
            yield json.loads(line)

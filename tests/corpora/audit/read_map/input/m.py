import json

def load():
    with open("in.txt") as f:
        return list(map(json.loads, f))

import json

def load():
    with open("in.txt") as f:
        return list(map(lambda s: json.loads(s), f))

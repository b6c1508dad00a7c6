import json

def load():
    with open("in.txt") as f:
        data = f.read()
    return [json.loads(x) for x in data.splitlines() if x]

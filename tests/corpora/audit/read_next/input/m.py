import json

def first():
    with open("in.txt") as f:
        header = json.loads(next(f))
        return header, [json.loads(x) for x in f]

import json

def first():
    with open("in.txt") as f:
        return json.loads(f.readline())

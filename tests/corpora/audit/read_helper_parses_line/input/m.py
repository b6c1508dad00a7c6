import json

def parse(line):
    try:
        return json.loads(line)
    except ValueError:
        return None

def load():
    with open("in.txt") as f:
        return [parse(x) for x in f]

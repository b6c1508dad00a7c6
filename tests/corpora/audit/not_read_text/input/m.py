import json

def load():
    with open("names.txt") as f:
        names = [line.strip() for line in f]
    return json.dumps(names)

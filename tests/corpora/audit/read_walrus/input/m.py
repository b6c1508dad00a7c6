import json

def load():
    with open("in.txt", "rb") as f:
        while line := f.readline():
            yield json.loads(line)

import json

def load():
    with open("files.txt") as f:
        for name in f:
            with open(name.strip()) as g:
                yield json.load(g)

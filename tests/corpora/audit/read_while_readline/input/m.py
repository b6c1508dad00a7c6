import json

def load():
    f = open("in.txt")
    while True:
        line = f.readline()
        if not line:
            break
        yield json.loads(line)

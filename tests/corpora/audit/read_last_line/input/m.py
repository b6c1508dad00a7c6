import json

def last():
    with open("in.txt") as f:
        return json.loads(f.readlines()[-1])

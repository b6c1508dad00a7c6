import json

def load():
    return [json.loads(l) for l in open("in.txt")]

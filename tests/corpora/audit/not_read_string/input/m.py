import json

def load(text):
    return [json.loads(x) for x in text.splitlines()]

import json

def load():
    decoder = json.JSONDecoder()
    with open("in.txt") as f:
        return [decoder.decode(line) for line in f]

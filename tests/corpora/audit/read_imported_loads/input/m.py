from json import loads as parse

def load():
    with open("in.txt") as f:
        return [parse(line) for line in f]

import json

def lines(path):
    with open(path) as f:
        for line in f:
            yield line.rstrip("\n")

def main():
    return [json.loads(x) for x in lines("gen/in.txt")]

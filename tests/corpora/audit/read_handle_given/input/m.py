import json

def rows(fp):
    for line in fp:
        yield json.loads(line)

def main():
    with open("given.txt") as f:
        return list(rows(f))

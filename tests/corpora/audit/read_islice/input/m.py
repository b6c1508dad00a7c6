import json
from itertools import islice

def head(n):
    with open("in.txt") as f:
        for i, line in enumerate(islice(f, n)):
            yield i, json.loads(line)

import orjson

def load():
    with open("in.txt", "rb") as f:
        for line in f:
            yield orjson.loads(line)

import ndjson

def save(rows):
    with open("nd.out", "w") as f:
        ndjson.dump(rows, f)

def load():
    with open("nd.in") as f:
        return ndjson.load(f)

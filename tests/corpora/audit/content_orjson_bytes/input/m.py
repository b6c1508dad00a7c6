import orjson

def save(row):
    with open("ob.out", "ab") as f:
        f.write(orjson.dumps(row) + b"\n")

import orjson

def save(row):
    with open("o.out", "ab") as f:
        f.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

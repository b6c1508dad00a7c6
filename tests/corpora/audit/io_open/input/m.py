import io
import json

def save(row):
    with io.open("i.out", mode="a", encoding="utf8") as f:
        f.write(json.dumps(row) + "\n")

import json

APPEND = "at"

def say(row):
    with open(file="kw.out", mode=APPEND, encoding="utf8") as f:
        f.write(json.dumps(row) + "\n")

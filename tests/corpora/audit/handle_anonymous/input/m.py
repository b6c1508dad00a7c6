import json

def once(row):
    open("once.out", "a").write(json.dumps(row) + "\n")

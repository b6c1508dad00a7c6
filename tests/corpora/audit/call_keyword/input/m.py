import json

def append(record, *, path):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

def main():
    append({"a": 1}, path="kw/one.txt")

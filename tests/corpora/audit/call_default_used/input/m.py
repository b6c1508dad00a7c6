import json

def append(record, path="fallback/rows.txt"):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

def main():
    append({}, "other/rows.txt")

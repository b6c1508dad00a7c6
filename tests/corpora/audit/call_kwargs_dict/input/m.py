import json

def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

def main():
    options = {"path": "star/rows.txt", "record": {}}
    append(**options)

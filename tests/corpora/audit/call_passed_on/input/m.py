import json

def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

def outer(path):
    append(path, {"outer": True})

def main():
    outer("deep/rows.txt")

import json

def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

w = append

def main():
    w("alias/one.txt", {})

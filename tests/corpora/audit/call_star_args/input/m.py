import json

def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

def main():
    job = ("stars/rows.txt", {})
    append(*job)

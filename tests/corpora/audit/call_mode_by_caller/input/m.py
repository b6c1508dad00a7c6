import json

def dump(path, rows, mode):
    with open(path, mode) as f:
        for r in rows:
            f.write(json.dumps(r) + "\n")

def main(rows):
    dump("bymode/new.txt", rows, "w")
    dump("bymode/all.txt", rows, "a")

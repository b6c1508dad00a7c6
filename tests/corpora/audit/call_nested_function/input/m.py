import json

def main(rows):
    def dump(path, chunk):
        with open(path, "w") as f:
            for c in chunk:
                f.write(json.dumps(c) + "\n")

    dump("nested/a.txt", rows[:5])
    dump("nested/b.txt", rows[5:])

import json

def say(rows):
    with open("fast.out", "w") as f:
        write = f.write
        for row in rows:
            write(json.dumps(row) + "\n")

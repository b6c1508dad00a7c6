import json

def say(rows, resume):
    with open("cond.out", "a" if resume else "w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")

import json

def save(rows):
    with open("seps.out", "w", newline="\n") as f:
        for row in rows:
            f.write(json.dumps(row, separators=(",", ":"), default=str) + "\n")

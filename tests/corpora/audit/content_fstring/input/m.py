import json

def save(rows):
    with open("f.out", "w") as f:
        for row in rows:
            f.write(f"{json.dumps(row)}\n")

import json

def partition(rows):
    outs = {k: open(f"sets/{k}.out", "w") for k in ("a", "b")}
    for row in rows:
        outs[row["k"]].write(json.dumps(row) + "\n")

import json

def log(rows, name):
    with open(f"out/{name}.jsonl", "a") as h:
        h.write(f"{'\n'.join(json.dumps(r) for r in rows)}\n")

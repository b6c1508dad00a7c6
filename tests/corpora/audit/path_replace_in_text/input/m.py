import json

SOURCE = "bench/input.csv"

def convert(rows):
    with open(SOURCE.replace(".csv", ".jsonl"), "w") as f:
        for r in rows:
            f.write(json.dumps(r) + "\n")

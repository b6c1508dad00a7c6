import json

def split(rows):
    for part in ("train", "dev"):
        with open(f"sets/{part}.jsonl", "w") as f:
            for r in rows[part]:
                f.write(json.dumps(r) + "\n")

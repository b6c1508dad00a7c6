import json
import os

def load(folder="dumps"):
    for name in os.listdir(folder):
        if not name.endswith(".jsonl"):
            continue
        with open(os.path.join(folder, name)) as f:
            for line in f:
                yield json.loads(line)

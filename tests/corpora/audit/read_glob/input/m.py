import glob
import json

def load():
    for name in sorted(glob.glob("parts/*.jsonl")):
        with open(name) as f:
            for line in f:
                yield json.loads(line)

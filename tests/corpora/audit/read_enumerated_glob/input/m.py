import glob
import json
import os

def load(folder="parts"):
    for i, name in enumerate(sorted(glob.glob(os.path.join(folder, "*.log")))):
        with open(name) as f:
            for line in f:
                yield i, json.loads(line)

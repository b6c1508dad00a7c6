import json
from pathlib import Path

def load():
    return [json.loads(x) for x in Path("in.txt").read_text().strip().split("\n")]

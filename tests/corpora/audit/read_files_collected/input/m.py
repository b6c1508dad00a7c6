import json
from pathlib import Path

files = []
for run in ("a", "b"):
    files += [f for f in (Path("runs") / run).glob("*.log")]

for file in files:
    with open(file) as f:
        for line in f.readlines():
            print(json.loads(line))

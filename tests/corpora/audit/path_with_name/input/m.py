import json
from pathlib import Path

MAIN = Path("results/metrics.csv")

def failed(case):
    with open(MAIN.with_name("failures.txt"), "a") as f:
        f.write(json.dumps(case) + "\n")

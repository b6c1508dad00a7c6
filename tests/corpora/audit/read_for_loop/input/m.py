import json

def load():
    rows = []
    with open("in.txt") as f:
        for line in f:
            line = line.strip()
            if not line:
                continue
            rows.append(json.loads(line))
    return rows

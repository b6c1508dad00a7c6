import json

NL = "\n"

def save(row):
    with open("nl.out", "a") as f:
        f.write(json.dumps(row) + NL)

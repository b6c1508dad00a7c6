import json

def save(row):
    line = json.dumps(row)
    with open("v.out", "a") as f:
        f.write(line + "\n")

import json

def save(row):
    line = json.dumps(row)
    line += "\n"
    with open("g.out", "a") as f:
        f.write(line)

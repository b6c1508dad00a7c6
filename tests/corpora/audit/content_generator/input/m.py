import json

def lines(rows):
    for row in rows:
        yield json.dumps(row) + "\n"

def save(rows):
    with open("gen.out", "w") as f:
        f.writelines(lines(rows))

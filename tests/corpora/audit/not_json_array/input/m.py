import json

def save(rows):
    with open("rows.json", "w") as f:
        f.write("[\n")
        for i, row in enumerate(rows):
            f.write(json.dumps(row))
            f.write(",\n" if i < len(rows) - 1 else "\n")
        f.write("]\n")

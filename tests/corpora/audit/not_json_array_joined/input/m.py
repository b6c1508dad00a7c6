import json

def save(rows):
    with open("rows.json", "w") as f:
        f.write("[" + ",\n".join(json.dumps(r) for r in rows) + "]\n")

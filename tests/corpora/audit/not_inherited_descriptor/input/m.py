import json

def emit(rows):
    with open(3, "w") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")

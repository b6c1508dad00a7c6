import json

def emit(rows):
    with open("/dev/stdout", "w") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")

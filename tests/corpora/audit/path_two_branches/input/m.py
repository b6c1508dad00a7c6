import json

def put(row, debug=False):
    if debug:
        path = "tmp/debug.txt"
    else:
        path = "prod/rows.txt"
    with open(path, "a") as f:
        f.write(json.dumps(row) + "\n")

import json

def save(row):
    with open("fm.out", "a") as f:
        f.write("{}\n".format(json.dumps(row)))

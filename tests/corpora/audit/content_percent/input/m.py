import json

def save(row):
    with open("p.out", "a") as f:
        f.write("%s\n" % json.dumps(row))

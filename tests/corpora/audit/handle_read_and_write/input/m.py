import json

def clean():
    with open("dirty.txt") as src, open("clean.txt", "w") as dst:
        for line in src:
            row = json.loads(line)
            row.pop("secret", None)
            dst.write(json.dumps(row) + "\n")

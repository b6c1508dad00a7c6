import json

def save(rows):
    with open("sep.out", "w") as f:
        for i, row in enumerate(rows):
            if i:
                f.write("\n")
            f.write(json.dumps(row))

import json

def save(rows):
    with open("rows.tsv", "w") as f:
        for key, row in rows:
            f.write(key + "\t" + json.dumps(row) + "\n")

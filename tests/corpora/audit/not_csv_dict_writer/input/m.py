import csv
import json

def save(rows):
    with open("rows.csv", "a") as f:
        w = csv.DictWriter(f, fieldnames=["a"])
        w.writeheader()
        for r in rows:
            w.writerow({"a": json.dumps(r)})

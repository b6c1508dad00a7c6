import csv
import json

def save(rows):
    with open("rows.csv", "w", newline="") as f:
        w = csv.writer(f)
        for r in rows:
            w.writerow([r["id"], json.dumps(r)])

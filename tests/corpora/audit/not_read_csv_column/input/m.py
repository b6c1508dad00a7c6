import csv
import json

def load():
    with open("rows.csv") as f:
        for row in csv.DictReader(f):
            yield json.loads(row["payload"])

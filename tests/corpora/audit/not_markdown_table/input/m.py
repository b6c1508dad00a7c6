import json

def report(rows):
    with open("table.md", "w") as f:
        for row in rows:
            f.write(f"| {row['id']} | {json.dumps(row)} |\n")

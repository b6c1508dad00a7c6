import json

def report(rows):
    with open("report.md", "a") as f:
        for row in rows:
            f.write("## Row\n\n")
            f.write("```json\n")
            f.write(json.dumps(row) + "\n")
            f.write("```\n")

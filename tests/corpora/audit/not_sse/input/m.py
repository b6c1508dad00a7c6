import json

def record(rows):
    with open("events.sse", "w") as f:
        for row in rows:
            f.write("data: " + json.dumps(row) + "\n\n")

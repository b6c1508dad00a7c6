import json

def say(rows):
    with open("said.json", "w") as f:
        for row in rows:
            print(json.dumps(row), end=", ", file=f)

import json

def save(state, rows):
    with open("state.json", "w") as f:
        f.write(json.dumps(state) + "\n")
    with open("rows.out", "a") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")

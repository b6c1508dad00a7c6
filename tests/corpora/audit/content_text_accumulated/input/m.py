import json

def save(rows):
    text = ""
    for row in rows:
        text += json.dumps(row) + "\n"
    with open("acc.out", "w") as f:
        f.write(text)

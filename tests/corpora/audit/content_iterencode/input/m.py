import json

def save(rows):
    enc = json.JSONEncoder(sort_keys=True)
    with open("enc.out", "w") as f:
        for row in rows:
            f.write(enc.encode(row) + "\n")

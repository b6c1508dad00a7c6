import json

def save(row):
    with open("rep.out", "a") as f:
        f.write(json.dumps(row).replace("\n", " ").strip() + "\n")

import json

def save(rows):
    with open("d.out", "w") as f:
        for row in rows:
            json.dump(row, f, ensure_ascii=False)
            f.write("\n")

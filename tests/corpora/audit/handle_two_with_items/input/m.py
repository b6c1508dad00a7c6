import json

def pair(rows):
    with open("left.out", "w") as a, \
         open("right.out", "w") as b:
        for row in rows:
            a.write(row["text"] + "\n")
            b.write(json.dumps(row) + "\n")

import json

def say(row):
    with open("plus.out", "a+") as f:
        f.write(json.dumps(row) + "\n")

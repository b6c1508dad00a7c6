import json

def put(day, row):
    with open("clicks/{}/{}.log".format("eu", day), "a") as f:
        f.write(json.dumps(row) + "\n")

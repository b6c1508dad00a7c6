import json

def save(a, b):
    with open("a.json", "w") as f, open("b.json", "w") as g:
        f.write(json.dumps(a) + "\n")
        g.write(json.dumps(b) + "\n")

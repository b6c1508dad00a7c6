import json

def pack(path, target):
    with open(path, "rb") as f:
        data = f.read()
    with open(target, "wb") as g:
        g.write(data)
    return json.loads(data)

import json

def pretty(doc):
    return json.dumps(doc, indent=2, sort_keys=True) + "\n"

def save(doc):
    with open("doc.json", "a") as f:
        f.write(pretty(doc))

import json

def save(doc):
    with open("state.json", "w") as f:
        f.write(json.dumps(doc, indent=4, sort_keys=True) + "\n")

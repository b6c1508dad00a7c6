import json

def save(doc):
    text = json.dumps(doc, indent=2)
    with open("doc.json", "a") as f:
        f.write(text)
        f.write("\n")

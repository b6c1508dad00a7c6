import json

def save(docs):
    for name, doc in docs.items():
        with open(f"docs/{name}.json", "w") as f:
            json.dump(doc, f, indent=2)
            f.write("\n")

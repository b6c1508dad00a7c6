import json

def save(docs):
    for name, doc in docs.items():
        with open(f"docs/{name}.json", "w") as f:
            f.write(json.dumps(doc) + "\n")

import json
import zipfile

def pack(doc):
    with zipfile.ZipFile("pack.zip", "w") as z:
        z.writestr("rows.jsonl", json.dumps(doc) + "\n")

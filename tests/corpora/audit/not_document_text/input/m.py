import json
from pathlib import Path

def save(doc):
    Path("doc.json").write_text(json.dumps(doc) + "\n", encoding="utf-8")

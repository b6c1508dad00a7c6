import json
import tomli_w

def save(doc):
    with open("conf.toml", "wb") as f:
        tomli_w.dump(doc, f)
        f.write(b"\n")
    json.dumps(doc)

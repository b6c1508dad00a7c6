import json

TEMPLATE = "eval/{model}/{split}.out"

def put(model, row):
    with open(TEMPLATE.format(model=model, split="dev"), "a") as f:
        f.write(json.dumps(row) + "\n")

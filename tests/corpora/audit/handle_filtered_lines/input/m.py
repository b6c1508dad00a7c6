import json

def keep_good(path="all.log"):
    with open(path) as src:
        kept = [line for line in src if json.loads(line).get("ok")]
    with open("good.log", "w") as dst:
        dst.writelines(kept)

import json

def say(rows):
    with open("said.out", "w") as f:
        print(*[json.dumps(r) for r in rows], sep="\n", file=f)

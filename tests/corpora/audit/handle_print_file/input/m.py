import json

def say(rows):
    with open("said.out", "a") as f:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False), file=f, flush=True)

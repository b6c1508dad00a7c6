import json

def bad():
    value = compute(1, 2
    other = 3
    return value

def log(e):
    with open('bracket.jsonl', 'a') as h:
        h.write(json.dumps(e) + '\n')

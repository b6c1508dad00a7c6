import json

x = = 1

def log(e):
    with open('one.jsonl', 'a') as h:
        h.write(json.dumps(e) + '\n')
